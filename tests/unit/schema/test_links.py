"""Links in schemas: one type object a name, links of the view alone, and what no link touches is kept."""

from collections.abc import Mapping

import pytest
from graphql import GraphQLObjectType, parse, print_schema, validate

from portal.policies.information_point import DataTable, EntryState
from portal.policies.snapshot import EntryView
from portal.resolvers.everybody import static_schema
from portal.schema.assembly import SchemaAssembler, named_views
from portal.vocabulary import EntryIdentifier
from tests.fixtures.planned_links import linked_entries

PURPOSES = ("verification",)
ENTRIES = linked_entries()


def views(**hidden: set[str]) -> Mapping[EntryIdentifier, EntryView]:
    """The view of every entry, without the items that are hidden; an entry without items isn't there."""
    shown = {
        identifier: EntryView(
            EntryState(entry, 1, False, DataTable(f"dataset_{identifier}", 0)),
            tuple(item for item in entry.items if item.identifier not in hidden.get(identifier, ())),
        )
        for identifier, entry in ENTRIES.items()
    }
    return {identifier: view for identifier, view in shown.items() if view.items}


def assembler() -> SchemaAssembler:
    return SchemaAssembler(static_schema(), lambda *_: None)


def names(document: str, view: Mapping[EntryIdentifier, EntryView]) -> list[str]:
    return [str(each.entry.identifier) for each in named_views(document, view)[0]]


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("{shared {villages {nodes {code}}}}", ["villages"]),
        ("{shared {villages {nodes {street {name}}}}}", ["streets", "villages"]),
        ("{shared {villages {nodes {street {area {name}}}}}}", ["areas", "streets", "villages"]),
        ("{shared {villages {nodes {area {name}}}}}", ["villages"]),  # no link of villages, and none leads to streets
        ("{shared {visits {nodes {whom {village {street {name}}}}}}}", ["streets", "villages", "residents", "visits"]),
        ("fragment F on streets {name}", ["streets"]),
        ("query ($k: [visits_key!]!) {shared {areas_by_key(code: 1) {name}}}", ["areas", "visits"]),
        ("{shared {areas_by_keys(keys: []) {name}}}", ["areas"]),
    ],
)
def test_entries_that_links_in_the_text_lead_to_are_in_its_schema(document: str, named: list[str]) -> None:
    assert names(document, views()) == named


def test_links_lead_only_where_the_view_does() -> None:
    text = "{shared {villages {nodes {street {name}}}}}"
    assert names(text, views(streets={"code"})) == ["villages"]
    assert names(text, views(villages={"street_code"})) == ["villages"]
    assert names(text, views(streets={"code", "name", "area_code"})) == ["villages"]


def node(schema_of: SchemaAssembler, view: Mapping[EntryIdentifier, EntryView], *identifiers: str) -> GraphQLObjectType:
    """The first entry's type in the schema of these entries."""
    chosen = [view[EntryIdentifier(identifier)] for identifier in identifiers]
    found = schema_of.assemble(chosen, PURPOSES, whole=False).schema.get_type(identifiers[0])
    assert isinstance(found, GraphQLObjectType)
    return found


def test_types_without_links_are_kept_and_those_with_links_belong_to_their_schema() -> None:
    made = assembler()
    areas = node(made, views(), "areas")
    assert node(made, views(), "areas", "villages") is areas
    assert node(made, views(), "areas", "visits") is areas
    linked = node(made, views(), "areas", "streets")
    assert linked is not areas
    assert set(linked.fields) - set(areas.fields) == {"streets"}
    assert node(made, views(), "areas") is areas


def test_schema_of_cycles_has_one_type_a_name() -> None:
    schema = assembler().assemble([*views().values()], PURPOSES, whole=True).schema
    streets = schema.get_type("streets")
    villages = schema.get_type("villages")
    assert isinstance(streets, GraphQLObjectType)
    assert isinstance(villages, GraphQLObjectType)
    assert villages.fields["street"].type is streets
    connection = streets.fields["villages"].type
    assert str(connection) == "villages_connection!"
    assert connection.of_type is schema.get_type("villages_connection")
    assert set(streets.fields["villages"].args) == {"where", "orderBy", "first"}
    assert print_schema(schema).count("type villages ") == 1
    depth = "{shared {villages {nodes {street {villages {nodes {street {area {streets {totalCount}}}}}}}}}}"
    assert validate(schema, parse(depth)) == []


def test_field_of_a_link_is_there_only_with_every_join_item_on_either_side() -> None:
    def fields(identifier: str, **hidden: set[str]) -> set[str]:
        view = views(**hidden)
        found = assembler().assemble([*view.values()], PURPOSES, whole=True).schema.get_type(identifier)
        assert isinstance(found, GraphQLObjectType)
        return set(found.fields)

    assert {"village", "visits"} <= fields("residents")
    assert "visits" not in fields("residents", residents={"division"})
    assert "visits" not in fields("residents", visits={"resident"})
    assert "village" in fields("residents", visits={"resident"})
    assert "village" not in fields("residents", villages={"code"})
