"""What the reference expects of a reply, and the differences of a real one from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.oracle.masks import Hashed

UNCHECKED: tuple[str, ...] | None = None
"""In the place of a refusal's items where the page doesn't determine them."""


@dataclass(frozen=True, slots=True)
class CursorOf:
    """Any text, from then on known as the cursor of a row; None for the null of an empty page."""

    binding: object
    row: int


@dataclass(frozen=True, slots=True)
class AnyText:
    """Any text that isn't empty."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of several readings."""

    readings: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A root field with its rows: the tree of the answer, with marks where the page leaves the text open."""

    tree: object
    rows_returned: int
    entry_code: str = ""
    total: int = 0
    masked: bool = False
    linked: tuple[tuple[str, int], ...] = ()
    """Rows by entry code where links are followed; `rows_returned` is 0 then."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A root field refused: the codes that are right, and the items to be listed where the page determines them."""

    codes: frozenset[str]
    items: tuple[str, ...] | None = UNCHECKED


@dataclass(frozen=True, slots=True)
class RefusedSomewhere:
    """A root field refused at itself, or at a link below it: by the response keys from it on, any one of them."""

    places: Mapping[tuple[str, ...], Refused]


@dataclass(frozen=True, slots=True)
class Executed:
    """A document that is executed: the root fields of `shared` by response key; other parts of the tree beside."""

    tree: Mapping[str, object]
    fields: Mapping[tuple[str, str], Answered | Refused | RefusedSomewhere]
    perhaps_not_valid: bool = False


@dataclass(frozen=True, slots=True)
class NotValid:
    """A document that doesn't parse or validate, or whose variables don't fit; `codes` are those that are right."""

    codes: frozenset[str] = frozenset({"NOT_VALID"})


Expected = Executed | NotValid


@dataclass(frozen=True, slots=True)
class Reply:
    """What came over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Sightings:
    """What a portal's answers have told so far: whose cursor a text is, and which text a hashed value has."""

    cursors: dict[str, CursorOf] = field(default_factory=dict)
    hashes: dict[Hashed, str] = field(default_factory=dict)
    values: dict[str, Hashed] = field(default_factory=dict)


def differences(expected: Expected, reply: Reply, sightings: Sightings) -> list[str]:
    """Where a reply differs from what is expected, in words; nothing where it agrees."""
    if not reply.headers.get("content-type", "").startswith("application/graphql-response+json"):
        return [f"content type is {reply.headers.get('content-type')!r}, status {reply.status}"]
    body = json.loads(reply.body)
    if isinstance(expected, NotValid):
        return _not_valid_differences(expected, reply.status, body)
    if expected.perhaps_not_valid and reply.status == 400:
        return _not_valid_differences(NotValid(frozenset({"NOT_VALID", "BAD_INPUT"})), reply.status, body)
    return _executed_differences(expected, reply.status, body, sightings)


def _not_valid_differences(expected: NotValid, status: int, body: object) -> list[str]:
    found = [] if status == 400 else [f"status {status}, not 400"]
    if not isinstance(body, dict) or body.get("data") is not None or not body.get("errors"):
        return [*found, f"a document that isn't valid was answered: {str(body)[:300]}"]
    codes = {error.get("extensions", {}).get("code") for error in body["errors"]}
    return found if codes <= expected.codes else [*found, f"codes {codes}, not {set(expected.codes)}"]


def _executed_differences(expected: Executed, status: int, body: object, sightings: Sightings) -> list[str]:
    if status != 200 or not isinstance(body, dict):
        return [f"status {status}, not 200: {str(body)[:300]}"]
    errors, found = _errors_by_path(body)
    found += _tree_differences(expected.tree, body.get("data"), "data", sightings)
    for path, wanted in expected.fields.items():
        if isinstance(wanted, RefusedSomewhere):
            found += _somewhere_differences(wanted, errors, path)
            continue
        error = errors.pop(path, None)
        if isinstance(wanted, Refused):
            found += _refusal_differences(wanted, error, path)
        elif error is not None:
            found.append(f"{path} refused with {error}")
    return found + [f"an error at {path} that belongs to no refused field" for path in errors]


