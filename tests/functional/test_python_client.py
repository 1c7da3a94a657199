"""`gql`, the client that Python has, against a real server: schema by introspection, documents built from it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.dsl import DSLQuery, DSLSchema, dsl_gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport
from graphql import GraphQLError, build_schema, lexicographic_sort_schema, print_schema

from tests.fixtures.client_portal import BEYOND, address_of, client_portal, token_of_checker
from tests.oracle.runner import PortalProcess

PAGE = """
  query Page($after: String) {
    shared {
      villages(orderBy: [{code: DESC}], first: 3, after: $after) {
        nodes { code population }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with client_portal(tmp_path_factory.mktemp("portal")) as process:
        yield process


@pytest.fixture(scope="module")
def client(portal: PortalProcess) -> Client:
    """A client of the checker that knows the checker's schema."""
    client = client_with(portal, token_of_checker(portal))
    with client:
        return client


def client_with(portal: PortalProcess, token: str, *, fetch_schema: bool = True) -> Client:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/graphql-response+json"}
    transport = HTTPXTransport(address_of(portal), headers=headers)
    return Client(transport=transport, fetch_schema_from_transport=fetch_schema)


def errors_of(client: Client, request: GraphQLRequest) -> list[tuple[Any, Any]]:
    """Path and extensions of the errors that the client raises."""
    with pytest.raises(TransportQueryError) as raised:
        client.execute(request)
    return [(error.get("path"), error["extensions"]) for error in raised.value.errors or ()]


@pytest.mark.heavy
def test_introspection_gives_the_schema_that_the_portal_prints(client: Client, portal: PortalProcess) -> None:
    assert client.schema is not None
    printed = build_schema(portal.run("schema", "--application", "checker").stdout)
    assert print_schema(lexicographic_sort_schema(client.schema)) == print_schema(lexicographic_sort_schema(printed))


@pytest.mark.heavy
def test_document_built_from_the_schema_is_answered(client: Client) -> None:
    assert client.schema is not None
    names = DSLSchema(client.schema)
    residents = names.Shared.residents(purpose="VERIFICATION", where={"born": {"lt": "1970-01-01"}}, first=1)
    nodes = names.residents_connection.nodes.select(names.residents.name, names.residents.born, names.residents.income)
    request = dsl_gql(DSLQuery(names.Query.shared.select(residents.select(nodes))))
    answer = {"nodes": [{"name": "合成己六", "born": "1960-01-01", "income": "0.00"}]}
    assert client.execute(request) == {"shared": {"residents": answer}}


@pytest.mark.heavy
def test_schema_knows_no_item_when_it_is_out_of_sight(client: Client) -> None:
    assert client.schema is not None
    with pytest.raises(AttributeError, match="id_number"):
        _ = DSLSchema(client.schema).residents.id_number
    with pytest.raises(GraphQLError, match="Cannot query field 'id_number'"):
        client.execute(gql("{ shared { residents { nodes { id_number } } } }"))


@pytest.mark.heavy
def test_client_reads_pages_until_the_end(client: Client) -> None:
    rows, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = client.execute(GraphQLRequest(PAGE, variable_values={"after": after}))["shared"]["villages"]
        rows += page["nodes"]
        pages, after = pages + 1, page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    assert pages == 2
    assert [row["population"] for row in rows] == [120, None, BEYOND, 120]


@pytest.mark.heavy
def test_client_is_told_code_path_and_items_when_refused(client: Client) -> None:
    code = {"code": "PURPOSE_REQUIRED", "items": ["code", "name"]}
    request = gql("{ shared { residents { nodes { code name } } villages { totalCount } } }")
    assert errors_of(client, request) == [(["shared", "residents"], code)]
    with pytest.raises(TransportQueryError) as raised:
        client.execute(request)
    assert raised.value.data == {"shared": {"residents": None, "villages": {"totalCount": 4}}}


@pytest.mark.heavy
def test_client_is_told_when_a_record_has_ended(client: Client) -> None:
    request = gql("{ shared { cases(purpose: VERIFICATION) { nodes { code } } } }")
    assert errors_of(client, request) == [(["shared", "cases"], {"code": "EXPIRED", "items": ["code"]})]


@pytest.mark.heavy
def test_client_is_told_when_its_token_has_ended(portal: PortalProcess) -> None:
    client = client_with(portal, token_of_checker(portal, "--ttl", "1"), fetch_schema=False)
    time.sleep(1)
    assert errors_of(client, gql("{ me { application } }")) == [(None, {"code": "UNAUTHENTICATED"})]
