"""The second factor of a session: a code, or the certificate of the connection (T47, T9, 8.1.4.1 d)."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portal.errors import Forbidden
from portal.identity.second_factors import LOCK, MAX_FAILURES, code_of
from portal.vocabulary import UserId
from tests.fixtures.authority import authority
from tests.fixtures.browser import Browser
from tests.fixtures.persons import person_certificate, wrong_certificate
from tests.fixtures.portal_world import Answer, PortalWorld
from tests.fixtures.staff import AUDITOR, HEAD, NOBODY, POLICY, SYSTEM, staffed_bundle
from tests.fixtures.staff_sessions import (
    STEP,
    acts,
    change_rows,
    confirm,
    demonstration_world,
    enrol,
    forget_everybody,
    signed_in,
)

SESSION = "portal-session"
ME = "{ me { user } }"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with demonstration_world(tmp_path_factory.mktemp("portal")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nobody(world: PortalWorld) -> None:
    forget_everybody(world)


@pytest.mark.clause("8.1.4.1 d")
@pytest.mark.parametrize(
    "document",
    [
        "{ sessions { id } }",
        f'mutation {{ endSessions(user: "{HEAD}") }}',
        f'mutation {{ resetSecondFactor(user: "{HEAD}") }}',
        f'mutation {{ endSession(id: "{"0" * 64}") }}',
    ],
)
def test_administrator_does_nothing_without_second_factor(world: PortalWorld, document: str) -> None:
    browser = signed_in(world)
    answer = browser.ask(document)
    assert answer.codes == ["FORBIDDEN"]
    assert "second factor" in answer.errors[0]["message"]


@pytest.mark.clause("threats.md T47")
def test_thousand_attempts_at_once_count_and_lock(world: PortalWorld) -> None:
    browser = signed_in(world)
    secret = enrol(browser)
    before = len(acts(world))
    now = datetime.now(UTC)
    taken = {code_of(secret, now + distance * STEP) for distance in range(-3, 6)}
    wrong = next(code for code in map("{:06}".format, range(20)) if code not in taken)
    checks = world.portal.endpoint.office.second_factors

    async def attempt() -> None:
        with pytest.raises(Forbidden):
            await checks.check(UserId(SYSTEM), wrong)

    async def attempts() -> None:
        await asyncio.gather(*(attempt() for _ in range(1000)))

    world.run(attempts())
    refused = [act for act in acts(world)[before:] if act["act"] == "factor_refused"]
    assert len(refused) == 1000
    verdicts = [dict(act["details"])["verdict"] for act in refused]  # type: ignore[call-overload]
    assert (verdicts.count("wrong"), verdicts.count("locked")) == (MAX_FAILURES, 1000 - MAX_FAILURES)
    answer = confirm(browser, code_of(secret, datetime.now(UTC)))
    assert "15 minutes" in answer.errors[0]["message"]
    assert timedelta(minutes=15) == LOCK


def aliased(browser: Browser, code: str, times: int) -> Answer:
    fields = " ".join(f'a{number}: confirmSecondFactor(code: "{code}")' for number in range(times))
    return browser.ask(f"mutation {{ {fields} }}")


@pytest.mark.clause("threats.md T47")
def test_thousand_attempts_under_as_many_names_are_none(world: PortalWorld) -> None:
    browser = signed_in(world)
    secret = enrol(browser)
    before = len(acts(world))
    assert aliased(browser, "000000", 1000).codes == ["TOO_COMPLEX"]
    assert len(acts(world)) == before
    assert confirm(browser, code_of(secret, datetime.now(UTC))).data == {"confirmSecondFactor": True}


@pytest.mark.clause("threats.md T47")
def test_first_wrong_code_ends_a_request_with_many(world: PortalWorld) -> None:
    browser = signed_in(world)
    enrol(browser)
    for attempt in range(1, MAX_FAILURES + 2):
        before = len(acts(world))
        assert aliased(browser, "no code", 90).codes == ["FORBIDDEN"]
        assert [act["act"] for act in acts(world)[before:]] == ["factor_refused"]
        verdict = dict(acts(world)[-1]["details"])["verdict"]  # type: ignore[call-overload]
        assert verdict == ("wrong" if attempt <= MAX_FAILURES else "locked")


@pytest.mark.clause("threats.md T47")
def test_code_is_taken_once_in_one_request(world: PortalWorld) -> None:
    browser = signed_in(world)
    secret = enrol(browser)
    code = code_of(secret, datetime.now(UTC))
    answer = browser.ask(
        f'mutation {{ a: confirmSecondFactor(code: "{code}") b: confirmSecondFactor(code: "{code}") }}'
    )
    assert answer.codes == ["FORBIDDEN"]


@pytest.mark.clause("threats.md T46")
def test_second_factor_is_enrolled_soon_after_signing_in(world: PortalWorld) -> None:
    browser = signed_in(world)
    begun = datetime.now(UTC) - timedelta(minutes=6)
    change_rows(world, begun_at=begun.strftime("%Y-%m-%dT%H:%M:%SZ"))
    answer = browser.ask("mutation { enrolSecondFactor { secret } }")
    assert answer.codes == ["FORBIDDEN"]


def test_second_factor_is_replaced_by_a_code_of_the_old_one(world: PortalWorld) -> None:
    browser = signed_in(world)
    old = enrol(browser)
    for code in ("null", '"000000"', '""'):
        answer = browser.ask(f"mutation {{ enrolSecondFactor(code: {code}) {{ secret }} }}")
        assert answer.codes == ["FORBIDDEN"], code
    code = code_of(old, datetime.now(UTC))
    answer = browser.ask(f'mutation {{ enrolSecondFactor(code: "{code}") {{ secret }} }}')
    new = answer.data["enrolSecondFactor"]["secret"]
    assert confirm(browser, code_of(new, datetime.now(UTC) + STEP)).data == {"confirmSecondFactor": True}
    assert confirm(browser, code_of(old, datetime.now(UTC) + STEP)).codes == ["FORBIDDEN"]


def test_who_asks_with_a_token_has_no_session_to_confirm(world: PortalWorld) -> None:
    for document in ('mutation { confirmSecondFactor(code: "1") }', "mutation { enrolSecondFactor { secret } }"):
        assert world.ask(document, by=f"user:{SYSTEM}").codes == ["FORBIDDEN"]


@pytest.mark.clause("8.1.4.1 d")
def test_administrator_resets_the_second_factor_of_another(world: PortalWorld) -> None:
    administrator, other = signed_in(world), signed_in(world, POLICY)
    enrol(administrator)
    enrol(other)
    answer = administrator.ask(f'mutation {{ resetSecondFactor(user: "{POLICY}") }}')
    assert answer.data == {"resetSecondFactor": True}
    assert other.session["signed_in"] is False
    last = [act["act"] for act in acts(world)][-2:]
    assert last == ["factor_reset", "session_ended"]
    assert signed_in(world, POLICY).ask("mutation { enrolSecondFactor { secret } }").status == 200


def test_nobody_resets_the_own_second_factor(world: PortalWorld) -> None:
    browser = signed_in(world)
    enrol(browser)
    answer = browser.ask(f'mutation {{ resetSecondFactor(user: "{SYSTEM}") }}')
    assert answer.codes == ["FORBIDDEN"]
    assert browser.session["second_factor"] is True


@pytest.mark.parametrize("user", [POLICY, AUDITOR, HEAD, NOBODY])
@pytest.mark.parametrize(
    "document",
    ["{ sessions { id } }", 'mutation { endSessions(user: "x") }', 'mutation { resetSecondFactor(user: "x") }'],
)
def test_fields_of_the_system_administrator_are_in_nobody_elses_schema(
    world: PortalWorld, user: str, document: str
) -> None:
    assert signed_in(world, user).ask(document).codes == ["NOT_VALID"]


def test_second_factor_is_checked_anew_for_others(world: PortalWorld) -> None:
    browser = signed_in(world)
    secret = enrol(browser)
    checks = world.portal.endpoint.office.second_factors
    world.run(checks.check(UserId(SYSTEM), code_of(secret, datetime.now(UTC))))
    with pytest.raises(Forbidden):
        world.run(checks.check(UserId(SYSTEM), code_of(secret, datetime.now(UTC))))
    with pytest.raises(Forbidden):
        world.run(checks.check(UserId(HEAD), "123456"))
    assert [act["act"] for act in acts(world)][-3:] == ["factor_shown", "factor_refused", "factor_refused"]


PROXY_SECRET = "synthetic-proxy-secret-0123456789abcdef"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    """A portal behind a proxy that tells certificates."""
    folder = tmp_path_factory.mktemp("behind")
    secret = folder / "proxy"
    secret.write_text(PROXY_SECRET)
    secret.chmod(0o600)
    draft = staffed_bundle()
    draft.keys |= authority().files()
    settings = {
        "client_certificate_header": "X-Client-Cert",
        "proxy_secret_file": str(secret),
        "trusted_proxies": "127.0.0.0/8",
    }
    with demonstration_world(folder, draft, **settings) as opened:
        yield opened


def shown(certificate: x509.Certificate, secret: str = PROXY_SECRET) -> dict[str, str]:
    return {"X-Client-Cert": quote(certificate.public_bytes(Encoding.PEM).decode()), "X-Proxy-Secret": secret}


@pytest.mark.clause("threats.md T9")
@pytest.mark.clause("8.1.4.1 d")
def test_own_certificate_of_the_connection_is_the_second_factor(behind: PortalWorld) -> None:
    browser = signed_in(behind)
    own = shown(person_certificate(SYSTEM))
    assert browser.ask("{ sessions { user } me { authLevel } }", own).data["me"] == {"authLevel": 3}
    assert browser.ask("{ sessions { user } }").codes == ["FORBIDDEN"]


@pytest.mark.clause("threats.md T9")
@pytest.mark.parametrize(
    "case", ["another person", "another department", "foreign authority", "ended", "no name", "two names"]
)
def test_certificate_of_anybody_else_is_no_second_factor(behind: PortalWorld, case: str) -> None:
    browser = signed_in(behind)
    assert browser.ask("{ sessions { user } }", shown(wrong_certificate(case, SYSTEM))).codes == ["FORBIDDEN"]


@pytest.mark.clause("threats.md T9")
@pytest.mark.parametrize("secret", ["", "wrong", PROXY_SECRET[:-1], PROXY_SECRET.upper()])
def test_certificate_that_the_proxy_did_not_tell_is_refused(behind: PortalWorld, secret: str) -> None:
    browser = signed_in(behind)
    answer = browser.ask("{ sessions { user } }", shown(person_certificate(SYSTEM), secret))
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
