"""`portal data replace` and `portal data append`, on both databases: whole or not at all, by whose duty it is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal.audit.searching import Search, reading_log, search_records
from portal.bundles.store import PortalStore
from portal.catalog.columns import column_specs
from portal.identity.keys import load_keys
from portal.settings import Settings, load_settings
from portal.storage.data_store import StoredRow, data_table, read_dataset
from portal.storage.database import open_sync_database
from portal.storage.tables import changes
from tests.fixtures.command_line import CommandLine, Ended
from tests.fixtures.loaded_store import VILLAGES, states, tables
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.small_bundle import CONSUMER, PROVIDER, content_of, small_bundle

HEADER = "code,name,note"
COLUMNS = HEADER.split(",")
VILLAGE_CODES = "{ shared { villages { totalCount nodes { code note } } } }"


@dataclass(frozen=True)
class Office:
    """A loaded portal, and its command line."""

    command: CommandLine
    environ: dict[str, str]

    @property
    def settings(self) -> Settings:
        return load_settings({**self.command.environ, **self.environ}, None)

    @property
    def store(self) -> PortalStore:
        secret = load_keys(self.settings.key_file).digest_secret
        return PortalStore(self.settings.owner_database_url, self.settings.owner_data_url, secret)

    def __call__(self, *words: str | Path) -> Ended:
        return self.command(*words, **self.environ)  # type: ignore[arg-type]  # names of settings

    def bring(self, act: str, text: str, *options: str, by: str = "manager") -> Ended:
        """Bring in a file with these lines."""
        file = self.command.home.parent / "rows.csv"
        file.write_text(text, encoding="utf-8")
        return self("data", act, "villages", file, "--by", by, *options)

    def bring_table(self, act: str, rows: list[tuple[str | None, ...]], *options: str, name: str = "parquet") -> Ended:
        """Bring in a Parquet file with these rows, of the columns `code`, `name` and `note`."""
        file = self.command.home.parent / f"rows.{name}"
        pq.write_table(pa.table([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], COLUMNS), file)
        return self("data", act, "villages", file, "--by", "manager", *options)

    def villages(self) -> list[StoredRow]:
        """Return the rows of the entry with their numbers."""
        state = states(content_of(self.store))[VILLAGES]
        engine = open_sync_database(self.store.data_url)
        try:
            with engine.connect() as connection:
                return [*read_dataset(connection, data_table(state.table.name, column_specs(state.entry)))]
        finally:
            engine.dispose()

    def answer(self) -> object:
        """Return what the consumer is answered."""
        ended = self("query", "--application", "checker", self.document())
        return json.loads(ended.out)["data"]["shared"]["villages"]

    def document(self) -> Path:
        file = self.command.home.parent / "query.graphql"
        file.write_text(VILLAGE_CODES.replace("villages {", "villages(purpose: VERIFICATION) {"), encoding="utf-8")
        return file

    def acts(self) -> list[dict[str, object]]:
        """Return the audit's records of acts, newest first."""
        with reading_log(self.settings.database_url) as log:
            found = [json.loads(each.text) for each in search_records(log, Search(limit=50))]
        return [record for record in found if "act" in record]


def load_portal(tmp_path: Path, environ: dict[str, str]) -> Office:
    draft = small_bundle()
    draft.users += [
        f"manager,信息资源管理员,{PROVIDER},information_manager,1,government",
        f"stranger,他部门管理员,{CONSUMER},information_manager,1,government",
    ]
    opened = Office(CommandLine(tmp_path / "home"), environ)
    assert opened("load", draft.write(tmp_path / "bundle")).code == 0
    return opened


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return load_portal(tmp_path, {})


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """The same on either database; PostgreSQL's has accounts of its own for owner, servers and administrators."""
    if request.param == "sqlite":
        yield load_portal(tmp_path, {})
        return
    with set_up_portal(request.getfixturevalue("postgres")) as environ:
        yield load_portal(tmp_path, environ)


