"""Second factors, in both databases: a code counts once on any worker, and few are tried (T47, 8.1.4.1 d)."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from portal.identity.second_factors import (
    LOCK,
    MAX_FAILURES,
    PENDING_LIFE,
    STEP_SECONDS,
    FactorRows,
    Verdict,
    code_of,
    enrolment_uri,
    factor_seal,
)
from portal.storage.administration_tables import second_factors
from portal.storage.database import for_row_changes
from portal.vocabulary import UserId
from tests.fixtures.postgres import Databases
from tests.fixtures.staff_tables import Workers, postgres_workers, sqlite_workers

pytestmark = [pytest.mark.clause("threats.md T47"), pytest.mark.clause("8.1.4.1 d")]

NOW = datetime(2026, 6, 1, 8, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=STEP_SECONDS)
CLERK, OTHER = UserId("clerk"), UserId("other")
SEAL = factor_seal(bytes(range(32)))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    if request.param == "sqlite":
        with sqlite_workers(tmp_path_factory.mktemp("portal")) as made:
            yield made
    else:
        databases: Databases = request.getfixturevalue("postgres")
        with postgres_workers(databases) as made:
            yield made


@pytest.fixture
def workers(database: Workers) -> Workers:
    with for_row_changes(database()).begin() as connection:
        connection.execute(delete(second_factors))
    return database


def rows(workers: Workers) -> FactorRows:
    return FactorRows(workers(), SEAL)


def enrol(factors: FactorRows, user: UserId = CLERK, now: datetime = NOW) -> str:
    """Enrol the user with the code of the step before the last; return the secret."""
    secret = factors.propose(user, now - 2 * STEP)
    assert factors.confirm(user, code_of(secret, now - 2 * STEP), now - 2 * STEP) is Verdict.TAKEN
    return secret


def wrong(secret: str, now: datetime = NOW) -> str:
    """A code of none of the steps near that moment."""
    near = {code_of(secret, now + distance * STEP) for distance in range(-3, 4)}
    return next(code for code in map("{:06}".format, range(10)) if code not in near)


def test_code_of_the_secret_is_taken(workers: Workers) -> None:
    factors = rows(workers)
    secret = enrol(factors)
    assert factors.check(CLERK, code_of(secret, NOW), NOW) is Verdict.TAKEN
    assert factors.has_factor(CLERK)
    assert not factors.has_factor(OTHER)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_device_may_be_a_step_off(workers: Workers, steps: int) -> None:
    factors = rows(workers)
    secret = enrol(factors)
    assert factors.check(CLERK, code_of(secret, NOW + steps * STEP), NOW) is Verdict.TAKEN


@pytest.mark.parametrize("steps", [-3, -2, 2, 3, 100])
def test_code_of_another_time_is_wrong(workers: Workers, steps: int) -> None:
    factors = rows(workers)
    secret = enrol(factors, now=NOW - 10 * STEP)
    assert factors.check(CLERK, code_of(secret, NOW + steps * STEP), NOW) is Verdict.WRONG


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "12345",
        "1234567",
        "abcdef",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "123 456",
        "-12345",
        "\ud800",
        "0" * 1000,
        "null",
    ],
)
def test_what_is_no_code_is_wrong_and_counts(workers: Workers, code: str) -> None:
    factors = rows(workers)
    secret = enrol(factors)
    for _ in range(MAX_FAILURES):
        assert factors.check(CLERK, code, NOW) is Verdict.WRONG
    assert factors.check(CLERK, code_of(secret, NOW), NOW) is Verdict.LOCKED


def test_code_is_taken_once_on_any_worker(workers: Workers) -> None:
    one, two = rows(workers), rows(workers)
    secret = enrol(one)
    code = code_of(secret, NOW)
    assert one.check(CLERK, code, NOW) is Verdict.TAKEN
    assert two.check(CLERK, code, NOW) is Verdict.WRONG
    assert one.check(CLERK, code, NOW + STEP) is Verdict.WRONG


def test_one_code_counts_once_of_many_at_once(workers: Workers) -> None:
    secret = enrol(rows(workers))
    code, every = code_of(secret, NOW), [rows(workers) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda factors: factors.check(CLERK, code, NOW), every))
    assert Counter(verdicts) == {Verdict.TAKEN: 1, Verdict.WRONG: 3}


def test_earlier_code_is_not_taken_after_a_later_one(workers: Workers) -> None:
    factors = rows(workers)
    secret = enrol(factors)
    assert factors.check(CLERK, code_of(secret, NOW + STEP), NOW) is Verdict.TAKEN
    assert factors.check(CLERK, code_of(secret, NOW), NOW) is Verdict.WRONG
    assert factors.check(CLERK, code_of(secret, NOW - STEP), NOW) is Verdict.WRONG


def test_code_that_confirmed_is_not_taken_again(workers: Workers) -> None:
    factors = rows(workers)
    secret = factors.propose(CLERK, NOW)
    code = code_of(secret, NOW)
    assert factors.confirm(CLERK, code, NOW) is Verdict.TAKEN
    assert factors.check(CLERK, code, NOW) is Verdict.WRONG


def test_fifth_failure_locks_for_a_quarter_of_an_hour(workers: Workers) -> None:
    one, two = rows(workers), rows(workers)
    secret = enrol(one)
    for number in range(MAX_FAILURES):
        assert (one if number % 2 else two).check(CLERK, wrong(secret), NOW) is Verdict.WRONG
    for factors in (one, two):
        assert factors.check(CLERK, code_of(secret, NOW), NOW) is Verdict.LOCKED
    late = NOW + LOCK - timedelta(seconds=1)
    assert one.check(CLERK, code_of(secret, late), late) is Verdict.LOCKED
    after = NOW + LOCK
    assert one.check(CLERK, code_of(secret, after), after) is Verdict.TAKEN


def test_lock_of_one_user_is_nobody_elses(workers: Workers) -> None:
    factors = rows(workers)
    secret, others = enrol(factors), enrol(factors, OTHER)
    for _ in range(MAX_FAILURES):
        factors.check(CLERK, wrong(secret), NOW)
    assert factors.check(OTHER, code_of(others, NOW), NOW) is Verdict.TAKEN


def test_failures_count_anew_after_a_code_was_taken(workers: Workers) -> None:
    factors = rows(workers)
    secret = enrol(factors)
    for _ in range(MAX_FAILURES - 1):
        factors.check(CLERK, wrong(secret), NOW)
    assert factors.check(CLERK, code_of(secret, NOW), NOW) is Verdict.TAKEN
    for _ in range(MAX_FAILURES - 1):
        assert factors.check(CLERK, wrong(secret), NOW) is Verdict.WRONG
    assert factors.check(CLERK, code_of(secret, NOW + STEP), NOW) is Verdict.TAKEN


def test_failures_count_anew_after_the_lock(workers: Workers) -> None:
    factors = rows(workers)
    secret = enrol(factors)
    for _ in range(MAX_FAILURES):
        factors.check(CLERK, wrong(secret), NOW)
    after = NOW + LOCK
    for _ in range(MAX_FAILURES - 1):
        assert factors.check(CLERK, wrong(secret, after), after) is Verdict.WRONG
    assert factors.check(CLERK, code_of(secret, after), after) is Verdict.TAKEN


def test_thousand_attempts_at_once_count_and_lock(workers: Workers) -> None:
    secret = enrol(rows(workers))
    every = [rows(workers) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        verdicts = Counter(pool.map(lambda n: every[n % 4].check(CLERK, wrong(secret), NOW), range(1000)))
    assert verdicts == {Verdict.WRONG: MAX_FAILURES, Verdict.LOCKED: 1000 - MAX_FAILURES}


def test_who_has_none_is_told_so(workers: Workers) -> None:
    factors = rows(workers)
    assert factors.check(CLERK, "123456", NOW) is Verdict.ABSENT
    factors.propose(CLERK, NOW)
    assert factors.check(CLERK, "123456", NOW) is Verdict.ABSENT


def test_secret_that_was_shown_counts_only_when_confirmed(workers: Workers) -> None:
    factors = rows(workers)
    secret = factors.propose(CLERK, NOW)
    assert factors.is_pending(CLERK, NOW)
    assert not factors.has_factor(CLERK)
    assert factors.check(CLERK, code_of(secret, NOW), NOW) is Verdict.ABSENT
    assert factors.confirm(CLERK, wrong(secret), NOW) is Verdict.WRONG
    assert factors.confirm(CLERK, code_of(secret, NOW), NOW) is Verdict.TAKEN
    assert not factors.is_pending(CLERK, NOW)
    assert factors.confirm(CLERK, code_of(secret, NOW + STEP), NOW) is Verdict.ABSENT


def test_guesses_at_a_secret_that_was_shown_are_counted(workers: Workers) -> None:
    factors = rows(workers)
    secret = factors.propose(CLERK, NOW)
    for _ in range(MAX_FAILURES):
        factors.confirm(CLERK, wrong(secret), NOW)
    assert factors.confirm(CLERK, code_of(secret, NOW), NOW) is Verdict.LOCKED


def test_secret_that_was_shown_waits_ten_minutes(workers: Workers) -> None:
    factors = rows(workers)
    secret = factors.propose(CLERK, NOW)
    late = NOW + PENDING_LIFE
    assert not factors.is_pending(CLERK, late)
    assert factors.confirm(CLERK, code_of(secret, late), late) is Verdict.ABSENT


def test_later_secret_is_the_one_that_counts(workers: Workers) -> None:
    factors = rows(workers)
    first, second = factors.propose(CLERK, NOW), factors.propose(CLERK, NOW)
    assert factors.confirm(CLERK, code_of(first, NOW), NOW) is Verdict.WRONG
    assert factors.confirm(CLERK, code_of(second, NOW), NOW) is Verdict.TAKEN


def test_old_secret_goes_on_until_the_new_one_is_confirmed(workers: Workers) -> None:
    factors = rows(workers)
    old = enrol(factors)
    new = factors.propose(CLERK, NOW)
    assert factors.check(CLERK, code_of(old, NOW), NOW) is Verdict.TAKEN
    assert factors.confirm(CLERK, code_of(new, NOW + STEP), NOW) is Verdict.TAKEN
    later = NOW + 10 * STEP
    assert factors.check(CLERK, code_of(old, later), later) is Verdict.WRONG
    assert factors.check(CLERK, code_of(new, later), later) is Verdict.TAKEN


def test_secret_is_taken_away(workers: Workers) -> None:
    factors = rows(workers)
    secret = enrol(factors)
    assert factors.remove(CLERK)
    assert not factors.remove(CLERK)
    assert factors.check(CLERK, code_of(secret, NOW), NOW) is Verdict.ABSENT


def test_database_holds_no_secret(workers: Workers) -> None:
    engine = workers()
    secret = enrol(FactorRows(engine, SEAL))
    with engine.begin() as connection:
        row = connection.execute(select(second_factors)).one()
    assert secret.encode() not in bytes(row.secret)
    assert SEAL.open(CLERK, bytes(row.secret)) == secret
    assert secret not in str(row)


def test_row_of_another_user_or_portal_is_of_no_use(workers: Workers) -> None:
    engine = workers()
    factors = FactorRows(engine, SEAL)
    secret, _ = enrol(factors), enrol(factors, OTHER)
    with for_row_changes(engine).begin() as connection:
        row = connection.execute(select(second_factors).where(second_factors.c.user_id == CLERK)).one()
        connection.execute(update(second_factors).where(second_factors.c.user_id == OTHER).values(secret=row.secret))
    assert factors.check(OTHER, code_of(secret, NOW), NOW) is Verdict.WRONG
    assert FactorRows(engine, factor_seal(bytes(32))).check(CLERK, code_of(secret, NOW), NOW) is Verdict.WRONG


def test_sealed_secret_is_opened_by_nothing_else() -> None:
    sealed = SEAL.seal(CLERK, "A" * 32)
    assert SEAL.open(CLERK, sealed) == "A" * 32
    assert SEAL.open(CLERK, b"") is None
    assert SEAL.open(CLERK, sealed[:-1]) is None
    assert SEAL.open(CLERK, bytes([sealed[0] ^ 1]) + sealed[1:]) is None
    assert SEAL.seal(CLERK, "A" * 32) != sealed


def test_address_to_scan_names_portal_and_person() -> None:
    assert enrolment_uri("A" * 32, CLERK, "测试").startswith("otpauth://totp/")
    assert "secret=" + "A" * 32 in enrolment_uri("A" * 32, CLERK, "测试")