def _errors_by_path(body: Mapping[str, object]) -> tuple[dict[tuple[str, ...], Mapping[str, object]], list[str]]:
    listed = body.get("errors", [])
    assert isinstance(listed, list)
    errors: dict[tuple[str, ...], Mapping[str, object]] = {}
    found = [] if listed or "errors" not in body else ["`errors` is there and empty"]
    for error in listed:
        path = tuple(error.get("path") or ())
        if path in errors:
            found.append(f"two errors at {path}")
        errors[path] = error.get("extensions", {})
    return errors, found


def _somewhere_differences(
    wanted: RefusedSomewhere, errors: dict[tuple[str, ...], Mapping[str, object]], path: tuple[str, ...]
) -> list[str]:
    places = [each for each in errors if each[: len(path)] == path]
    if len(places) != 1:
        return [f"{path} has errors at {places}, not one of {dict(wanted.places)}"]
    error, below = errors.pop(places[0]), places[0][len(path) :]
    if below not in wanted.places:
        return [f"{path} refused at {below} with {error}, not one of {dict(wanted.places)}"]
    return _refusal_differences(wanted.places[below], error, places[0])


def _refusal_differences(wanted: Refused, error: Mapping[str, object] | None, path: object) -> list[str]:
    if error is None:
        return [f"{path} is answered, not refused with {set(wanted.codes)}"]
    found = []
    if error.get("code") not in wanted.codes:
        found.append(f"{path} refused with {error.get('code')}, not {set(wanted.codes)}")
    if wanted.items is not None and error.get("items") != list(wanted.items):
        found.append(f"{path} lists items {error.get('items')}, not {list(wanted.items)}")
    return found


def _tree_differences(expected: object, actual: object, path: str, sightings: Sightings) -> list[str]:
    if isinstance(expected, Mapping):
        return _mapping_differences(expected, actual, path, sightings)
    if isinstance(expected, list):
        return _list_differences(expected, actual, path, sightings)
    if isinstance(expected, OneOf):
        found = [_tree_differences(reading, actual, path, sightings) for reading in expected.readings]
        return [] if [] in found else found[0]
    if isinstance(expected, CursorOf | Hashed | AnyText):
        return _mark_differences(expected, actual, path, sightings)
    same = type(expected) is type(actual) and expected == actual
    return [] if same else [f"{path}: {actual!r}, not {expected!r}"]


def _mapping_differences(expected: Mapping[str, object], actual: object, path: str, sightings: Sightings) -> list[str]:
    if not isinstance(actual, dict):
        return [f"{path}: {str(actual)[:80]}, not an object"]
    if list(actual) != list(expected):
        return [f"{path}: keys {list(actual)}, not {list(expected)}"]
    return [
        found
        for key, wanted in expected.items()
        for found in _tree_differences(wanted, actual[key], f"{path}.{key}", sightings)
    ]


def _list_differences(expected: list[object], actual: object, path: str, sightings: Sightings) -> list[str]:
    if not isinstance(actual, list):
        return [f"{path}: {str(actual)[:80]}, not a list"]
    if len(actual) != len(expected):
        return [f"{path}: {len(actual)} members, not {len(expected)}: {actual[:5]} and {expected[:5]}"]
    return [
        found
        for index, wanted in enumerate(expected)
        for found in _tree_differences(wanted, actual[index], f"{path}[{index}]", sightings)
    ]


def _mark_differences(
    expected: CursorOf | Hashed | AnyText, actual: object, path: str, sightings: Sightings
) -> list[str]:
    if not isinstance(actual, str) or not actual:
        return [f"{path}: {actual!r}, not a text"]
    if isinstance(expected, CursorOf):
        known = sightings.cursors.setdefault(actual, expected)
        return [] if known == expected else [f"{path}: the cursor of two rows"]
    if isinstance(expected, Hashed):
        return _hash_differences(expected, actual, path, sightings)
    return []


def _hash_differences(expected: Hashed, actual: str, path: str, sightings: Sightings) -> list[str]:
    """Equal values of one department show equal, and nothing else does."""
    if len(actual) != 32 or set(actual) - set("0123456789abcdef"):
        return [f"{path}: {actual!r} is no hash"]
    text = sightings.hashes.setdefault(expected, actual)
    value = sightings.values.setdefault(actual, expected)
    return [] if text == actual and value == expected else [f"{path}: hash {actual} of {expected} and of {value}"]
