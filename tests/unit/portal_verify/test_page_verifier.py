"""The pages' verifier of proofs against `portal-verify`: both are given the same proofs, sound and altered."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from portal.audit.proving import prove_record
from portal.audit.searching import Place, load_record
from portal.storage.database import open_sync_database
from portal_verify.receipt import ReceiptFlaw, verify_receipt
from tests.fixtures.node import NODE
from tests.unit.audit.evidence_logs import make_chains
from tests.unit.audit.logs import KEY, OTHER_KEY, public_pem

SCRIPT = Path(__file__).with_name("page_verifier.mjs")
RECORDS = 8
FLIPS = 3000


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Proofs of records of two chains."""
    engine = open_sync_database(make_chains(tmp_path_factory.mktemp("proofs") / "log").url)
    with engine.connect() as connection:
        places = [Place(writer, number) for writer in (1, 2) for number in range(1, RECORDS // 2 + 1)]
        found = [prove_record(connection, load_record(connection, one), [KEY.public_key()]) for one in places]
    engine.dispose()
    assert all(one.document for one in found)
    return [one.document.encode() for one in found]


def by_page(documents: Sequence[bytes], folder: Path, keys: bytes) -> list[dict[str, Any]]:
    """Return the verdicts of what the pages verify with."""
    (folder / "keys.pem").write_bytes(keys)
    given = b"\n".join(b64encode(one) for one in documents)
    command = [str(NODE), str(SCRIPT), str(folder / "keys.pem")]
    done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    verdicts: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(verdicts) == len(documents)
    return verdicts


def flaw_of(document: bytes, keys: bytes) -> str | None:
    flaw = verify_receipt(document, keys).flaw
    return None if flaw is None else flaw.value


def test_sound_proofs_are_sound_for_the_pages_and_say_the_same(proofs: list[bytes], tmp_path: Path) -> None:
    keys = public_pem(OTHER_KEY) + public_pem(KEY)
    for document, verdict in zip(proofs, by_page(proofs, tmp_path, keys), strict=True):
        expected = verify_receipt(document, keys)
        shown = verdict["shown"]
        assert (verdict["flaw"], expected.flaw) == (None, None)
        assert (shown["receipt"], shown["record"], shown["checkpoint"], shown["signedAt"]) == (
            expected.receipt,
            expected.record,
            expected.checkpoint,
            expected.signed_at,
        )
        assert shown["key"] == KEY.public_key().public_bytes_raw().hex()
        assert shown["links"] == len(json.loads(document)["segment"]["digests"])


def test_nothing_is_sound_by_another_portals_key(proofs: list[bytes], tmp_path: Path) -> None:
    verdicts = by_page(proofs, tmp_path, public_pem(OTHER_KEY))
    assert {one["flaw"] for one in verdicts} == {"signature"}


def test_flipped_bits_are_judged_alike(proofs: list[bytes], tmp_path: Path) -> None:
    chance, altered = Random(20261), []
    for _ in range(FLIPS):
        octets = bytearray(chance.choice(proofs))
        octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
        altered.append(bytes(octets))
    assert_judged_alike(altered, tmp_path)


def test_altered_members_are_judged_alike(proofs: list[bytes], tmp_path: Path) -> None:
    altered = [changed for one in (proofs[0], proofs[-1]) for changed in with_other_members(one)]
    altered += [with_head_of_another(first, second) for first in proofs for second in proofs if first != second]
    flaws = assert_judged_alike(altered, tmp_path)
    assert flaws >= {one.value for one in ReceiptFlaw if one is not ReceiptFlaw.SIGNATURE}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"writer":2', b'"writer":2.0'),
        (b'"writer":2', b'"writer":2e0'),
        (b'"writer":2', b'"writer":true'),
        (b'"writer":2', b'"writer":9007199254740993'),
        (b'"writer":2', b'"writer":-2'),
        (b'"writer":2', b'"writer":NaN'),
        (b'"writer":2', b'"writer":"2"'),
        (b'"record":"', b'"record":"\\ud800'),
        (b'"record":"', b'"record":"\xff'),
        (b'"record":"', b'"record":"\\ufeff'),
    ],
)
def test_number_or_text_of_another_form_is_refused(
    proofs: list[bytes], tmp_path: Path, before: bytes, after: bytes
) -> None:
    altered = proofs[-1].replace(before, after, 1) if b"record" in before else _last(proofs[-1], before, after)
    assert altered != proofs[-1]
    keys = public_pem(KEY)
    [verdict] = by_page([altered], tmp_path, keys)
    assert verdict["flaw"] is not None
    assert flaw_of(altered, keys) is not None


def _last(document: bytes, before: bytes, after: bytes) -> bytes:
    return after.join(document.rsplit(before, 1))


def with_other_members(document: bytes) -> Iterator[bytes]:
    """Yield the proof with each member left out, and each with values that aren't its own."""
    values: list[object] = [None, "", "00" * 32, "00" * 64, 0, 1, -1, True, [], [1], ["00" * 32], {}, "{}"]
    members = json.loads(document)
    paths = [(name,) for name in members] + [
        (name, inner) for name in ("segment", "checkpoint") for inner in members[name]
    ]
    for path in (*paths, ("more",), ("segment", "more"), ("checkpoint", "more")):
        for value in (*values, KeyError):
            changed = json.loads(document)
            within = changed if len(path) == 1 else changed[path[0]]
            if value is KeyError:
                within.pop(path[-1], None)
            else:
                within[path[-1]] = value
            yield json.dumps(changed).encode()


def with_head_of_another(document: bytes, other: bytes) -> bytes:
    """Return a proof with the other's text beside its own chain."""
    return json.dumps(json.loads(document) | {"record": json.loads(other)["record"]}).encode()


def assert_judged_alike(documents: Sequence[bytes], folder: Path) -> set[str]:
    """See that both judge each alike; return the flaws that were found."""
    keys = public_pem(KEY)
    verdicts = [one["flaw"] for one in by_page(documents, folder, keys)]
    expected = [flaw_of(one, keys) for one in documents]
    differing = [(one, *pair) for one, *pair in zip(documents, expected, verdicts, strict=True) if pair[0] != pair[1]]
    assert differing == []
    return {flaw for flaw in expected if flaw is not None}
