"""A schema is put together of types that were made before: an added entry brings its own, and no other is made anew."""

from dataclasses import replace

from portal.policies.information_point import DataTable, EntryState
from portal.policies.snapshot import EntryView
from portal.resolvers.everybody import static_schema
from portal.schema.assembly import SHARED_TYPE, SchemaAssembler
from portal.vocabulary import EntryCode, EntryIdentifier
from tests.policies.building import entry

PURPOSES = ("verification",)
ROOTS = {"Query", "Mutation", SHARED_TYPE}


def view(number: int, version: int = 1) -> EntryView:
    """The view of an entry without links, all of its items."""
    made = replace(
        entry(), code=EntryCode(f"303001001/{number:05}"), identifier=EntryIdentifier(f"entry_{number:03}"), links=()
    )
    return EntryView(EntryState(made, version, False, DataTable(f"dataset_{number}", 0)), made.items)


def made_anew(assembler: SchemaAssembler, before: list[EntryView], after: list[EntryView]) -> set[str]:
    """Return the names of the types that the schema of one view has and that of the other hadn't."""
    former, latter = (assembler.assemble(views, PURPOSES, whole=True).schema.type_map for views in (before, after))
    return {name for name, made in latter.items() if former.get(name) is not made} - ROOTS


def test_schema_makes_types_of_the_added_entry_alone() -> None:
    views = [view(number) for number in range(50)]
    anew = made_anew(SchemaAssembler(static_schema(), lambda *_: None), views, [*views, view(50)])
    assert "entry_050" in anew
    assert all(name.startswith("entry_050") for name in anew)


def test_schema_makes_types_of_the_changed_entry_alone() -> None:
    views = [view(number) for number in range(50)]
    changed = [*views[:7], view(7, version=2), *views[8:]]
    anew = made_anew(SchemaAssembler(static_schema(), lambda *_: None), views, changed)
    assert "entry_007" in anew
    assert all(name.startswith("entry_007") for name in anew)
