"""The clients that developers use, against a real server: Apollo Client and urql with types from `portal schema`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.client_portal import BEYOND, address_of, client_portal, token_of_checker
from tests.fixtures.node import run_script, try_script, working_copy
from tests.oracle.runner import PortalProcess

FOLDER = Path(__file__).with_name("clients")
TSC = "node_modules/typescript/bin/tsc"
VERIFIED = [["r01", "合成甲一", "9999990101"], ["r03", "合成丙三", "9999990102"]]
REFUSED = {"path": ["shared", "residents"]} | {
    "extensions": {"code": "PURPOSE_REQUIRED", "items": ["code", "name", "division"]}
}

# What a developer may get wrong, a line each, and what the compiler then says.
WRONG = {
    'import type { Purpose, ResidentsQuery, VillagesQueryVariables } from "./generated.ts";': None,
    'export type Row = NonNullable<ResidentsQuery["shared"]["residents"]>["nodes"][number];': None,
    "export const right = (row: Row): string | null => row.name;": None,
    "export const field = (row: Row) => row.nmae;": "TS2339",
    "export const hidden = (row: Row) => row.id_number;": "TS2339",
    "export const nullable = (row: Row): string => row.name;": "TS2322",
    "export const argument: VillagesQueryVariables = { after: 7 };": "TS2322",
    'export const purpose: Purpose = "CURIOSITY";': "TS2322",
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with client_portal(tmp_path_factory.mktemp("portal")) as process:
        yield process


@pytest.fixture(scope="module")
def clients(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clients with what is generated from the schema of the application that asks."""
    folder = working_copy(FOLDER, tmp_path_factory.mktemp("clients") / "typescript")
    schema = portal.run("schema", "--application", "checker")
    (folder / "schema.graphql").write_text(schema.stdout, encoding="utf-8")
    run_script(folder, "generate.mjs", "schema.graphql", "documents.graphql", "generated.ts")
    return folder


@pytest.fixture(scope="module")
def apollo(clients: Path, portal: PortalProcess) -> dict[str, Any]:
    return ask(clients, portal, "apollo.ts")


@pytest.fixture(scope="module")
def urql(clients: Path, portal: PortalProcess) -> dict[str, Any]:
    return ask(clients, portal, "urql.ts")


def ask(clients: Path, portal: PortalProcess, script: str) -> dict[str, Any]:
    """What a client says of the portal, asking with a token of the checker."""
    answer: dict[str, Any] = json.loads(run_script(clients, script, address_of(portal), token_of_checker(portal)))
    return answer


def cells(rows: list[dict[str, Any]]) -> list[list[Any]]:
    """The rows without what a client adds to ask for their type."""
    return [[value for name, value in row.items() if name != "__typename"] for row in rows]


@pytest.mark.heavy
def test_generated_types_compile_strictly_in_both_clients(clients: Path) -> None:
    assert run_script(clients, TSC, "--project", ".") == ""


@pytest.mark.heavy
def test_compiler_refuses_when_field_or_argument_is_wrong(clients: Path, tmp_path: Path) -> None:
    folder = working_copy(FOLDER, tmp_path / "typescript")
    (folder / "generated.ts").write_bytes((clients / "generated.ts").read_bytes())
    (folder / "wrong.ts").write_text("\n".join(WRONG), encoding="utf-8")
    said = re.findall(
        r"^(\S+)\((\d+),\d+\): error (TS\d+)", try_script(folder, TSC, "--project", ".").stdout, re.MULTILINE
    )
    wrong = [("wrong.ts", str(line), code) for line, code in enumerate(WRONG.values(), start=1) if code]
    assert said == wrong


@pytest.mark.heavy
def test_generation_refuses_when_document_names_an_item_out_of_sight(clients: Path) -> None:
    (clients / "hidden.graphql").write_text("query { shared { residents { nodes { id_number } } } }", encoding="utf-8")
    done = try_script(clients, "generate.mjs", "schema.graphql", "hidden.graphql", "hidden.ts")
    assert done.returncode != 0
    assert 'Cannot query field "id_number" on type "residents"' in done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_client_reads_pages_and_sees_refusals(request: pytest.FixtureRequest, client: str) -> None:
    told = request.getfixturevalue(client)
    assert cells(told["pages"]) == [
        ["99999904", "北村", 120, "0.10", "1950-10-01", False],
        ["99999903", "南村", None, None, None, None],
        ["99999902", "西社区", str(BEYOND), "12.25", "1984-01-01", True],
        ["99999901", "东村", 120, "3.50", "1950-10-01", False],
    ]
    assert [exchange["status"] for exchange in told["exchanges"]] == [200, 200]
    assert {exchange["type"] for exchange in told["exchanges"]} == {"application/graphql-response+json; charset=utf-8"}
    assert told["refused"]["errors"] == [REFUSED]
    assert told["wrong"]["errors"] == [{"extensions": {"code": "UNAUTHENTICATED"}}]
    # Apollo's error doesn't tell the status.
    assert told["wrong"].get("status") == (401 if client == "urql" else None)


@pytest.mark.heavy
@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_client_keeps_answers_of_two_purposes_apart(request: pytest.FixtureRequest, client: str) -> None:
    told = request.getfixturevalue(client)
    safe = {name: cells(rows) for name, rows in told["safe"].items()}
    assert safe["first"] == safe["again"] == VERIFIED
    assert [name for _, name, _ in safe["masked"]] == ["合***", "合***"]
    assert told["asked"] == 2, "the third answer is to come from the cache"


@pytest.mark.heavy
def test_apollo_mixes_purposes_when_rows_have_keys_of_their_own(apollo: dict[str, Any]) -> None:
    assert cells(apollo["mixed"]["first"]) == VERIFIED
    assert apollo["mixed"]["again"] == apollo["mixed"]["masked"]
    assert sorted(apollo["known"]) == ["ROOT_QUERY", *(f'villages:{{"code":"9999990{n}"}}' for n in range(1, 5))]


@pytest.mark.heavy
def test_client_is_answered_when_it_waits_as_told(clients: Path, portal: PortalProcess) -> None:
    limited = PortalProcess(portal.home, {"PORTAL_PUBLIC_REQUESTS_PER_SECOND": "1"})
    limited.start()
    try:
        told = json.loads(run_script(clients, "patient.ts", address_of(limited)))
    finally:
        limited.stop()
    # On a busy machine a second may pass between two requests, and the later one is answered.
    assert ["RATE_LIMITED"] in told["hasty"]
    assert {(exchange["status"], exchange["retryAfter"]) for exchange in told["exchanges"]} == {(200, None), (429, "1")}
    assert told["patient"] == [4] * len(told["hasty"])
