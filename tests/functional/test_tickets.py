"""Tickets of the public over HTTP: who may see and do what, and what nobody may."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from portal.conditions.values import render_instant
from portal.storage.database import for_writing, open_sync_database
from portal.storage.ticket_tables import ticket_contacts, ticket_steps, tickets
from portal.tickets.numbers import draw_number
from tests.fixtures.browser import SITE, Browser
from tests.fixtures.open_data import HOSTILE
from tests.fixtures.portal_world import PortalWorld
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.staff_sessions import acts
from tests.fixtures.tickets import (
    AUDITOR,
    CONTACT,
    HIDDEN,
    MANAGER,
    NOBODY,
    OFFICER,
    OTHER_MANAGER,
    PARKS,
    UNCONFIRMED,
    answer,
    fault,
    forget_tickets,
    opened,
    read,
    see,
    send,
    ticket_world,
    wish,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, postgres: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PortalWorld]:
    folder = tmp_path_factory.mktemp("tickets")
    if request.param == "sqlite":
        with ticket_world(folder) as served:
            yield served
        return
    with set_up_portal(postgres) as addresses:
        settings = {name.removeprefix("PORTAL_").lower(): value for name, value in addresses.items()}
        with ticket_world(folder, **settings) as served:
            yield served


@pytest.fixture(autouse=True)
def none(request: pytest.FixtureRequest) -> None:
    if "world" in request.fixturenames:
        forget_tickets(request.getfixturevalue("world"))


def count(world: PortalWorld) -> int:
    engine = open_sync_database(world.settings.owner_database_url)
    with engine.begin() as connection:
        rows = connection.execute(select(tickets.c.number)).all()
    engine.dispose()
    return len(rows)


def listed(world: PortalWorld, by: str, arguments: str = "") -> list[str]:
    shown = f"({arguments})" if arguments else ""
    nodes = world.ask(f"{{ tickets{shown} {{ nodes {{ ticket {{ number }} contact }} next }} }}", by=by).data["tickets"]
    assert [node["contact"] for node in nodes["nodes"]] == [None] * len(nodes["nodes"])
    return [node["ticket"]["number"] for node in nodes["nodes"]]


CROSS_SITE: dict[str, dict[str, str | None]] = {
    "no header": {"X-Portal-Request": None},
    "another origin": {"Origin": "https://evil.example"},
    "origin null": {"Origin": "null"},
    "no origin": {"Origin": None},
    "fetched across sites": {"Sec-Fetch-Site": "cross-site"},
    "a sibling": {"Origin": None, "Sec-Fetch-Site": "same-site"},
}
FORMS = ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x")
PAGE = {"Content-Type": "application/json", "X-Portal-Request": "1", "Origin": SITE}


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("changed", CROSS_SITE.values(), ids=CROSS_SITE)
@pytest.mark.parametrize("document", [fault(), wish()], ids=["fault", "wish"])
def test_ticket_is_refused_when_no_own_page_sends_it(
    world: PortalWorld, document: str, changed: dict[str, str | None]
) -> None:
    headers = {name: value for name, value in {**PAGE, **changed}.items() if value is not None}
    content = json.dumps({"query": document}).encode()
    found = Browser(world).send("POST", "/graphql", content=content, headers=headers)
    assert found.codes == ["FORBIDDEN"]
    assert count(world) == 0


@pytest.mark.clause("threats.md T43")
@pytest.mark.parametrize("content_type", FORMS)
def test_form_of_another_site_opens_nothing(world: PortalWorld, content_type: str) -> None:
    content = json.dumps({"query": fault()}).encode()
    for extra in ({}, {"X-Portal-Request": "1", "Origin": SITE}):
        headers = {"Content-Type": content_type, **extra}
        assert Browser(world).send("POST", "/graphql", content=content, headers=headers).status == 415
    assert count(world) == 0


def test_get_opens_nothing(world: PortalWorld) -> None:
    found = world.send("GET", params={"query": fault()}, headers={"X-Portal-Request": "1", "Origin": SITE})
    assert found.status == 405
    assert count(world) == 0


@pytest.mark.parametrize("by", [None, AUDITOR, NOBODY, "user:clerk"])
@pytest.mark.parametrize(
    "document",
    [
        "{ tickets { nodes { words } } }",
        '{ ticketFile(number: "T-0000-0000-0000-0") { words contact } }',
        'mutation { answerTicket(number: "T-0000-0000-0000-0", version: 1, state: ANSWERED, words: "x") { version } }',
    ],
    ids=["list", "file", "answer"],
)
def test_office_fields_are_in_nobody_elses_schema(world: PortalWorld, document: str, by: str | None) -> None:
    assert set(world.ask(document, by=by).codes) == {"NOT_VALID"}


@pytest.mark.parametrize("field", ["words", "contact", "title", "intendedUse", "version", "answeredBy"])
def test_number_shows_the_public_no_more_than_the_answer(world: PortalWorld, field: str) -> None:
    number = opened(world, fault(contact=CONTACT))["number"]
    document = f'{{ ticket(number: "{number}") {{ {field} }} }}'
    assert set(world.ask(document).codes) == {"NOT_VALID"}


def test_guessed_number_finds_nothing(world: PortalWorld) -> None:
    opened(world, fault())
    assert see(world, draw_number()).data == {"ticket": None}


@pytest.mark.parametrize("number", ["", "T", "1", "T-0000-0000-0000-1", "%", "T-____-____-____-_", "x" * 5000])
def test_what_is_no_number_is_refused_before_it_is_looked_for(world: PortalWorld, number: str) -> None:
    assert see(world, number).codes == ["BAD_INPUT"]


@pytest.mark.parametrize("by", [OFFICER, OTHER_MANAGER, UNCONFIRMED])
def test_fault_is_answered_by_nobody_but_its_provider(world: PortalWorld, by: str) -> None:
    ticket = opened(world, fault())
    assert answer(world, ticket, by).codes == ["FORBIDDEN"]
    assert see(world, ticket["number"]).data["ticket"]["state"] == "RECEIVED"
    refused = acts(world)[-1]
    assert (refused["act"], refused["target"]) == ("administration_refused", f"ticket:{ticket['number']}")


@pytest.mark.parametrize("by", [MANAGER, OTHER_MANAGER])
def test_wish_is_answered_by_nobody_but_the_authority(world: PortalWorld, by: str) -> None:
    # About an entry of the manager's own: what is opened isn't theirs to say.
    ticket = opened(world, wish(entry=PARKS))
    assert answer(world, ticket, by).codes == ["FORBIDDEN"]
    assert read(world, ticket["number"], by).codes == ["FORBIDDEN"]
    assert listed(world, by) == []


@pytest.mark.parametrize("by", [OTHER_MANAGER, UNCONFIRMED])
def test_contact_is_shown_to_nobody_whose_duty_it_isnt(world: PortalWorld, by: str) -> None:
    ticket = opened(world, fault(contact=CONTACT))
    found = read(world, ticket["number"], by)
    assert found.codes == ["FORBIDDEN"]
    assert CONTACT.encode() not in found.content
    assert read(world, ticket["number"], MANAGER).data["ticketFile"]["contact"] == CONTACT


def test_contact_lies_nowhere_but_sealed_beside_its_ticket(world: PortalWorld) -> None:
    number = opened(world, fault(contact=CONTACT))["number"]
    other = opened(world, fault())["number"]
    engine = open_sync_database(world.settings.owner_database_url)
    with engine.begin() as connection:
        sealed = bytes(connection.execute(select(ticket_contacts.c.contact)).scalar_one())
    assert CONTACT.encode() not in sealed
    assert CONTACT not in json.dumps(acts(world))
    with for_writing(engine).begin() as connection:
        connection.execute(update(ticket_contacts).values(ticket=other))
    engine.dispose()
    # Moved to another ticket it opens no more.
    assert read(world, other, OFFICER).data["ticketFile"]["contact"] is None
    assert read(world, number, OFFICER).data["ticketFile"]["contact"] is None


@pytest.mark.parametrize("entry", [HIDDEN, "303001001/99999", "", "'; DROP TABLE tickets; --"])
def test_hidden_entry_is_refused_like_an_unknown_one(world: PortalWorld, entry: str) -> None:
    errors = send(world, fault(entry=entry)).errors
    assert errors[0]["message"] == send(world, fault(entry="1/2")).errors[0]["message"]
    assert send(world, wish(entry=entry)).codes == ["BAD_INPUT"]
    assert count(world) == 0


def test_item_that_isnt_open_is_refused_like_an_unknown_one(world: PortalWorld) -> None:
    unknown = send(world, fault(item="nothing")).errors
    assert send(world, fault(item="tariff")).errors == unknown
    assert opened(world, fault(item="name"))["item"] == "name"


@pytest.mark.parametrize(
    "changed",
    [
        {"words": "x" * 2001},
        {"words": " \n\t "},
        {"words": "a\x07b"},
        {"words": "abc\u202egnp.exe"},
        {"words": "a\u2028b"},
        {"contact": "x" * 201},
        {"contact": "a\nb"},
        {"contact": "a\x1bb"},
    ],
    ids=str,
)
@pytest.mark.parametrize("make", [fault, wish])
def test_words_out_of_bounds_are_refused(world: PortalWorld, changed: dict[str, str], make: object) -> None:
    assert callable(make)
    assert send(world, make(**changed)).codes == ["BAD_INPUT"]
    assert count(world) == 0


@pytest.mark.parametrize(
    "changed", [{"title": "x" * 101}, {"title": ""}, {"intendedUse": "x" * 201}, {"intendedUse": " "}]
)
def test_wish_needs_title_and_use_within_bounds(world: PortalWorld, changed: dict[str, str]) -> None:
    assert send(world, wish(**changed)).codes == ["BAD_INPUT"]


@pytest.mark.parametrize("text", [one for one in HOSTILE if one.isprintable()])
def test_markup_stays_the_text_that_it_was(world: PortalWorld, text: str) -> None:
    ticket = opened(world, fault(words=text, contact=text))
    found = read(world, ticket["number"], MANAGER).data["ticketFile"]
    assert (found["words"], found["contact"]) == (text, text)
    answered = answer(world, ticket, MANAGER, words=text)
    assert answered.headers["content-type"].startswith("application/json")
    assert see(world, ticket["number"]).data["ticket"]["steps"][0]["words"] == text


def test_one_address_opens_few_tickets_an_hour(tmp_path: Path) -> None:
    with ticket_world(tmp_path, tickets_per_address_an_hour="2") as world:
        one, another = Browser(world, address="127.9.9.9"), Browser(world, address="127.9.9.8")
        assert [one.ask(fault()).codes for _ in range(3)] == [[], [], ["RATE_LIMITED"]]
        assert another.ask(wish()).codes == []
        assert one.ask(wish()).codes == ["RATE_LIMITED"]
        assert count(world) == 3


def test_flood_from_many_addresses_ends_at_the_bound(tmp_path: Path) -> None:
    with ticket_world(tmp_path, tickets_an_hour="3") as world:
        codes = [send(world, fault(contact=CONTACT)).codes for _ in range(5)]
        assert codes == [[], [], [], ["RATE_LIMITED"], ["RATE_LIMITED"]]
        assert count(world) == 3
        age(world, timedelta(hours=2))
        assert send(world, fault()).codes == []


def test_fault_is_reported_answered_and_seen(world: PortalWorld) -> None:
    ticket = opened(world, fault(item="name", contact=CONTACT))
    assert (ticket["kind"], ticket["fault"], ticket["entry"], ticket["item"]) == ("FAULT", "WRONG", PARKS, "name")
    assert (ticket["state"], ticket["steps"], ticket["isOverdue"]) == ("RECEIVED", [], False)
    assert see(world, ticket["number"]).data["ticket"] == ticket
    file = read(world, ticket["number"], MANAGER).data["ticketFile"]
    assert (file["version"], file["next"]) == (1, ["IN_PROGRESS", "ANSWERED", "DECLINED", "DUPLICATE"])
    taken = answer(world, ticket, MANAGER, state="IN_PROGRESS", words="").data["answerTicket"]
    assert (taken["version"], taken["answeredBy"]) == (2, ["manager"])
    assert answer(world, ticket, MANAGER).codes == ["CONFLICT"]
    done = answer(world, ticket, MANAGER, version=2).data["answerTicket"]
    assert (done["ticket"]["state"], done["next"]) == ("ANSWERED", [])
    assert answer(world, ticket, MANAGER, version=3, state="DECLINED").codes == ["BAD_INPUT"]
    steps = see(world, ticket["number"]).data["ticket"]["steps"]
    assert [(step["state"], step["words"]) for step in steps] == [("IN_PROGRESS", ""), ("ANSWERED", "已更正，谢谢。")]
    told = [record for record in acts(world) if record["target"] == f"ticket:{ticket['number']}"]
    names = ["ticket_opened", "ticket_read", "ticket_answered", "ticket_answered"]
    assert [record["act"] for record in told] == names
    assert told[0]["client_address"] is None


@pytest.mark.parametrize("state", ["ANSWERED", "DECLINED", "DUPLICATE"])
def test_end_needs_words_for_the_public(world: PortalWorld, state: str) -> None:
    ticket = opened(world, wish())
    assert answer(world, ticket, OFFICER, state=state, words=" ").codes == ["BAD_INPUT"]
    assert answer(world, ticket, OFFICER, state=state).codes == []


def test_of_two_who_answer_at_once_one_is_refused(world: PortalWorld) -> None:
    number = opened(world, wish())["number"]
    document = f'mutation {{ answerTicket(number: "{number}", version: 1, state: ANSWERED, words: "a") {{ version }} }}'
    answers = world.together([document] * 3, by=OFFICER)
    assert sorted(found.codes != [] for found in answers) == [False, True, True]
    assert {code for found in answers for code in found.codes} == {"CONFLICT"}


def test_list_holds_what_is_the_persons_to_see(world: PortalWorld) -> None:
    faults = [opened(world, fault())["number"] for _ in range(3)]
    wished = opened(world, wish())["number"]
    assert set(listed(world, OFFICER)) == {*faults, wished}
    assert set(listed(world, MANAGER)) == set(faults)
    assert listed(world, OTHER_MANAGER) == []
    assert listed(world, OFFICER, "kind: WISH") == [wished]
    answer(world, {"number": faults[0]}, MANAGER)
    assert listed(world, MANAGER, "states: [ANSWERED]") == [faults[0]]
    assert set(listed(world, MANAGER, "states: [RECEIVED, IN_PROGRESS]")) == set(faults[1:])
    assert listed(world, OFFICER, f'entry: "{HIDDEN}"') == []


def test_pages_of_the_list_follow_one_another(world: PortalWorld) -> None:
    numbers = {opened(world, wish())["number"] for _ in range(5)}
    seen, after = [], ""
    while True:
        arguments = f"first: 2{after and f', after: {json.dumps(after)}'}"
        document = f"{{ tickets({arguments}) {{ nodes {{ ticket {{ number }} }} next }} }}"
        page = world.ask(document, by=OFFICER).data["tickets"]
        seen += [node["ticket"]["number"] for node in page["nodes"]]
        after = page["next"]
        if not after:
            break
    assert len(seen) == 5
    assert set(seen) == numbers
    assert world.ask("{ tickets(first: 101) { next } }", by=OFFICER).codes == ["BAD_INPUT"]


def age(world: PortalWorld, by: timedelta) -> None:
    """Let all tickets have come, and their steps been taken, so much earlier."""
    engine = open_sync_database(world.settings.owner_database_url)
    then = render_instant(datetime.now(UTC) - by)
    day = (datetime.now(UTC) - by).date().isoformat()
    with for_writing(engine).begin() as connection:
        connection.execute(update(tickets).values(received_at=then, due_on=day))
        connection.execute(update(ticket_steps).values(made_at=then))
    engine.dispose()


def test_ticket_past_its_last_day_is_overdue_until_it_ends(world: PortalWorld) -> None:
    number = opened(world, wish())["number"]
    assert listed(world, OFFICER, "overdue: true") == []
    age(world, timedelta(days=3))
    assert see(world, number).data["ticket"]["isOverdue"] is True
    assert listed(world, OFFICER, "overdue: true") == [number]
    answer(world, {"number": number}, OFFICER)
    assert see(world, number).data["ticket"]["isOverdue"] is False
    assert listed(world, OFFICER, "overdue: true") == []


def contacts(world: PortalWorld) -> int:
    engine = open_sync_database(world.settings.owner_database_url)
    with engine.begin() as connection:
        rows = connection.execute(select(ticket_contacts.c.ticket)).all()
    engine.dispose()
    return len(rows)


def test_contact_is_erased_when_its_time_has_come(world: PortalWorld) -> None:
    ended, still_open = opened(world, wish(contact=CONTACT)), opened(world, wish(contact=CONTACT))
    answer(world, ended, OFFICER)
    desk = world.portal.endpoint.office.tickets.desk
    age(world, timedelta(days=179))
    assert world.run(desk.erase()) == 0
    age(world, timedelta(days=181))
    # Not shown any more, erased or not.
    assert read(world, ended["number"], OFFICER).data["ticketFile"]["contact"] is None
    assert contacts(world) == 2
    assert world.run(desk.erase()) == 1
    assert read(world, still_open["number"], OFFICER).data["ticketFile"]["contact"] == CONTACT
    erased = [record for record in acts(world) if record["act"] == "contacts_erased"]
    assert erased[-1]["details"] == {"contacts": 1}
