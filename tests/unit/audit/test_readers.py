"""Who may read which record, and how much of it: a plain rule, held against what generated logs give (T65)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import combinations, product
from random import Random

import pytest

from portal.audit.reach_search import read_page, read_record
from portal.audit.readers import AuditReach, reach_of, shown_members
from portal.audit.records import Act, Outcome
from portal.audit.searching import Place, Search
from portal.audit.statistics import Count, Grouping, StatisticsQuestion, compile_statistics, read_statistics
from portal.errors import BadInput, Forbidden
from portal.policies.duties import Actor, Duties
from portal.vocabulary import EXCLUSIVE_ROLES, ApplicationId, Role, Subject, UserId
from tests.unit.audit.audited_worlds import (
    DEPARTMENTS,
    PROVIDERS,
    Record,
    World,
    generated_world,
    seen_entries,
    sees_whole,
)
from tests.unit.audit.logs import MOMENT

ROLE_SETS = tuple(
    roles for size in range(4) for roles in combinations(Role, size) if len(set(roles) & set(EXCLUSIVE_ROLES)) <= 1
)
PEOPLE = tuple(
    Actor(Subject(department=department, user=UserId("u"), roles=roles, auth_level=2), confirmed)
    for roles, department, confirmed in product(ROLE_SETS, DEPARTMENTS, (False, True))
)
NOTHING = AuditReach()
HIDDEN = {"subject", "user", "filter", "client_address", "duration_microseconds", "request_id", "case", "operator"}
DUTIES = Duties()


@cache
def reach(actor: Actor) -> AuditReach:
    try:
        return reach_of(DUTIES, actor, PROVIDERS)
    except Forbidden:
        return NOTHING


@pytest.fixture(scope="module", params=range(4))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with generated_world(Random(request.param), tmp_path_factory.mktemp("log")) as made:
        yield made


def place_of(record: Record) -> Place:
    return Place(record["writer"], record["sequence"])


@pytest.mark.clause("threats.md T65")
@pytest.mark.clause("ND-29")
def test_every_role_set_sees_of_every_record_what_the_rule_says(world: World) -> None:
    assert len(PEOPLE) > 900
    disagreements, compared = list[object](), 0
    for actor, record in product(PEOPLE, world.records):
        compared += 1
        shown = shown_members(reach(actor), record)
        entries = seen_entries(actor, record)
        if entries is None or shown is None:
            disagreements += [] if entries is None and shown is None else [(actor, record)]
            continue
        parts = shown.get("parts") or []
        assert isinstance(parts, list)
        found = {str(shown["entry"]), *(str(part["entry"]) for part in parts if isinstance(part, dict))}
        is_whole = shown == record
        if found != entries or is_whole != sees_whole(actor, record) or (not is_whole and not is_hidden(shown)):
            disagreements.append((actor, record))
    assert disagreements == []
    assert compared == len(PEOPLE) * len(world.records)


def is_hidden(shown: Mapping[str, object]) -> bool:
    """Whether what a provider sees holds nothing of others' values, people and places."""
    text = str(shown)
    return not HIDDEN & shown.keys() and not any(word in text for word in ("secret", "hmac", "192.0.2.1"))


def people_by_reach() -> dict[AuditReach, Actor]:
    """One person for each reach that there is."""
    return {reach(actor): actor for actor in PEOPLE if reach(actor) != NOTHING}


def every_page(world: World, mine: AuditReach, search: Search) -> list[Place]:
    found, wanted = list[Place](), search
    while True:
        page = read_page(world.reading, mine, wanted)
        assert len(page.records) <= search.limit
        found += [record.place for record in page.records]
        if page.next is None:
            return found
        wanted = replace(search, after=page.next)


SEARCHES = (
    Search(limit=7),
    Search(limit=100, entry="e0"),
    Search(limit=3, entry="e1", decision=Outcome.DENY),
    Search(limit=5, department="d0"),
    Search(limit=5, department="d1", entry="e2"),
    Search(limit=100, purpose="verification"),
    Search(limit=4, since=MOMENT + timedelta(hours=5), until=MOMENT + timedelta(hours=20), entry="e3"),
    Search(limit=100, subject="application:d2"),
)


def is_asked(search: Search, record: Record, entries: set[str]) -> bool:
    time = datetime.fromisoformat(record["time"])
    named = {"department": search.department, "decision": search.decision, "subject": search.subject}
    return (
        all(value in (None, record[name]) for name, value in named.items())
        and search.purpose in (None, record.get("purpose"))
        and (search.entry is None or search.entry in entries)
        and (search.since is None or time >= search.since)
        and (search.until is None or time < search.until)
    )


@pytest.mark.clause("threats.md T65")
@pytest.mark.parametrize("search", SEARCHES, ids=range(len(SEARCHES)))
def test_pages_hold_all_that_may_be_seen_and_nothing_else(world: World, search: Search) -> None:
    assert len(people_by_reach()) == 4
    for mine, actor in people_by_reach().items():
        seen = [(record, seen_entries(actor, record)) for record in world.records]
        expected = [place_of(record) for record, entries in seen if entries and is_asked(search, record, entries)]
        assert every_page(world, mine, search) == expected


