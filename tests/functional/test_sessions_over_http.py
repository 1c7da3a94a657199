"""Sessions at `/graphql` and `/sign-out`: only the portal's own pages ask with them, and administrators end them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete, select, update

from portal.app import create_app
from portal.errors import Forbidden
from portal.identity.second_factors import LOCK, MAX_FAILURES, STEP_SECONDS, code_of
from portal.storage.administration_tables import second_factors, staff_sessions
from portal.storage.audit_tables import audit_records
from portal.storage.database import for_row_changes, open_sync_database
from portal.vocabulary import UserId
from tests.fixtures.authority import authority
from tests.fixtures.browser import SITE, Browser
from tests.fixtures.persons import person_certificate, wrong_certificate
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.staff import AUDITOR, HEAD, NOBODY, OTHER_SYSTEM, POLICY, SYSTEM, staffed_bundle

SESSION = "portal-session"
ME = "{ me { user } }"
STEP = timedelta(seconds=STEP_SECONDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(staffed_bundle(), tmp_path_factory.mktemp("portal"), demonstration="true") as opened:
        object.__setattr__(opened.portal.sign_in_desk, "buckets", opened.portal.desk.buckets)
        yield opened


@pytest.fixture(autouse=True)
def nobody(world: PortalWorld) -> None:
    """Nobody is signed in, and nobody has a second factor."""
    engine = open_sync_database(world.settings.database_url)
    with for_row_changes(engine).begin() as connection:
        connection.execute(delete(staff_sessions))
        connection.execute(delete(second_factors))
    engine.dispose()


def signed_in(world: PortalWorld, user: str = SYSTEM) -> Browser:
    browser = Browser(world)
    assert browser.sign_in(user).status == 200
    return browser


def enrol(browser: Browser) -> str:
    """Enrol and confirm with the code of the step before, so that the present one is free; return the secret."""
    secret = browser.ask("mutation { enrolSecondFactor { secret } }").data["enrolSecondFactor"]["secret"]
    assert confirm(browser, code_of(secret, datetime.now(UTC) - STEP)).data == {"confirmSecondFactor": True}
    return str(secret)


def confirm(browser: Browser, code: str) -> Answer:
    return browser.ask(f"mutation {{ confirmSecondFactor(code: {json.dumps(code)}) }}")


def change_rows(world: PortalWorld, **values: str | None) -> None:
    engine = open_sync_database(world.settings.database_url)
    with for_row_changes(engine).begin() as connection:
        connection.execute(update(staff_sessions).values(**values))
    engine.dispose()


def acts(world: PortalWorld) -> list[dict[str, object]]:
    engine = open_sync_database(world.settings.database_url)
    with engine.begin() as connection:
        rows = connection.execute(select(audit_records.c.record).order_by(audit_records.c.sequence)).scalars()
        found = [json.loads(row) for row in rows]
    engine.dispose()
    return [record for record in found if "act" in record]


GOOD = {"Content-Type": "application/json", "X-Portal-Request": "1", "Origin": SITE}
FORMS: dict[str, dict[str, str | None]] = {
    "no header": {"X-Portal-Request": None},
    "header empty": {"X-Portal-Request": ""},
    "header with another value": {"X-Portal-Request": "true"},
    "no origin": {"Origin": None},
    "origin null": {"Origin": "null"},
    "origin another": {"Origin": "https://evil.example"},
    "origin with another port": {"Origin": f"{SITE}:8443"},
    "origin with another scheme": {"Origin": SITE.replace("http", "https")},
    "origin with a path": {"Origin": f"{SITE}/"},
    "origin below": {"Origin": "http://127.0.0.1.evil.example"},
    "fetched across sites": {"Sec-Fetch-Site": "cross-site"},
    "fetched from a sibling": {"Sec-Fetch-Site": "same-site"},
    "fetched by nobody": {"Sec-Fetch-Site": "none"},
    "fetched across sites, without origin": {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    "a plain form": {"Content-Type": "application/x-www-form-urlencoded", "X-Portal-Request": None, "Origin": None},
    "a form of text": {"Content-Type": "text/plain", "X-Portal-Request": None},
    "a form with files": {"Content-Type": "multipart/form-data; boundary=x", "X-Portal-Request": None},
    "a beacon": {
        "Content-Type": "text/plain;charset=UTF-8",
        "X-Portal-Request": None,
        "Origin": "https://evil.example",
    },
    "no type": {"Content-Type": None, "X-Portal-Request": None},
    "origin alone": {"X-Portal-Request": None, "Sec-Fetch-Site": "same-origin"},
}


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("changed", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("path", ["/graphql", "/sign-out"])
def test_request_that_no_own_page_sent_is_refused(
    world: PortalWorld, path: str, changed: dict[str, str | None]
) -> None:
    browser = signed_in(world)
    headers = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    answer = browser.send("POST", path, content=json.dumps({"query": ME}).encode(), headers=headers)
    assert answer.status == 403
    assert SYSTEM.encode() not in answer.content
    assert browser.session["signed_in"] is True


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/graphql"]
)
def test_own_page_sends_json_alone(world: PortalWorld, content_type: str) -> None:
    browser = signed_in(world)
    answer = browser.send("POST", "/graphql", content=b"{}", headers={**GOOD, "Content-Type": content_type})
    assert answer.status == 415


@pytest.mark.clause("threats.md T43")
def test_own_page_may_say_whence_it_fetches_instead_of_its_origin(world: PortalWorld) -> None:
    browser = signed_in(world)
    headers = {"Content-Type": "application/json", "X-Portal-Request": "1", "Sec-Fetch-Site": "same-origin"}
    answer = browser.send("POST", "/graphql", content=json.dumps({"query": ME}).encode(), headers=headers)
    assert answer.data == {"me": {"user": SYSTEM}}


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("headers", [{}, GOOD, {"Sec-Fetch-Site": "cross-site"}, {"X-Portal-Request": "1"}], ids=str)
def test_session_counts_for_nothing_by_get(world: PortalWorld, headers: dict[str, str]) -> None:
    browser = signed_in(world)
    answer = browser.send("GET", "/graphql?" + urlencode({"query": ME}), headers=headers)
    assert answer.data == {"me": {"user": None}}
    mutation = urlencode({"query": 'mutation { endSessions(user: "clerk") }'})
    assert browser.send("GET", f"/graphql?{mutation}", headers=headers).status in (400, 405)


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("by", [SYSTEM, HEAD])
def test_session_beside_a_token_is_refused(world: PortalWorld, by: str) -> None:
    browser = signed_in(world)
    answer = browser.ask(ME, {"Authorization": f"Bearer {world.token(f'user:{by}')}"})
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("origin", ["https://app.example.gov.cn", "https://evil.example", "null"])
def test_other_origins_are_never_let_in_with_cookies(tmp_path: Path, origin: str) -> None:
    settings = {"demonstration": "true", "allowed_origins": "https://app.example.gov.cn"}
    with open_world(staffed_bundle(), tmp_path, **settings) as world:
        browser = signed_in(world)
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = browser.send(
            "OPTIONS", "/graphql", headers={**asked, "Access-Control-Request-Headers": "x-portal-request"}
        )
        assert "x-portal-request" not in preflight.headers.get("access-control-allow-headers", "").lower()
        answer = browser.ask(ME, {"Origin": origin})
        assert answer.status == 403
        for each in (preflight, answer):
            assert "access-control-allow-credentials" not in each.headers


@pytest.mark.clause("threats.md T46")
@pytest.mark.parametrize("value", ["a" * 43, "A" * 43, "0", "x" * 128, "9" * 64])
def test_invented_session_is_refused_and_never_the_public(world: PortalWorld, value: str) -> None:
    answer = Browser(world, cookies={SESSION: value}).ask(ME)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


@pytest.mark.clause("threats.md T46")
@pytest.mark.parametrize("value", ["a" * 129, "a.b", "%41", '"a"', "a,b", "a/b"])
def test_session_in_no_form_of_the_portals_is_refused(world: PortalWorld, value: str) -> None:
    answer = Browser(world, cookies={SESSION: value}).ask(ME)
    assert answer.status == 400


@pytest.mark.clause("threats.md T46")
@pytest.mark.parametrize(
    "values",
    [{"seen_at": "2026-01-01T00:00:00Z"}, {"ends_at": "2026-01-01T00:00:00Z"}, {"ends_at": ""}, {"seen_at": ""}],
    ids=str,
)
def test_session_that_has_ended_is_refused(world: PortalWorld, values: dict[str, str]) -> None:
    browser = signed_in(world)
    change_rows(world, **values)
    answer = browser.ask(ME)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert browser.session["signed_in"] is False
    assert SESSION not in browser.cookies


@pytest.mark.clause("threats.md T46")
@pytest.mark.clause("8.1.4.1 b")
def test_session_holds_and_ends_on_another_worker(world: PortalWorld) -> None:
    app = create_app(world.settings)
    browser = signed_in(world)
    lifespan = app.router.lifespan_context(app)
    world.run(lifespan.__aenter__())
    try:
        other = Browser(PortalWorld(world.settings, world.keys, app.state.portal, _client(app), world.runner))
        other.cookies = dict(browser.cookies)
        assert other.ask(ME).data == {"me": {"user": SYSTEM}}
        enrol(other)
        assert browser.ask(ME).status == 401
        browser.cookies = dict(other.cookies)
        assert browser.session["second_factor"] is True
        assert browser.post("/sign-out").status == 200
        assert other.ask(ME).status == 401
    finally:
        world.run(lifespan.__aexit__(None, None, None))


def _client(app: object) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app))  # type: ignore[arg-type]


def test_session_says_no_more_than_the_register(world: PortalWorld) -> None:
    browser = signed_in(world, HEAD)
    assert browser.ask("{ me { user authLevel } }").data == {"me": {"user": HEAD, "authLevel": 1}}
    assert signed_in(world, NOBODY).ask("{ duties }").codes == ["NOT_VALID"]


def test_nobody_signs_out_who_is_not_signed_in(world: PortalWorld) -> None:
    assert Browser(world).post("/sign-out").status == 401


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


@pytest.mark.clause("threats.md T46")
def test_administrator_ends_a_session(world: PortalWorld) -> None:
    administrator, other = signed_in(world), signed_in(world, HEAD)
    enrol(administrator)
    listed = administrator.ask("{ sessions { id user isOwn secondFactor authLevel begunAt seenAt endsAt } }").data[
        "sessions"
    ]
    assert {(each["user"], each["isOwn"]) for each in listed} == {(SYSTEM, True), (HEAD, False)}
    assert not any(other.cookies[SESSION] in str(each) for each in listed)
    (name,) = [each["id"] for each in listed if each["user"] == HEAD]
    assert administrator.ask(f'mutation {{ endSession(id: "{name}") }}').data == {"endSession": True}
    assert other.ask(ME).status == 401
    assert administrator.ask(f'mutation {{ endSession(id: "{name}") }}').data == {"endSession": False}
    record = acts(world)[-1]
    assert (record["act"], record["user"], record["details"]) == (
        "session_ended", SYSTEM, {"by": "administrator", "of": HEAD}
    )  # fmt: skip


@pytest.mark.parametrize("name", ["", "0", "0" * 63, "G" * 64, "A" * 64, "0" * 65, "' OR 1=1"])
def test_session_that_is_none_is_refused(world: PortalWorld, name: str) -> None:
    browser = signed_in(world)
    enrol(browser)
    assert browser.ask(f"mutation {{ endSession(id: {json.dumps(name)}) }}").codes == ["BAD_INPUT"]


def test_administrator_ends_all_sessions_of_a_user(world: PortalWorld) -> None:
    administrator, other = signed_in(world, OTHER_SYSTEM), signed_in(world, HEAD)
    enrol(administrator)
    assert administrator.ask(f'mutation {{ endSessions(user: "{HEAD}") }}').data == {"endSessions": 1}
    assert other.ask(ME).status == 401


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
        "demonstration": "true",
        "client_certificate_header": "X-Client-Cert",
        "proxy_secret_file": str(secret),
        "trusted_proxies": "127.0.0.0/8",
    }
    with open_world(draft, folder, **settings) as opened:
        object.__setattr__(opened.portal.sign_in_desk, "buckets", opened.portal.desk.buckets)
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
