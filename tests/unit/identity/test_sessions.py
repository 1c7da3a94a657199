"""Sessions of staff and sign-ins under way, in both databases: found by the cookie alone, ended for every worker."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from portal.errors import PolicyUnavailable
from portal.identity.sessions import IDLE, LONGEST, Sessions, SignIns, StaffSession, digest_of, name_of
from portal.identity.sign_in import SIGN_IN_LIFE, PendingSignIn, draw_sign_in
from portal.storage.addresses import database_url
from portal.storage.administration_tables import sign_ins, staff_sessions
from portal.storage.database import for_row_changes, open_sync_database
from portal.vocabulary import UserId
from tests.fixtures.postgres import Databases
from tests.fixtures.staff_tables import Workers, postgres_workers, sqlite_workers

pytestmark = [pytest.mark.clause("threats.md T46"), pytest.mark.clause("8.1.4.1 b")]

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLERK, OTHER = UserId("clerk"), UserId("other")


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
    """Workers on a database where nobody is signed in."""
    with for_row_changes(database()).begin() as connection:
        connection.execute(delete(staff_sessions))
        connection.execute(delete(sign_ins))
    return database


def begin(sessions: Sessions, user: UserId = CLERK, now: datetime = NOW) -> str:
    return sessions.begin(user, 1, "token", now)[0]


def found(sessions: Sessions, secret: str, now: datetime) -> StaffSession:
    session = sessions.find(secret, now)
    assert session is not None
    return session


def pending(now: datetime = NOW) -> PendingSignIn:
    return draw_sign_in("/console", now)


def test_session_is_found_by_its_cookie_on_every_worker(workers: Workers) -> None:
    secret = begin(Sessions(workers()))
    session = found(Sessions(workers()), secret, NOW)
    assert (session.user, session.auth_level, session.confirmed_at, session.id_token) == (CLERK, 1, None, "token")
    assert session.ends_at == NOW + LONGEST
    assert session.name == name_of(secret)


def test_database_holds_no_cookie(workers: Workers) -> None:
    engine = workers()
    secrets = [begin(Sessions(engine)), SignIns(engine).begin(pending(), NOW)]
    with engine.begin() as connection:
        rows = [*connection.execute(select(staff_sessions)), *connection.execute(select(sign_ins))]
    assert len(rows) == 2
    assert not any(secret in str(row) or secret.encode() in bytes(row.digest) for secret in secrets for row in rows)
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", secret) for secret in secrets)


CHANGES: dict[str, Callable[[str], str]] = {
    "shorter": lambda secret: secret[:-1],
    "longer": lambda secret: secret + "A",
    "other case": lambda secret: secret.swapcase(),
    "empty": lambda _: "",
    "its digest": lambda secret: digest_of(secret).hex(),
    "half a character": lambda _: "\ud800",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_session_is_not_found_by_anything_else(workers: Workers, change: Callable[[str], str]) -> None:
    sessions = Sessions(workers())
    assert sessions.find(change(begin(sessions)), NOW) is None


def test_session_ends_when_left_alone(workers: Workers) -> None:
    sessions = Sessions(workers())
    secret = begin(sessions)
    assert sessions.find(secret, NOW + IDLE) is None
    assert sessions.find(secret, NOW + IDLE - SECOND) is not None
    assert sessions.find(secret, NOW + 2 * IDLE - 2 * SECOND) is not None
    assert sessions.find(secret, NOW + 4 * IDLE) is None


def test_session_in_use_ends_after_eight_hours(workers: Workers) -> None:
    sessions = Sessions(workers())
    secret = begin(sessions)
    now = NOW
    while now < NOW + LONGEST:
        assert sessions.find(secret, now) is not None
        now += IDLE - SECOND
    assert sessions.find(secret, NOW + LONGEST) is None
    assert sessions.list(NOW + LONGEST) == ()


def test_use_on_one_worker_counts_on_another(workers: Workers) -> None:
    one, two = Sessions(workers()), Sessions(workers())
    secret = begin(one)
    assert one.find(secret, NOW + IDLE - SECOND) is not None
    assert two.find(secret, NOW + IDLE + timedelta(minutes=10)) is not None


def test_use_is_never_put_back(workers: Workers) -> None:
    sessions = Sessions(workers())
    secret = begin(sessions)
    found(sessions, secret, NOW + timedelta(minutes=10))
    found(sessions, secret, NOW + timedelta(minutes=5))
    assert found(sessions, secret, NOW + timedelta(minutes=10)).seen_at == NOW + timedelta(minutes=10)


def test_cookie_changes_when_a_second_factor_is_shown(workers: Workers) -> None:
    one, two = Sessions(workers()), Sessions(workers())
    before = begin(one)
    after = one.confirm(digest_of(before), NOW + SECOND)
    assert after is not None
    assert after != before
    assert two.find(before, NOW + SECOND) is None
    session = found(two, after, NOW + SECOND)
    assert session.confirmed_at == NOW + SECOND
    assert session.ends_at == NOW + LONGEST
    assert session.begun_at == NOW


def test_session_that_has_ended_is_not_confirmed(workers: Workers) -> None:
    sessions = Sessions(workers())
    secret = begin(sessions)
    assert sessions.confirm(digest_of(secret), NOW + IDLE) is None
    sessions.end(digest_of(secret))
    assert sessions.confirm(digest_of(secret), NOW) is None


def test_one_confirmation_counts_of_many_at_once(workers: Workers) -> None:
    digest = digest_of(begin(Sessions(workers())))
    all_sessions = [Sessions(workers()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        secrets = list(pool.map(lambda sessions: sessions.confirm(digest, NOW), all_sessions))
    assert sum(secret is not None for secret in secrets) == 1


def test_new_sign_in_ends_the_session_before(workers: Workers) -> None:
    sessions = Sessions(workers())
    first, others = begin(sessions), begin(sessions, OTHER)
    second, ended = sessions.begin(CLERK, 2, "token", NOW + SECOND)
    assert ended == (name_of(first),)
    assert sessions.find(first, NOW + SECOND) is None
    assert found(sessions, second, NOW + SECOND).auth_level == 2
    assert sessions.find(others, NOW + SECOND) is not None


def test_session_ends_on_every_worker_at_once(workers: Workers) -> None:
    one, two = Sessions(workers()), Sessions(workers())
    secret, other = begin(one), begin(one, OTHER)
    assert two.find(secret, NOW) is not None
    ended = two.end(digest_of(secret))
    assert ended is not None
    assert ended.user == CLERK
    assert one.find(secret, NOW) is None
    assert one.find(other, NOW) is not None
    assert two.end(digest_of(secret)) is None


def test_all_sessions_of_one_user_end(workers: Workers) -> None:
    sessions = Sessions(workers())
    secret, other = begin(sessions), begin(sessions, OTHER)
    assert [session.user for session in sessions.end_all(CLERK)] == [CLERK]
    assert sessions.end_all(CLERK) == ()
    assert sessions.find(secret, NOW) is None
    assert sessions.find(other, NOW) is not None


def test_sessions_are_listed_while_they_hold(workers: Workers) -> None:
    sessions = Sessions(workers())
    begin(sessions, OTHER, NOW - SECOND)
    begin(sessions)
    assert [session.user for session in sessions.list(NOW)] == [OTHER, CLERK]
    assert [session.user for session in sessions.list(NOW + IDLE - SECOND)] == [CLERK]


def test_what_has_ended_is_forgotten_when_somebody_signs_in(workers: Workers) -> None:
    engine = workers()
    sessions = Sessions(engine)
    begin(sessions)
    begin(sessions, OTHER, NOW + IDLE)
    with engine.begin() as connection:
        assert len(list(connection.execute(select(staff_sessions.c.digest)))) == 1


def test_sign_in_is_taken_once_on_any_worker(workers: Workers) -> None:
    one, two = SignIns(workers()), SignIns(workers())
    wanted = pending()
    secret = one.begin(wanted, NOW)
    assert two.take(secret, wanted.state, NOW) == wanted
    assert one.take(secret, wanted.state, NOW) is None
    assert two.take(secret, wanted.state, NOW) is None


def test_one_answer_counts_of_many_at_once(workers: Workers) -> None:
    wanted = pending()
    secret = SignIns(workers()).begin(wanted, NOW)
    every = [SignIns(workers()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda each: each.take(secret, wanted.state, NOW), every))
    assert sum(one is not None for one in taken) == 1


def test_sign_in_of_another_browser_is_not_taken(workers: Workers) -> None:
    every = SignIns(workers())
    mine, theirs = pending(), pending()
    my_secret, their_secret = every.begin(mine, NOW), every.begin(theirs, NOW)
    assert every.take(my_secret, theirs.state, NOW) is None
    assert every.take(their_secret, mine.state, NOW) is None
    assert every.take(my_secret, "", NOW) is None
    assert every.take("", mine.state, NOW) is None
    assert every.take(my_secret, mine.state, NOW) == mine


def test_sign_in_expires(workers: Workers) -> None:
    every = SignIns(workers())
    wanted = pending()
    secret = every.begin(wanted, NOW)
    assert every.take(secret, wanted.state, NOW + SIGN_IN_LIFE) is None
    every.begin(pending(), NOW + SIGN_IN_LIFE)
    assert every.take(secret, wanted.state, NOW) is None


def test_secrets_of_two_sign_ins_have_nothing_in_common() -> None:
    one, two = pending(), pending()
    assert len({one.state, two.state, one.nonce, two.nonce, one.verifier, two.verifier}) == 6
    assert one.state not in repr(one)
    assert one.verifier not in repr(one)


def test_database_without_tables_is_refused_in_words(tmp_path: Path) -> None:
    engine = open_sync_database(database_url(tmp_path / "empty.db"))
    with pytest.raises(PolicyUnavailable):
        Sessions(engine).find("secret", NOW)
    engine.dispose()
