"""Kept plans and statements: the same for the same request alone, and never of entries or grants that changed."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from portal.access.granting import Grant
from portal.access.kept_reads import KeptReads
from portal.access.plan import Part, QueryPlan
from portal.access.planning import FieldKind, SharedField
from portal.access.statement import Position, Read, Window
from portal.errors import BadInput
from portal.policies.information_point import EntryState
from portal.vocabulary import EntryIdentifier
from tests.fixtures.linked_bundle import linked_bundle
from tests.fixtures.planned import EVERYTHING, compiled, entry_of, shared_field, state_of
from tests.fixtures.sharing_bundle import residents

NAMES = "{residents(where: {code: {eq: $code}}) {nodes {code name}}}"
STATE = state_of(entry_of(residents()))
LINKED = {
    EntryIdentifier(entry.identifier): state_of(entry) for entry in map(entry_of, linked_bundle().entries.values())
}


def planned(kept: KeptReads, field: SharedField, state: EntryState = STATE) -> QueryPlan:
    return kept.plan(state, field, LINKED.__getitem__)


def with_arguments(field: SharedField, arguments: Mapping[str, object]) -> SharedField:
    """Return the same field of the same document, with other arguments."""
    return replace(field, arguments=arguments)


def test_plan_is_made_once_for_the_same_field_and_arguments() -> None:
    kept, field = KeptReads(), shared_field(NAMES, {"code": "r001"})
    first = planned(kept, field)

    again = planned(kept, with_arguments(field, {"where": {"code": {"eq": "r001"}}}))

    assert again is first


def test_plan_is_anothers_when_the_document_is_another() -> None:
    kept = KeptReads()
    one, other = shared_field("{residents {nodes {code}}}"), shared_field("{residents {nodes {name}}}")
    assert planned(kept, one).selected == ("code",)
    assert planned(kept, other).selected == ("name",)


ALIKE = ("1", 1, True, 1.0, Decimal(1), Decimal("1.0"), None, [1], [[1]], {"a": 1})


@pytest.mark.parametrize("value", ALIKE, ids=repr)
def test_plan_is_never_that_of_a_value_which_equals_this_one(value: object) -> None:
    kept, field = KeptReads(), shared_field("{residents {nodes {code}}}")
    for other in ALIKE:
        if other is not value:
            _plan_or_refusal(kept, with_arguments(field, {"first": other}))

    assert _plan_or_refusal(kept, with_arguments(field, {"first": value})) == _plan_or_refusal(
        KeptReads(), with_arguments(field, {"first": value})
    )


def _plan_or_refusal(kept: KeptReads, field: SharedField) -> object:
    try:
        return planned(kept, field)
    except BadInput as refused:
        return refused.text


def test_variables_of_directives_tell_plans_apart() -> None:
    kept = KeptReads()
    field = shared_field("{residents {nodes {code name @include(if: $named)}}}", {"named": True})
    without = replace(field, document=replace(field.document, variables={"named": False}))
    assert planned(kept, field).selected == ("code", "name")
    assert planned(kept, without).selected == ("code",)


def test_kinds_of_fields_tell_plans_apart() -> None:
    kept, field = KeptReads(), shared_field("{residents {nodes {code}}}")
    rows = shared_field('{residents_by_key(code: "r001") {code}}')
    by_key = replace(rows, kind=FieldKind.ROW)
    assert planned(kept, field).keys is None
    assert planned(kept, by_key).keys == (("r001",),)


def test_plan_is_made_again_when_the_entry_is_another_version() -> None:
    kept, field = KeptReads(), shared_field(NAMES, {"code": "r001"})
    first, changed = planned(kept, field), replace(STATE, version=2)

    again = planned(kept, field, changed)

    assert again is not first
    assert again.state is changed
    assert planned(kept, field, changed) is again


def test_plan_is_made_again_when_a_linked_entry_is_another_version() -> None:
    kept, villages = KeptReads(), LINKED[EntryIdentifier("villages")]
    field = shared_field("{villages {nodes {code street {name}}}}")
    field = replace(field, document=replace(field.document, arguments=lambda _type, _node: {}))
    first = kept.plan(villages, field, LINKED.__getitem__)
    assert kept.plan(villages, field, LINKED.__getitem__) is first

    (link,) = first.links
    moved = {**LINKED, link.link.target: replace(link.plan.state, version=2)}

    assert kept.plan(villages, field, moved.__getitem__).links[0].plan.state.version == 2


def test_long_arguments_are_planned_each_time() -> None:
    kept = KeptReads()
    long = shared_field(NAMES, {"code": "x" * 5000})
    assert planned(kept, long) is not planned(kept, long)
    assert not kept.plans


TRANSFERRED = shared_field(NAMES, {"code": "r001"})


def part_of(number: int, after: str | None = None) -> SharedField:
    """Return the field of a part of a transfer."""
    field = replace(TRANSFERRED, part=Part(1000, number * 1000, 5000, "basis"))
    return with_arguments(field, {**field.arguments, **({} if after is None else {"after": after})})


def test_parts_of_a_transfer_are_planned_once_and_differ_in_their_place_alone() -> None:
    kept, fields = KeptReads(), (part_of(0), part_of(1, "cursor one"), part_of(2, "cursor two"))

    plans = [planned(kept, each) for each in fields]

    assert len(kept.plans) == 1
    assert plans[0].base is plans[1].base is plans[2].base
    assert [plan.after for plan in plans] == [None, "cursor one", "cursor two"]
    assert plans == [planned(KeptReads(), each) for each in fields]
    assert [plan.part for plan in plans] == [each.part for each in fields]
    assert plans[0].action.mode == "exchange"


def test_part_and_page_of_the_same_field_are_planned_apart() -> None:
    kept = KeptReads()
    page = planned(kept, replace(part_of(0), part=None))
    assert page.action.mode == "query"
    assert planned(kept, part_of(0)).action.mode == "exchange"
    assert planned(kept, replace(part_of(0), part=None)) is page


def grant_of(kept: KeptReads) -> Grant:
    return Grant(planned(kept, shared_field(NAMES, {"code": "r001"})), EVERYTHING, (), (), 100, 100)


class Compiling:
    """Compiles, and counts how often."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant
        self.times = 0

    def __call__(self, after: Position | None) -> Read:
        self.times += 1
        return compiled(self.grant.plan, self.grant.permit, Window(1000, after))


