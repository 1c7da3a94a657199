"""What a change set says: what is put, withdrawn and brought back, and what its author declares.

Its JSON is what people and programs write over the API and the command line:

    {"put": [{"kind": "policy", "document": {…}}],
     "withdraw": [{"kind": "policy", "id": "statute-0007"}],
     "declare": {"purposes": ["verification"], "accept": ["opens_nothing_unshared"]}}

A policy's document is that of bundle.md, a department's or application's has the members of its CSV columns.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from portal.conditions.values import check_text
from portal.errors import BadInput, Fault, Text
from portal.json_text import JsonValue
from portal.vocabulary import PolicyId, Purpose

PLACE = "change"
"""What faults of a change set call it, as faults of a bundle name a file."""
MOST_OPERATIONS = 1000
_MEMBERS = ("put", "withdraw", "restore", "declare")

_Member = TypeVar("_Member")


class ChangedKind(StrEnum):
    """A kind of thing that a change set puts or withdraws."""

    POLICY = "policy"
    AGREEMENT = "agreement"
    DEPARTMENT = "department"
    GROUP = "group"
    APPLICATION = "application"
    USER = "user"
    KEY = "key"
    EXPECTATION = "expectation"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Put:
    """Something to be there as the document says, new or in place of what has its id. `place` is for faults."""

    kind: ChangedKind
    document: Mapping[str, JsonValue]
    place: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Something to be there no longer; a freeze that is withdrawn is lifted."""

    kind: ChangedKind
    id: str
    place: str


@dataclass(frozen=True, slots=True)
class Restoration:
    """A row to be again as it was in an earlier version; None: not to be there."""

    table: str
    key: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the author says of the change.

    The purposes that it serves, the records that are meant to outlast agreements, the promises broken on purpose.
    """

    purposes: tuple[Purpose, ...] = ()
    lasting: tuple[PolicyId, ...] = ()
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeDocument:
    """A whole change."""

    puts: tuple[Put, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    restorations: tuple[Restoration, ...] = ()
    declaration: Declaration = Declaration()

    @property
    def kinds(self) -> frozenset[ChangedKind]:
        """What kinds of things it changes, restorations left aside."""
        return frozenset((*(put.kind for put in self.puts), *(one.kind for one in self.withdrawals)))


class NotAChange(BadInput):
    """A document that is no change set; `faults` are all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            Text(
                en="; ".join(fault.what.en for fault in faults),
                zh="；".join(fault.what.zh for fault in faults),
            )
        )
        self.faults = tuple(faults)


def parse_change(document: JsonValue) -> ChangeDocument:
    """Return the change that a JSON value says. Raises: NotAChange with every fault of its form."""
    reading = _Reading([])
    members = reading.object_at("", document, _MEMBERS)
    change = ChangeDocument(
        tuple(reading.listed(members, "put", _read_put)),
        tuple(reading.listed(members, "withdraw", _read_withdrawal)),
        tuple(reading.listed(members, "restore", _read_restoration)),
        _read_declaration(reading, members.get("declare")),
    )
    operations = len(change.puts) + len(change.withdrawals) + len(change.restorations)
    if not reading.faults and not 1 <= operations <= MOST_OPERATIONS:
        reading.refuse(
            "",
            Text(en=f"the change has {operations} operations", zh=f"变更包含 {operations} 项操作"),
            Text(en=f"write 1 to {MOST_OPERATIONS}", zh=f"请填写 1 至 {MOST_OPERATIONS} 项"),
        )
    if reading.faults:
        raise NotAChange(reading.faults)
    return change


def parse_written(document: JsonValue) -> ChangeDocument:
    """Return the change that a person wrote: what is brought back is the portal's to say. Raises: NotAChange."""
    change = parse_change(document)
    if change.restorations:
        # INVARIANT: nobody writes which version holds again: an agreement's record could be there without it.
        what = Text(en="`restore` isn't written by hand", zh="`restore` 不能手工编写")
        mend = Text(en="undo the change set that is meant", zh="请撤回相应的变更单")
        raise NotAChange([Fault(PLACE, None, "restore", what, mend)])
    return change


def render_change(change: ChangeDocument) -> dict[str, JsonValue]:
    """Return the change as the JSON that `parse_change` reads."""
    document: dict[str, JsonValue] = {}
    if change.puts:
        document["put"] = [{"kind": put.kind.value, "document": dict(put.document)} for put in change.puts]
    if change.withdrawals:
        document["withdraw"] = [{"kind": one.kind.value, "id": one.id} for one in change.withdrawals]
    if change.restorations:
        document["restore"] = [
            {"table": one.table, "key": one.key, "version": one.version} for one in change.restorations
        ]
    declared = change.declaration
    if declared != Declaration():
        document["declare"] = {
            "purposes": [*declared.purposes],
            "lasting": [*declared.lasting],
            "accept": [*declared.accepted],
        }
    return document


