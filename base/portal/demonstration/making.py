"""The demonstration's bundle as a folder: what stands in `content/`, with rows drawn and agreements signed."""

import csv
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from portal.agreements.signing import make_authority, sign_agreement
from portal.demonstration.case_files import draw_case_files
from portal.demonstration.divisions import LEVELS, arrange_places, read_level
from portal.demonstration.drafts import date_draft, read_drafts, signing_time
from portal.demonstration.legal_persons import draw_legal_persons
from portal.demonstration.licences import draw_licences
from portal.demonstration.residents import draw_residents
from portal.demonstration.rows import Row, write_rows
from portal.json_text import render_json
from portal.vocabulary import DepartmentCode

CONTENT = Path(__file__).parent / "content"
RESIDENTS, LEGAL_PERSONS, LICENCES, CASE_FILES = 12_000, 4_000, 3_940, 60
"""How many synthetic rows are drawn: 20,000 in all."""

_AUTHORITY_NAME = "演示认证机构"
_AUTHORITY_PAST, _AUTHORITY_FUTURE = timedelta(days=1000), timedelta(days=3650)
"""The authority is older than the oldest signature, and outlasts every agreement."""


def make_bundle(folder: Path, now: datetime) -> None:
    """Write the demonstration's bundle into an empty folder.

    Rows are the same whenever it is made; periods lie around the day of `now`. Its authority and its parties are made
    for it and their private keys forgotten, so nobody can sign in their names again.
    """
    shutil.copytree(CONTENT, folder, dirs_exist_ok=True)
    (folder / "data").mkdir()
    for entry, rows in draw_datasets():
        write_rows(folder / "data" / f"{entry}.csv", rows)
    _write_agreements(folder, now)


def draw_datasets() -> Iterator[tuple[str, Sequence[Row]]]:
    """Yield the rows of each entry that has some, by its identifier."""
    divisions = {level: read_level(level) for level in LEVELS}
    yield from divisions.items()
    places = arrange_places(divisions)
    yield "residents", list(draw_residents(places, RESIDENTS))
    legal_persons = list(draw_legal_persons(places, LEGAL_PERSONS))
    yield "legal_persons", [legal_person.cells for legal_person in legal_persons]
    yield "licences", list(draw_licences(legal_persons, LICENCES))
    yield "case_files", list(draw_case_files(places, CASE_FILES))


def _write_agreements(folder: Path, now: datetime) -> None:
    drafts = read_drafts()
    authority = make_authority(_AUTHORITY_NAME, now - _AUTHORITY_PAST, now + _AUTHORITY_FUTURE)
    signers = {code: authority.certify(code, name) for code, name in _department_names()}
    for path, content in authority.files().items():
        target = folder / "keys" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (folder / "agreements").mkdir()
    for draft in drafts:
        parties = {role: signers[code] for role, code in draft.parties.items()}
        signed = sign_agreement(date_draft(draft, now), parties, signing_time(draft, now))
        (folder / "agreements" / f"{draft.id}.json").write_text(render_json(signed, indent=2) + "\n", encoding="utf-8")


def _department_names() -> Iterator[tuple[DepartmentCode, str]]:
    with (CONTENT / "departments.csv").open(encoding="utf-8", newline="") as file:
        yield from ((DepartmentCode(row["code"]), row["name"]) for row in csv.DictReader(file))