def test_statement_is_compiled_once_for_the_same_grant() -> None:
    kept = KeptReads()
    grant = grant_of(kept)
    compiling = Compiling(grant)

    first = kept.read(grant, None, compiling)

    assert kept.read(replace(grant), None, compiling) is first
    assert compiling.times == 1


def test_statement_is_compiled_anew_for_another_permit_page_or_plan() -> None:
    kept = KeptReads()
    grant = grant_of(kept)
    compiling = Compiling(grant)
    kept.read(grant, None, compiling)

    for other in (
        replace(grant, permit=replace(EVERYTHING)),
        replace(grant, rows=99),
        replace(grant, groups=(7,)),
        replace(grant, smallest_group=5),
        replace(grant, plan=replace(grant.plan)),
        replace(grant, links=(grant,)),
    ):
        before = compiling.times
        kept.read(other, None, compiling)
        assert compiling.times == before + 1


def test_statement_after_a_cursor_is_compiled_each_time_and_so_is_that_of_a_part_without_base() -> None:
    kept = KeptReads()
    grant = grant_of(kept)
    compiling = Compiling(grant)
    of_part = replace(grant, plan=replace(grant.plan, part=Part(1000)))

    for _ in range(2):
        kept.read(grant, Position((), 3), compiling)
        kept.read(of_part, None, compiling)

    assert compiling.times == 4
    assert not kept.reads


ORDERED = "{residents(orderBy: [{name: DESC}, {code: ASC}]) {nodes {code name}}}"


def test_statement_of_parts_is_compiled_once_and_filled_in_as_if_it_were_compiled_for_each() -> None:
    kept = KeptReads()
    field = shared_field(ORDERED, {})
    positions = [Position(("周", "r007"), 7), Position(("李", "r009"), 12), Position(("李' OR 1", "r"), 0)]
    compilings = []
    for number, position in enumerate(positions):
        plan = planned(kept, replace(with_arguments(field, {**field.arguments, "after": str(number)}), part=Part(1000)))
        grant = Grant(plan, EVERYTHING, (), (), 100, 100)
        compilings.append(Compiling(grant))
        read = kept.read(grant, position, compilings[-1])
        assert read.rows == compiled(plan, EVERYTHING, Window(1000, position)).rows

    assert [each.times for each in compilings] == [1, 0, 0]


def test_missing_value_in_a_position_is_never_filled_in_where_another_was_compared() -> None:
    kept = KeptReads()
    plan = planned(kept, replace(shared_field(ORDERED, {}), part=Part(1000)))
    grant = Grant(plan, EVERYTHING, (), (), 100, 100)
    for position in (Position(("周", "r007"), 7), Position((None, "r007"), 7), Position((None, None), 7)):
        assert (
            kept.read(grant, position, Compiling(grant)).rows == compiled(plan, EVERYTHING, Window(1000, position)).rows
        )