@dataclass(frozen=True, slots=True)
class _Reading:
    """A change being read, with the faults found so far."""

    faults: list[Fault]

    def refuse(self, path: str, what: Text, mend: Text) -> None:
        """Note a fault at the JSON path."""
        self.faults.append(Fault(PLACE, None, path, what, mend))

    def object_at(self, path: str, value: JsonValue, members: Sequence[str]) -> Mapping[str, JsonValue]:
        """Return the members of an object that has no others than these."""
        if not isinstance(value, dict):
            what = Text(en=f"`{path or PLACE}` is no object", zh=f"`{path or PLACE}` 不是对象")
            self.refuse(path, what, Text(en="write it as `{…}`", zh="请写成 `{…}`"))
            return {}
        for name in value:
            if name not in members:
                self.refuse(
                    f"{path}.{name}".lstrip("."),
                    Text(en=f"unknown member `{name}`", zh=f"未知成员 `{name}`"),
                    Text(en=f"use only {', '.join(members)}", zh=f"仅可使用 {'、'.join(members)}"),
                )
        return value

    def listed(
        self,
        members: Mapping[str, JsonValue],
        name: str,
        read: "Callable[[_Reading, str, JsonValue], _Member | None]",
    ) -> Iterator[_Member]:
        """Yield what the list of that name holds, as far as it can be read."""
        value = members.get(name)
        if value is not None and not isinstance(value, list):
            what = Text(en=f"`{name}` is no list", zh=f"`{name}` 不是列表")
            self.refuse(name, what, Text(en="write it as `[…]`", zh="请写成 `[…]`"))
            return
        for index, one in enumerate(value or ()):
            found = read(self, f"{name}[{index}]", one)
            if found is not None:
                yield found

    def text(self, path: str, value: JsonValue) -> str:
        """Return a text that isn't empty; empty where it isn't one, which is a fault."""
        try:
            if isinstance(value, str) and check_text(value):
                return value
        except BadInput as refused:
            self.refuse(path, refused.text, Text(en="write it again", zh="请重新填写"))
            return ""
        what = Text(en=f"`{path}` is missing, or no text", zh=f"缺少 `{path}`，或其不是文本")
        self.refuse(path, what, Text(en="write it in quotes", zh="请加引号填写"))
        return ""

    def kind(self, path: str, value: JsonValue, known: Sequence[ChangedKind]) -> ChangedKind | None:
        """Return the kind of a thing, None where it is none of these."""
        for kind in known:
            if value == kind.value:
                return kind
        self.refuse(
            path,
            Text(en=f"`{path}` is no kind that can be changed here", zh=f"`{path}` 不是此处可变更的类别"),
            Text(en=f"write one of {', '.join(known)}", zh=f"请填写其中之一：{'、'.join(known)}"),
        )
        return None


def _read_put(reading: _Reading, path: str, value: JsonValue) -> Put | None:
    members = reading.object_at(path, value, ("kind", "document"))
    # A freeze is one command, with a second factor; it is only lifted by a change.
    written = [kind for kind in ChangedKind if kind is not ChangedKind.FREEZE]
    kind = reading.kind(f"{path}.kind", members.get("kind"), written)
    document = members.get("document")
    if not isinstance(document, dict):
        what = Text(en=f"`{path}.document` is no object", zh=f"`{path}.document` 不是对象")
        reading.refuse(f"{path}.document", what, Text(en="write what is to be there", zh="请填写变更后的内容"))
        return None
    return None if kind is None else Put(kind, document, path)


def _read_withdrawal(reading: _Reading, path: str, value: JsonValue) -> Withdrawal | None:
    members = reading.object_at(path, value, ("kind", "id"))
    kind = reading.kind(f"{path}.kind", members.get("kind"), [*ChangedKind])
    name = reading.text(f"{path}.id", members.get("id"))
    return Withdrawal(kind, name, path) if kind is not None and name else None


def _read_restoration(reading: _Reading, path: str, value: JsonValue) -> Restoration | None:
    members = reading.object_at(path, value, ("table", "key", "version"))
    table, key = reading.text(f"{path}.table", members.get("table")), reading.text(f"{path}.key", members.get("key"))
    version = members.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 1):
        what = Text(en=f"`{path}.version` is no version", zh=f"`{path}.version` 不是版本号")
        reading.refuse(f"{path}.version", what, Text(en="write 1 or more, or null", zh="请填写不小于 1 的整数或 null"))
        return None
    return Restoration(table, key, version) if table and key else None


def _read_declaration(reading: _Reading, value: JsonValue) -> Declaration:
    if value is None:
        return Declaration()
    members = reading.object_at("declare", value, ("purposes", "lasting", "accept"))

    def listed(name: str) -> tuple[str, ...]:
        return tuple(reading.listed({f"declare.{name}": members.get(name)}, f"declare.{name}", _Reading.text))

    purposes, lasting = map(Purpose, listed("purposes")), map(PolicyId, listed("lasting"))
    return Declaration(tuple(purposes), tuple(lasting), listed("accept"))
