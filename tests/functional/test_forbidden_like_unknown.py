"""What a subject may not know of is answered byte for byte as what isn't there (T58, T59; enforcement.md §5, view)."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, KEEPER, OUTSIDER, ROAMER, sharing_bundle
from tests.functional.refused import assert_refused

PAIRS = 200

ITEM_PLACES = {
    "selected": "{shared{@E{nodes{@N}}}}",
    "beside others": "{shared{@E{totalCount nodes{code @N}}}}",
    "aliased": "{shared{@E{nodes{a: @N}}}}",
    "below edges": "{shared{@E{edges{node{@N}}}}}",
    "in an inline fragment": "{shared{@E{nodes{... on @E{@N}}}}}",
    "in a fragment": "{shared{@E{nodes{...F}}}} fragment F on @E{@N}",
    "in a nested fragment": "{shared{@E{...G}}} fragment G on @E_connection{nodes{...F}} fragment F on @E{@N}",
    "skipped": "{shared{@E{nodes{code @N @skip(if: true)}}}}",
    "not included": "{shared{@E{nodes{code ... @include(if: false){@N}}}}}",
    "with a selection": "{shared{@E{nodes{@N{x}}}}}",
    "with an argument": "{shared{@E{nodes{@N(x: 1)}}}}",
    "filtered": '{shared{@E(where: {@N: {eq: "x"}}){nodes{code}}}}',
    "filtered by null": "{shared{@E(where: {@N: {isNull: true}}){totalCount}}}",
    "filtered by an operator that isn't there": '{shared{@E(where: {@N: {like: "x"}}){totalCount}}}',
    "filtered below and": '{shared{@E(where: {and: [{@N: {startsWith: "9"}}]}){totalCount}}}',
    "filtered below or": '{shared{@E(where: {or: [{code: {eq: "r01"}}, {@N: {in: ["x"]}}]}){totalCount}}}',
    "filtered below not": '{shared{@E(where: {not: {@N: {gt: "5"}}}){totalCount}}}',
    "filtered in an operation not asked for": "query A{me{user}} query B{shared{@E(where: {@N: null}){totalCount}}}",
    "ordered by": "{shared{@E(orderBy: [{@N: ASC}]){nodes{code}}}}",
    "ordered by second": "{shared{@E(orderBy: [{code: ASC}, {@N: DESC}]){totalCount}}}",
    "grouped by": "{shared{@E{groups(by: [@N]){count}}}}",
    "grouped by under an alias": "{shared{@E{code: groups(by: [code, @N]){code: key}}}}",
    "filtered in groups": "{shared{@E{groups(by: [code], where: {@N: {isNull: true}}){count}}}}",
    "as an argument": "{shared{@E(@N: 1){totalCount}}}",
    "in the connection": "{shared{@E{@N}}}",
}
ENTRY_PLACES = {
    "counted": "{shared{@N{totalCount}}}",
    "selected": "{shared{@N{nodes{code}}}}",
    "beside another": "{shared{villages{totalCount} @N{totalCount}}}",
    "aliased": "{shared{a: @N{__typename}}}",
    "without selection": "{shared{@N}}",
    "with arguments": '{shared{@N(first: 1, where: {code: {eq: "x"}}){totalCount}}}',
    "in a fragment": "{shared{...F}} fragment F on Shared{@N{totalCount}}",
    "as a fragment's type": "{me{user}} fragment F on @N{code}",
    "as a connection": "{shared{villages{... on @N_connection{totalCount}}}}",
    "as an edge": "{shared{villages{edges{... on @N_edge{cursor}}}}}",
    "as the type of a variable": "query($w: @N_where){me{user}}",
    "as the type of an order": "query($w: [@N_order!]){me{user}}",
    "as the type of items to group by": "query($w: [@N_item!]!){me{user}}",
    "its items by introspection": '{__type(name: "@N_item"){name enumValues{name}}}',
    "in a text": '{catalogEntry(code: "@N"){code}}',
    "by introspection": '{__type(name: "@N"){name fields{name}}}',
    "its filter by introspection": '{__type(name: "@N_where"){name inputFields{name}}}',
    "as a root field": "{@N{totalCount}}",
    "as a directive": "{me{user @@N}}",
}
HIDDEN_ITEMS = [(CHECKER, "residents", "id_number"), (OUTSIDER, "residents", "income"), (None, "villages", "note")]
HIDDEN_ENTRIES = [
    *((CHECKER, name) for name in ("cases", "plans")),
    *((OUTSIDER, name) for name in ("plans",)),
    *((None, name) for name in ("residents", "cases", "plans")),
    *((ROAMER, name) for name in ("cases", "plans")),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def unknown_name(random: Random, like: str) -> str:
    """Return a name that nothing has, as long as the other."""
    return "".join(random.choice("jqvwxz") for _ in like)


def ask(world: PortalWorld, form: str, name: str, by: str | None, entry: str = "") -> tuple[Answer, bytes]:
    """Return the answer, and its body with the name taken out."""
    answer = world.ask(form.replace("@@N", f"@{name}").replace("@N", name).replace("@E", entry), by=by)
    return answer, answer.content.replace(name.encode(), b"NAME")


def test_hidden_items_are_answered_as_unknown_ones_in_every_place(world: PortalWorld) -> None:
    random = Random(58)
    asked = 0

    for by, entry, hidden in HIDDEN_ITEMS:
        for place, form in ITEM_PLACES.items():
            for _ in range(4):
                answer, body = ask(world, form, hidden, by, entry)
                unknown, unknown_body = ask(world, form, unknown_name(random, hidden), by, entry)
                assert (answer.status, body) == (unknown.status, unknown_body), (by, place)
                assert_refused(answer, "NOT_VALID")
                asked += 1

    assert asked >= PAIRS


def test_hidden_entries_are_answered_as_unknown_ones_in_every_place(world: PortalWorld) -> None:
    random = Random(59)
    asked = 0

    for by, hidden in HIDDEN_ENTRIES:
        for place, form in ENTRY_PLACES.items():
            for _ in range(2):
                answer, body = ask(world, form, hidden, by)
                unknown, unknown_body = ask(world, form, unknown_name(random, hidden), by)
                assert (answer.status, body) == (unknown.status, unknown_body), (by, hidden, place)
                asked += 1

    assert asked >= PAIRS


@pytest.mark.parametrize(("by", "entry", "hidden"), HIDDEN_ITEMS, ids=repr)
@pytest.mark.parametrize("variable", ["where", "orderBy"])
def test_hidden_items_in_variables_are_answered_as_unknown_ones(
    world: PortalWorld, by: str | None, entry: str, hidden: str, variable: str
) -> None:
    form, value = (f"{entry}_where", {"eq": "x"}) if variable == "where" else (f"[{entry}_order!]", "ASC")
    document = f"query($v: {form}) {{shared {{{entry}({variable}: $v) {{totalCount}}}}}}"
    unknown = unknown_name(Random(60), hidden)

    bodies = []
    for name in (hidden, unknown):
        member: dict[str, object] = {name: value}
        given: object = member if variable == "where" else [member]
        answer = world.ask(document, by=by, variables={"v": given})
        assert_refused(answer, "BAD_INPUT")
        bodies.append(answer.content.replace(name.encode(), b"NAME"))
    assert bodies[0] == bodies[1]


def test_suggestions_name_nothing(world: PortalWorld) -> None:
    for by in (CHECKER, OUTSIDER, None):
        for text in ("{shared{resident{totalCount}}}", "{shared{villages{nodes{cod}}}}", "{shared{case{totalCount}}}"):
            assert b"Did you mean" not in world.ask(text, by=by).content
        for text in ("{shared{villages(wher: {}){totalCount}}}", "{shared{villages(where: {cod: {}}){totalCount}}}"):
            assert b"Did you mean" not in world.ask(text, by=by).content


def names_shown(world: PortalWorld, by: str | None) -> set[str]:
    """Return every name of a type, field or input that introspection shows."""
    document = "{__schema{types{name fields{name args{name}} inputFields{name} enumValues{name}}}}"
    shown: set[str] = set()
    for kind in world.ask(document, by=by).data["__schema"]["types"]:
        shown.add(kind["name"])
        for member in [*(kind["fields"] or []), *(kind["inputFields"] or []), *(kind["enumValues"] or [])]:
            shown.add(member["name"])
    return shown


def test_introspection_shows_what_the_view_holds_and_no_more(world: PortalWorld) -> None:
    shown = {by: names_shown(world, by) for by in (CHECKER, OUTSIDER, ROAMER, KEEPER, None)}

    assert {"residents", "income", "residents_where", "villages", "note"} <= shown[CHECKER]
    assert {"id_number", "cases", "plans", "suspect", "cases_where"}.isdisjoint(shown[CHECKER])
    assert {"residents", "name", "cases"} <= shown[OUTSIDER]
    assert {"income", "suspect", "plans", "born"}.isdisjoint(shown[OUTSIDER])
    assert {"id_number", "cases", "plans", "suspect", "title"} <= shown[KEEPER]
    assert {"villages", "area"} <= shown[None]
    assert {"residents", "note", "income", "cases", "plans"}.isdisjoint(shown[None])


@pytest.mark.parametrize("by", [CHECKER, OUTSIDER, None])
def test_catalog_hides_nothing_from_departments_and_what_is_not_open_from_the_public(
    world: PortalWorld, by: str | None
) -> None:
    codes = {
        entry: f"303001001/{number:05}" for number, entry in enumerate(("villages", "residents", "cases"), start=1)
    }

    for entry, code in codes.items():
        found = world.ask(f'{{catalogEntry(code: "{code}") {{identifier}}}}', by=by).data["catalogEntry"]
        assert found == ({"identifier": entry} if by is not None or entry == "villages" else None)
    missing = world.ask('{catalogEntry(code: "303001001/09999") {identifier}}', by=by).data["catalogEntry"]
    assert missing is None


def test_cell_that_a_scope_hides_shows_in_no_count_order_or_page(world: PortalWorld) -> None:
    document = '{shared {residents(purpose: VERIFICATION, where: {code: {gte: "r09"}}) {totalCount nodes {code}}}}'

    assert world.ask(document, by=CHECKER).data["shared"]["residents"] == {"totalCount": 0, "nodes": []}
    assert world.ask(document, by=ROAMER).data["shared"]["residents"] == {"totalCount": 0, "nodes": []}
