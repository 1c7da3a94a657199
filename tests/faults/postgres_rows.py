"""R29: rows of policies are changed live, behind the portal's back."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from psycopg import sql

from tests.faults.fault import Bench, Fault, Result
from tests.faults.postgres_lane import FULL, postgres_lane, result_of
from tests.faults.serving import Server
from tests.faults.traffic import Seen, ask

Admin = psycopg.Connection[tuple[object, ...]]

CORRUPTIONS_MADE = (
    ("policy_records", "id", "items", json.dumps(["*"])),
    ("policy_records", "id", "consumer_code", "any"),
    ("policy_records", "id", "purposes", json.dumps(["nothing"])),
    ("policy_records", "id", "basis", "其他依据"),
    ("policy_records", "id", "valid_until", "2999-01-01T00:00:00Z"),
    ("departments", "code", "region", "999998"),
    ("catalog_entries", "code", "name", "其他"),
)
"""Table, its key, column, and what all of its rows say then."""


def run_corruptions(bench: Bench, trials: int, seed: int) -> Result:
    """Change rows so often, let the portal read them, and put them back."""
    violations: list[str] = []
    with (
        postgres_lane(bench, f"postgres-rows-{seed}") as lane,
        lane.serving() as server,
        psycopg.connect(lane.cluster.admin_url, autocommit=True) as admin,
    ):
        for trial in range(trials):
            made = CORRUPTIONS_MADE[(trial + seed) % len(CORRUPTIONS_MADE)]
            faults = _corrupt_once(admin, server, lane.bench.world.token, made)
            violations += [f"trial {trial}, {made[0]}.{made[2]}: {fault}" for fault in faults]
    return result_of(trials, violations)


def _corrupt_once(admin: Admin, server: Server, token: str, made: tuple[str, str, str, str]) -> list[str]:
    """Return what was wrong with the answers while the rows were others, and after that."""

    def asked() -> Seen:
        with closing(server.connect()) as connection:
            return ask(connection, token)

    faults = []
    with _corrupted(admin, *made):
        # Another epoch has it read the rows; its own again leaves nothing wrong but them.
        for change in (1, -1):
            admin.execute("UPDATE epoch SET value = value + %s", (change,))
            seen = asked()
            if seen.rows or set(seen.codes) != {"POLICY_UNAVAILABLE"}:
                faults.append(f"answered {seen}")
    started = time.monotonic()
    seen = asked()
    if seen.rows != FULL:
        faults.append(f"{time.monotonic() - started:.1f} s after the rows are whole again: {seen}")
    return faults


@contextmanager
def _corrupted(admin: Admin, table: str, key: str, column: str, value: str) -> Iterator[None]:
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key), "column": sql.Identifier(column)}
    admin.execute(sql.SQL("CREATE TABLE kept AS TABLE {table}").format(**names))
    admin.execute(sql.SQL("UPDATE {table} SET {column} = %s").format(**names), (value,))
    try:
        yield
    finally:
        back = (
            "UPDATE {table} SET {column} = kept.{column} FROM kept"
            " WHERE kept.{key} = {table}.{key} AND kept.version = {table}.version"
        )
        admin.execute(sql.SQL(back).format(**names))
        admin.execute("DROP TABLE kept")


CORRUPTIONS = Fault(
    "changed rows",
    "R29",
    "rows of policies, departments, entries changed in the database, under the same epoch and under another",
    "POLICY_UNAVAILABLE while it lasts; answers again as soon as the rows are whole",
    run_corruptions,
    share=7,
    full=70,
)