def check_exported(office: Office, tmp_path: Path, wanted: int) -> None:
    """See that an export is the present state, and loads again to no change."""
    assert office("export", tmp_path / "export").code == 0
    lines = (tmp_path / "export" / "data" / "villages.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == wanted + 1
    ended = office("load", tmp_path / "export")
    assert (ended.code, ended.out) == (0, "nothing changed\n")


def test_rows_are_replaced_and_keep_their_numbers(either: Office, tmp_path: Path) -> None:
    ended = either.bring("replace", f"{HEADER}\n99999901,东村,\n99999904,北村,新\n99999903,南村,\n", "--reason", "月度")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "`villages`: 3 rows before, 3 after; 1 added, 1 removed, 1 changed\n"
    numbers = {row[1]: row[0] for row in either.villages()}
    assert (numbers["99999901"], numbers["99999903"]) == (1 << 20, 3 << 20)
    assert numbers["99999904"] == 2 << 20
    check_exported(either, tmp_path, 3)


def test_rows_are_appended_behind_those_that_are_there(either: Office, tmp_path: Path) -> None:
    before = either.villages()
    ended = either.bring("append", "note,code,name\n新,99999904,北村\n,99999900,中村\n")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "`villages`: 3 rows before, 5 after; 2 added, 0 removed, 0 changed\n"
    assert either.villages() == [
        *before,
        (4 << 20, "99999904", "北村", "新"),
        (5 << 20, "99999900", "中村", None),
    ]
    check_exported(either, tmp_path, 5)


def test_another_append_goes_behind_the_first(either: Office) -> None:
    for number in range(4, 7):
        ended = either.bring("append", f"{HEADER}\n9999990{number},村,\n")
        assert (ended.code, ended.err) == (0, "")
    assert [row[1] for row in either.villages()] == [f"9999990{number}" for number in range(1, 7)]


@pytest.mark.parametrize("act", ["replace", "append"])
def test_faulty_file_changes_nothing_and_every_fault_is_told(office: Office, act: str) -> None:
    before, named = office.villages(), tables(office.store)
    ended = office.bring(act, f"{HEADER}\n99999907,{'x' * 61},\n,北村,\n99999908,a,\n99999908,b,\n99999909\n")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        (
            f"rows.csv:2 name: `{'x' * 61}` has 61 characters, 60 are allowed; "
            "correct the cell, or the item in the catalog"
        ),
        "rows.csv:3 code: the key is empty; write it",
        "rows.csv:5 code: the key is that of line 4; keep one of the two",
        "rows.csv:6: 1 cells, the header has 3; write a cell for each column; quote a cell with a comma",
        "faults: 4; nothing was changed",
    ]
    assert (office.villages(), tables(office.store), ended.out) == (before, named, "")


def test_nothing_is_appended_whose_key_is_there(either: Office) -> None:
    before = either.villages()
    ended = either.bring("append", f"{HEADER}\n99999904,北村,\n99999903,南村,\n99999901,东村,\n")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        f"rows.csv:{line} code: a row with this key is there already; "
        "remove the line, or replace all rows by `portal data replace`"
        for line in (3, 4)
    ] + ["faults: 2; nothing was changed"]
    assert either.villages() == before


@pytest.mark.parametrize(
    ("act", "counts"),
    [
        ("replace", "3 rows before, 2 after; 1 added, 2 removed, 1 changed"),
        ("append", "3 rows before, 4 after; 1 added, 0 removed, 0 changed"),
    ],
)
def test_trial_says_what_would_change_and_writes_nothing(office: Office, act: str, counts: str) -> None:
    before, named = content_of(office.store), tables(office.store)
    more = "99999901,别村,\n" if act == "replace" else ""
    ended = office.bring(act, f"{HEADER}\n{more}99999904,北村,\n", "--dry-run")
    assert (ended.code, ended.out) == (0, f"`villages`: {counts}\nnothing was written: it was a trial\n")
    assert (content_of(office.store), tables(office.store)) == (before, named)
    assert "rows_replaced" not in str(office.acts())


def test_what_was_done_is_on_record(office: Office) -> None:
    assert office.bring("append", f"{HEADER}\n99999904,北村,\n", "--reason", "补录").code == 0
    (done,) = [record for record in office.acts() if record["act"] == "rows_appended"]
    assert (done["user"], done["entry"], done["target"]) == ("manager", VILLAGES, f"entry:{VILLAGES}")
    details = done["details"]
    assert isinstance(details, dict)
    assert {name: details[name] for name in ("rows_before", "rows", "added", "epoch", "reason")} == {
        "rows_before": 3,
        "rows": 4,
        "added": 1,
        "epoch": 2,
        "reason": "补录",
    }
    engine = open_sync_database(office.store.database_url)
    with engine.connect() as connection:
        last = connection.execute(changes.select().order_by(changes.c.id.desc()).limit(1)).one()
    engine.dispose()
    assert (last.made_by, last.reason, json.loads(last.summary)) == (
        "manager",
        "补录",
        {"datasets": {"new": [], "changed": [VILLAGES], "withdrawn": []}},
    )


@pytest.mark.clause("threats.md T29")
@pytest.mark.parametrize("by", ["stranger", "keeper", "clerk"])
def test_nobody_brings_in_rows_whose_duty_it_is_not(office: Office, by: str) -> None:
    before = office.villages()
    for options in ([], ["--dry-run"]):
        ended = office.bring("replace", f"{HEADER}\n", *options, by=by)
        assert ended.code != 0
        assert "rows" not in ended.out
    assert office.villages() == before
    refused = [record for record in office.acts() if record["act"] == "administration_refused"]
    assert [(record["user"], record["target"]) for record in refused] == [(by, f"entry:{VILLAGES}")] * 2