def test_acts_are_found_by_their_kind(world: World) -> None:
    for kind in (Act.SIGNED_IN, Act.FROZEN, Act.AUDIT_READ):
        expected = [place_of(record) for record in world.records if record.get("act") == kind]
        assert every_page(world, AuditReach(everything=True), Search(act=kind, limit=2)) == expected


@pytest.mark.clause("threats.md T65")
def test_one_record_is_read_only_by_who_may_and_a_page_begins_behind_no_other(world: World) -> None:
    for mine, actor in people_by_reach().items():
        for record in world.records:
            is_seen = seen_entries(actor, record) is not None
            place = place_of(record)
            assert (read_record(world.reading, mine, place) is not None) == is_seen
            if not is_seen:
                with pytest.raises(BadInput, match=f"there is no record `{place.receipt}`"):
                    read_page(world.reading, mine, Search(after=place))
        assert read_record(world.reading, mine, Place(99, 1)) is None


def uses(actor: Actor, record: Record) -> Iterator[tuple[str, int]]:
    """Each entry that the request used, as far as the actor sees it, with its rows."""
    entries = seen_entries(actor, record) or set()
    if "act" in record:
        return
    if record["entry"] in entries:
        yield record["entry"], record["rows"]
    linked = Counter[str]()
    for part in record["parts"]:
        linked[part["entry"]] += part["rows"]
    yield from ((entry, rows) for entry, rows in linked.items() if entry in entries)


def is_within(time: datetime, question: StatisticsQuestion) -> bool:
    since, until = question.since, question.until
    return (since is None or time >= since) and (until is None or time < until)


def counted(actor: Actor, world: World, question: StatisticsQuestion) -> dict[str | None, Count]:
    found = dict[str | None, Count]()
    for record in world.records:
        time = datetime.fromisoformat(record["time"])
        if not is_within(time, question):
            continue
        for entry, rows in uses(actor, record):
            if question.entry not in (None, entry) or question.department not in (None, record["department"]):
                continue
            day = (time + timedelta(hours=8)).date().isoformat()
            key = {"entry": entry, "department": record["department"], "purpose": record.get("purpose"), "day": day}
            before = found.get(key[question.by], Count(key[question.by], 0, 0, 0))
            denied = before.denied + (record["decision"] == "deny")
            found[before.key] = Count(before.key, before.uses + 1, denied, before.rows + rows)
    return found


@pytest.mark.clause("threats.md T5")
@pytest.mark.clause("threats.md T65")
@pytest.mark.parametrize("by", Grouping)
@pytest.mark.parametrize(
    "narrowed",
    [{}, {"entry": "e1"}, {"department": "d0"}, {"since": MOMENT + timedelta(hours=9)}, {"until": MOMENT}],
    ids=["all", "an entry", "a department", "since", "until"],
)
def test_statistics_are_counts_of_what_may_be_seen(world: World, by: Grouping, narrowed: dict[str, object]) -> None:
    question = StatisticsQuestion(by=by, **narrowed)  # type: ignore[arg-type]
    for mine, actor in people_by_reach().items():
        found = read_statistics(world.reading, mine, question)
        assert {count.key: count for count in found} == counted(actor, world, question)
        assert len({count.key for count in found}) == len(found)
        if by is Grouping.DAY:
            assert [count.key for count in found] == sorted((str(count.key) for count in found), reverse=True)
        else:
            assert [count.uses for count in found] == sorted((count.uses for count in found), reverse=True)


def test_statistics_are_bounded(world: World) -> None:
    for by in Grouping:
        question = StatisticsQuestion(by=by, limit=1)
        assert len(read_statistics(world.reading, AuditReach(everything=True), question)) == 1


def test_statistics_read_one_index_of_each_table(world: World) -> None:
    for mine, question in product(
        people_by_reach(),
        (StatisticsQuestion(by=Grouping.ENTRY, entry="e1", since=MOMENT), StatisticsQuestion(by=Grouping.DEPARTMENT)),
    ):
        engine = world.reading.connection.engine
        text = str(compile_statistics(mine, question).compile(engine, compile_kwargs={"literal_binds": True}))
        plan = " ".join(str(row[3]) for row in world.reading.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
        assert "USING COVERING INDEX ix_audit_records_day" in plan
        assert "USING COVERING INDEX ix_audit_parts_day" in plan


@pytest.mark.clause("threats.md T65")
def test_applications_and_the_public_read_nothing() -> None:
    for subject in (
        Subject(),
        Subject(department=DEPARTMENTS[0], application=ApplicationId("a"), roles=(Role.AUDITOR, Role.HEAD)),
    ):
        with pytest.raises(Forbidden):
            reach_of(DUTIES, Actor(subject, confirmed=True), PROVIDERS)
