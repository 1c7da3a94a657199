"""Files that aren't an agreement's, each fault named, before any signature is looked at (T21)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from portal.agreements.agreement import SigningRole
from portal.agreements.reading import MAX_FILE_BYTES, read_agreement
from portal.errors import Fault
from tests.fixtures.authority import FILE, agreement_document, file_of, signed

MISSING = object()


def faults_of(content: bytes, file: str = FILE) -> list[Fault]:
    agreement, faults = read_agreement(content, file)
    assert (agreement is None) is bool(faults)
    assert all(fault.what.zh and fault.mend.zh and fault.file == file for fault in faults)
    return faults


def set_member(path: str, value: object) -> bytes:
    """Return a signed agreement with one member set, or left out, by a path such as `terms.items`."""
    document = signed()
    holder: Any = document
    *outer, last = path.split(".")
    for name in outer:
        holder = holder[int(name)] if name.isdigit() else holder[name]
    if value is MISSING:
        del holder[last]
    else:
        holder[last] = value
    return json.dumps(document).encode()


REQUIRED = [
    *("id", "version", "parties", "terms", "text", "signatures"),
    *(f"parties.{role}" for role in SigningRole),
    *(f"terms.{name}" for name in ("resource", "items", "purposes", "modes", "valid_from", "valid_until", "disposal")),
]


@pytest.mark.parametrize("path", REQUIRED)
def test_member_is_named_when_missing(path: str) -> None:
    faults = faults_of(set_member(path, MISSING))
    assert [(fault.column, fault.what.en) for fault in faults] == [(path, f"`{path}` is missing")]


@pytest.mark.parametrize("name", ["role", "signed_at", "jws"])
def test_member_of_a_signature_is_named_when_missing(name: str) -> None:
    faults = faults_of(set_member(f"signatures.1.{name}", MISSING))
    assert [(fault.column, fault.what.en) for fault in faults] == [
        (f"signatures[1].{name}", f"`signatures[1].{name}` is missing")
    ]


@pytest.mark.parametrize("path", ["note", "parties.operator", "terms.note", "terms.basis", "signatures.0.kid"])
def test_member_is_named_when_unknown(path: str) -> None:
    shown = path.replace("signatures.0.", "signatures[0].")
    assert [(fault.column, fault.what.en) for fault in faults_of(set_member(path, "x"))] == [
        (shown, f"unknown member `{shown}`")
    ]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("id", 1, "`1` is no text"),
        ("id", "", "is no id"),
        ("id", "-nt", "is no id"),
        ("id", "nt/1", "is no id"),
        ("id", "协议", "is no id"),
        ("id", "nt-2026-0001\n", "is no id"),
        ("id", "a" * 129, "is no id"),
        ("id", "nt-2026-0002", "isn't the file's name `nt-2026-0001`"),
        ("version", 0, "`0` is no version"),
        ("version", -1, "`-1` is no version"),
        ("version", True, "`true` is no version"),
        ("version", "1", "`1` is no version"),
        ("version", 1.0, "`1.0` is no version"),
        ("version", None, "`null` is no version"),
        ("parties", [], "`[]` is no object"),
        ("parties.consumer", None, "`null` is no text"),
        ("terms", "all", "`all` is no object"),
        ("terms.resource", 303001001, "is no text"),
        ("terms.items", [], "neither empty nor `*`"),
        ("terms.items", ["*"], "neither empty nor `*`"),
        ("terms.items", ["name", "*"], "neither empty nor `*`"),
        ("terms.items", "*", "is no list"),
        ("terms.items", [["name"]], "is no text"),
        ("terms.purposes", ["*"], "neither empty nor `*`"),
        ("terms.purposes", None, "is no list"),
        ("terms.modes", ["*"], "neither empty nor `*`"),
        ("terms.modes", [], "neither empty nor `*`"),
        ("terms.matters", "370000-0012", "is no list"),
        ("terms.applications", [1], "is no text"),
        ("terms.condition", [], "is no object"),
        ("terms.scope", None, "is no object"),
        ("terms.obligations", "none", "is no object"),
        ("terms.disposal", None, "is no text"),
        ("terms.valid_from", "2026-01-01", "is no time"),
        ("terms.valid_from", "2026-01-01T00:00:00", "is no time"),
        ("terms.valid_until", None, "is no time"),
        ("terms.valid_until", "2026-02-30T00:00:00+08:00", "doesn't exist"),
        ("text", ["text"], "is no text"),
        ("signatures", {}, "is no list"),
        ("signatures", None, "is no list"),
        ("signatures.0", "jws", "`jws` is no object"),
        ("signatures.0.role", "Consumer", "`Consumer` is no role; roles are consumer, provider, authority"),
        ("signatures.0.role", None, "`null` is no role"),
        ("signatures.0.signed_at", 0, "is no time"),
        ("signatures.0.jws", None, "is no text"),
    ],
)
def test_member_is_named_when_it_is_not_of_its_form(path: str, value: object, words: str) -> None:
    if path == "signatures.0":
        document = signed()
        document["signatures"][0] = value
        content = file_of(document)
    else:
        content = set_member(path, value)
    faults = faults_of(content)
    shown = path.replace("signatures.0", "signatures[0]")
    assert [fault.column for fault in faults] == [shown]
    assert words in faults[0].what.en


def test_faults_are_all_listed_when_there_are_several() -> None:
    document = signed()
    document["version"] = 0
    document["terms"]["items"] = ["*"]
    document["terms"]["note"] = ""
    del document["parties"]["authority"]
    document["signatures"][2] = None
    assert [fault.column for fault in faults_of(file_of(document))] == [
        "parties.authority",
        "terms.note",
        "terms.items",
        "version",
        "signatures[2]",
    ]


UNREADABLE: dict[str, tuple[Callable[[str], bytes], str]] = {
    "version twice": (
        lambda text: text.replace('"version": 1', '"version": 1, "version": 1').encode(),
        "`version` is there twice",
    ),
    "version twice by an escape": (
        lambda text: text.replace('"version": 1', '"version": 2, "\\u0076ersion": 1').encode(),
        "is there twice",
    ),
    "items twice": (
        lambda text: text.replace('"items"', '"items": ["id_number"], "items"').encode(),
        "`items` is there twice",
    ),
    "integer beyond 2**53": (
        lambda text: text.replace('"max_rows": 1000', '"max_rows": 9007199254740993').encode(),
        "can't be signed",
    ),
    "number beyond a double": (
        lambda text: text.replace('"max_rows": 1000', '"max_rows": 1e400').encode(),
        "can't be signed",
    ),
    "digits beyond a double": (
        lambda text: text.replace('"max_rows": 1000', '"max_rows": 0.1000000000000000055').encode(),
        "can't be signed",
    ),
    "not a number": (lambda text: text.replace('"max_rows": 1000', '"max_rows": NaN').encode(), "`NaN` is no JSON"),
    "infinity": (
        lambda text: text.replace('"max_rows": 1000', '"max_rows": Infinity').encode(),
        "`Infinity` is no JSON",
    ),
    "leading zero": (lambda text: text.replace('"max_rows": 1000', '"max_rows": 01000').encode(), "no JSON"),
    "full-width digits": (
        lambda text: text.replace('"max_rows": 1000', '"max_rows": \uff11\uff10\uff10\uff10').encode(),
        "no JSON",
    ),
    "escaped NUL": (lambda text: text.replace('"text": "', '"text": "\\u0000').encode(), "NUL"),
    "NUL": (lambda text: text.replace('"text": "', '"text": "\0').encode(), "no JSON"),
    "half of a pair": (lambda text: text.replace('"text": "', '"text": "\\ud800').encode(), "half of a surrogate pair"),
    "half of a pair in a name": (
        lambda text: text.replace('"text": "', '"\\udc00": "", "text": "').encode(),
        "half of a surrogate pair",
    ),
    "half of a pair in UTF-8": (
        lambda text: text.encode().replace(b'"text": "', b'"text": "\xed\xa0\x80'),
        "isn't UTF-8",
    ),
    "overlong UTF-8": (lambda text: text.encode().replace(b'"text": "', b'"text": "\xc0\x80'), "isn't UTF-8"),
    "GB 18030": (lambda text: text.encode("gb18030"), "seems to be GB"),
    "UTF-16": (lambda text: text.encode("utf-16"), "seems to be UTF-16"),
    "UTF-16 without mark": (lambda text: text.encode("utf-16-le"), ""),
    "UTF-32": (lambda text: text.encode("utf-32"), ""),
    "two byte order marks": (lambda text: ("\ufeff\ufeff" + text).encode(), "no JSON"),
    "two documents": (lambda text: (text + text).encode(), "no JSON"),
    "NUL at the end": (lambda text: (text + "\0").encode(), "no JSON"),
    "list around it": (lambda text: f"[{text}]".encode(), "holds no JSON object"),
    "null": (lambda text: b"null", "holds no JSON object"),
    "nothing": (lambda text: b"", "no JSON"),
    "stray comma": (lambda text: text.replace("{", "{,", 1).encode(), "no JSON"),
    "single quotes": (lambda text: text.replace('"id"', "'id'", 1).encode(), "no JSON"),
    "comment": (lambda text: b"// comment\n" + text.encode(), "no JSON"),
    "deep": (
        lambda text: text.replace('"condition": {}', f'"condition": {"[" * 300}{"]" * 300}').encode(),
        "nested more than",
    ),
    "very deep": (lambda text: text.replace('"condition": {}', f'"condition": {"[" * 90_000}').encode(), ""),
    "huge": (lambda text: text.encode() + b" " * MAX_FILE_BYTES, "larger than 1 MiB"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_file_is_refused_when_two_readers_could_take_it_differently(name: str) -> None:
    make, words = UNREADABLE[name]
    faults = faults_of(make(file_of(signed()).decode()))
    assert len(faults) == 1
    assert words in faults[0].what.en


def test_form_is_good_when_the_file_has_one_byte_order_mark() -> None:
    assert faults_of(b"\xef\xbb\xbf" + file_of(signed())) == []


@pytest.mark.parametrize("name", ["applications", "matters", "condition", "scope", "obligations"])
def test_form_is_good_when_a_term_that_may_be_left_out_is(name: str) -> None:
    document = agreement_document()
    del document["terms"][name]
    assert faults_of(file_of(signed(document))) == []
