"""One golden case: its world, and what becomes of its request on the way through the portal."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from portal.access.asker import Asker
from portal.access.executing import Executed
from portal.access.planning import SharedField, plan_query
from portal.access.selections import Document
from portal.access.shaping import Shaped, ShapedRows
from portal.access.sqlite_source import SqliteSource
from portal.access.statement import Read
from portal.bundles.reading import read_bundle
from portal.errors import BadInput, Language
from portal.identity.claims import SubjectKind, TokenClaims
from portal.policies.matching import Request
from portal.resolvers.endpoint import Endpoint, Operation
from portal.resolvers.everybody import static_schema
from portal.resolvers.operation import answer_operation
from portal.resolvers.over_http import render_payload
from portal.resolvers.schemas import Schemas
from portal.resolvers.shared import Info, coercion, resolve_shared_field
from portal.schema.assembly import SchemaAssembler
from portal.vocabulary import EntryIdentifier, Environment
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import sharing_bundle
from tests.fixtures.small_bundle import BundleDraft
from tests.golden.rendering import render_decision, render_plan, render_reads

HASH = re.compile(r"\b[0-9a-f]{32}\b")


@dataclass(frozen=True)
class Case:
    """A request, who asks it, and in which world."""

    request: str
    by: str | None
    variables: dict[str, object]
    policies: dict[str, dict[str, Any]]
    entries: dict[str, dict[str, Any]]

    def draft(self) -> BundleDraft:
        """Return the sharing bundle with the case's policies, and its changes of entries and their items."""
        draft = sharing_bundle()
        draft.policies = {name: {"id": name, **_dated(record)} for name, record in self.policies.items()}
        for identifier, changes in self.entries.items():
            entry = draft.entries[identifier]
            items = changes.get("items", {})
            entry.update({key: value for key, value in changes.items() if key != "items"})
            for item in entry["items"]:
                item.update(items.get(item["identifier"], {}))
        return draft


def _dated(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with dates such as `10 days ago` as of now."""

    def date_of(text: str) -> str:
        days = re.fullmatch(r"(\d+) days ago", text)
        return (
            text if days is None else (datetime.now(UTC) - timedelta(days=int(days[1]))).isoformat(timespec="seconds")
        )

    return {key: date_of(value) if key.startswith("valid_") else value for key, value in record.items()}


@dataclass(frozen=True)
class Outcome:
    """What golden files hold of a case, by file name."""

    files: Mapping[str, str]


def load_case(folder: Path) -> Case:
    """Return the case of a folder."""
    world = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    return Case(
        (folder / "request.graphql").read_text(encoding="utf-8"),
        world["by"],
        world.get("variables", {}),
        world["policies"],
        world.get("entries", {}),
    )


class WatchedSource(SqliteSource):
    """A source that tells what it was asked to read."""

    reads: list[Read]

    async def execute(self, read: Read) -> Executed:
        """Return what the read gives."""
        self.reads.append(read)
        return await super().execute(read)


@dataclass
class Watch:
    """Notes the plan and decision of each field on its way to the road."""

    plans: list[str] = field(default_factory=list)

    async def resolve(self, parent: object, info: Info, **arguments: object) -> Shaped | ShapedRows | None:
        """Answer a field of `shared` as the portal does."""
        context = info.context
        state = context.view[EntryIdentifier(info.field_name)].state
        document = Document(info.fragments, cast("Mapping[str, object]", info.variable_values), coercion(info))
        try:
            plan = plan_query(state, SharedField(tuple(info.field_nodes), arguments, document))
        except BadInput as refused:
            self.plans.append(f"{info.field_name}\n  can't be planned: {refused.text.en}\n")
        else:
            environment = Environment(context.now, context.network_zone, context.asker.client_address)
            decision = context.point.decide(Request(context.subject, plan.action, environment), plan.use)
            self.plans.append(render_plan(plan) + render_decision(decision))
        return await resolve_shared_field(parent, info, **arguments)


def run_case(case: Case, folder: Path) -> Outcome:
    """Return what becomes of the case, in a new portal below the folder."""
    draft = case.draft()
    reading = read_bundle(draft.write(folder / "check"), datetime.now(UTC))
    if reading.faults:
        faults = [fault.render(Language.ENGLISH) for fault in reading.faults]
        return _outcome("the bundle can't be loaded\n", [], {"faults": faults})
    with open_world(draft, folder) as world:
        return _ask(world, case)


def _ask(world: PortalWorld, case: Case) -> Outcome:
    watch, settings = Watch(), world.settings
    source = WatchedSource(settings.data_url, 1, settings.statement_timeout_seconds)
    source.reads = []
    road = replace(world.portal.road, source=source)
    endpoint = Endpoint(
        road,
        world.portal.endpoint.bounds,
        world.portal.endpoint.office,
        schemas=Schemas(SchemaAssembler(static_schema(), watch.resolve)),
    )
    operation = Operation(case.request, case.variables)
    answer = world.run(answer_operation(endpoint, _asker(case.by), operation, Language.ENGLISH))
    source.close()
    return _outcome("\n".join(watch.plans) or "no field of `shared` is reached\n", source.reads, answer.payload)


def _asker(by: str | None) -> Asker:
    address = ip_address("192.0.2.1")
    if by is None:
        return Asker(None, address, "golden")
    kind, _, name = by.partition(":")
    expires = datetime(9999, 1, 1, tzinfo=UTC)
    return Asker(TokenClaims(SubjectKind(kind), name, None, None, expires, "golden"), address, "golden")


def _outcome(plan: str, reads: list[Read], answer: object) -> Outcome:
    shown = json.dumps(_without_chance(_plain(answer)), ensure_ascii=False, indent=2)
    return Outcome({"plan.txt": plan, "query.sql": render_reads(reads), "answer.json": shown + "\n"})


def _plain(answer: object) -> object:
    """Return the answer as JSON that was read back."""
    return json.loads(render_payload(cast("dict[str, object]", answer)))


def _without_chance(value: object, key: str = "") -> object:
    """Return the answer without what is another each time: receipts, cursors, hashes under the portal's secret."""
    match value:
        case dict():
            return {name: _without_chance(member, name) for name, member in value.items()}
        case list():
            return [_without_chance(member, key) for member in value]
        case str() if key == "receipt":
            return "RECEIPT"
        case str() if key in ("cursor", "endCursor"):
            return "CURSOR"
        case str():
            return HASH.sub("HASH", value)
        case _:
            return value