def test_what_is_asked_for_wrongly_is_refused_in_a_sentence(office: Office, tmp_path: Path) -> None:
    ended = office.bring("replace", f"{HEADER}\n", by="nobody")
    assert (ended.code, ended.err) == (
        2,
        "`nobody` isn't registered as a user; name one who is, with `--by`\n",
    )
    ended = office("data", "append", "hamlets", tmp_path / "rows.csv", "--by", "manager")
    assert (ended.code, ended.err) == (2, "no catalog entry `hamlets`; name one by its identifier\n")
    ended = office("data", "append", "villages", tmp_path / "none.csv", "--by", "manager")
    assert ended.code == 2
    assert "can't be read (No such file or directory); name a CSV file" in ended.err


def test_consumers_read_the_new_rows_at_once(either: Office) -> None:
    assert either.bring("replace", f"{HEADER}\n99999909,新村,有\n").code == 0
    assert either.answer() == {"totalCount": 1, "nodes": [{"code": "99999909", "note": "有"}]}


def test_parquet_replaces_rows_as_csv_does(either: Office, tmp_path: Path) -> None:
    rows: list[tuple[str | None, ...]] = [
        ("99999901", "东村", None),
        ("99999904", "北村", "新"),
        ("99999903", "南村", ""),
    ]
    trial = either.bring_table("replace", rows, "--dry-run")
    counts = "`villages`: 3 rows before, 3 after; 1 added, 1 removed, 1 changed\n"
    assert (trial.code, trial.out) == (0, f"{counts}nothing was written: it was a trial\n")
    ended = either.bring_table("replace", rows)
    assert (ended.code, ended.out, ended.err) == (0, counts, "")
    assert [row[1:] for row in either.villages()] == [rows[0], rows[1], rows[2]]
    (done,) = [record for record in either.acts() if record["act"] == "rows_replaced"]
    lines = '99999901,东村,\n99999904,北村,新\n99999903,南村,""\n'
    assert either.bring("replace", f"{HEADER}\n{lines}").out.endswith("0 added, 0 removed, 0 changed\n")
    again, *_ = [record for record in either.acts() if record["act"] == "rows_replaced"]
    assert _detail(done, "digest") == _detail(again, "digest")
    check_exported(either, tmp_path, 3)


def _detail(record: dict[str, object], name: str) -> object:
    details = record["details"]
    assert isinstance(details, dict)
    return details[name]


def test_parquet_is_appended_and_nothing_comes_twice(either: Office) -> None:
    before = either.villages()
    rows: list[tuple[str | None, ...]] = [("99999904", "北村", None), ("99999905", "中村", "新")]
    ended = either.bring_table("append", rows, "--format", "parquet", name="delivered")
    assert (ended.code, ended.out) == (0, "`villages`: 3 rows before, 5 after; 2 added, 0 removed, 0 changed\n")
    assert either.villages() == [*before, (4 << 20, *rows[0]), (5 << 20, *rows[1])]
    again = either.bring_table("append", [("99999907", "别村", None), *rows])
    assert (again.code, again.out) == (2, "")
    assert again.err.splitlines() == [
        f"rows.parquet:{row} code: a row with this key is there already; "
        "remove the row, or replace all rows by `portal data replace`"
        for row in (2, 3)
    ] + ["faults: 2; nothing was changed"]
    assert len(either.villages()) == 5


@pytest.mark.parametrize("act", ["replace", "append"])
def test_faulty_parquet_changes_nothing_and_every_fault_is_told(office: Office, act: str) -> None:
    before, named = office.villages(), tables(office.store)
    rows: list[tuple[str | None, ...]] = [
        ("99999907", "x" * 61, None),
        (None, "北村", None),
        ("1", "a", None),
        ("1", "b", None),
    ]
    ended = office.bring_table(act, rows)
    assert ended.code == 2
    assert ended.err.splitlines() == [
        (
            f"rows.parquet:1 name: `{'x' * 61}` has 61 characters, 60 are allowed; "
            "correct the cell, or the item in the catalog"
        ),
        "rows.parquet:2 code: the key is empty; write it",
        "rows.parquet:4 code: the key is that of row 3; keep one of the two",
        "faults: 3; nothing was changed",
    ]
    assert (office.villages(), tables(office.store), ended.out) == (before, named, "")


def test_format_is_that_of_the_option_and_else_of_the_ending(office: Office) -> None:
    refused = office.bring("replace", f"{HEADER}\n", "--format", "xlsx")
    assert (refused.code, refused.err) == (2, "`--format xlsx` is none of `csv`, `parquet`\n")
    taken_for_csv = office.bring_table("replace", [("99999904", "北村", None)], name="data")
    assert taken_for_csv.code == 2
    taken_for_parquet = office.bring("replace", f"{HEADER}\n", "--format", "parquet")
    assert taken_for_parquet.err.startswith("rows.csv: the file can't be read as Parquet, or isn't whole; ")
    ended = office("data", "replace", "villages", office.command.home / "none.PARQUET", "--by", "manager")
    assert "can't be read (No such file or directory); name a Parquet file" in ended.err
