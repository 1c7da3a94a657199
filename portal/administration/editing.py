"""Rows of the content being changed: which a kind of thing has, and what is taken back, withdrawn or refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Table

from portal.administration.documents import PLACE, ChangedKind, Restoration, Withdrawal
from portal.errors import Fault, Text
from portal.identity.registered import RegisteredKind
from portal.policies.derivation import PROVIDER_PREFIX
from portal.storage.content import ContentRow
from portal.storage.tables import (
    agreements,
    application_standing,
    applications,
    department_standing,
    departments,
    expectations,
    freezes,
    groups,
    key_files,
    policy_records,
    user_standing,
    users,
)

Rows = dict[str, dict[str, ContentRow]]
History = Mapping[tuple[str, str, int], ContentRow]
"""Rows of earlier versions, by table, key and version."""

TABLES_OF: Mapping[ChangedKind, Sequence[Table]] = {
    ChangedKind.POLICY: (policy_records,),
    ChangedKind.AGREEMENT: (agreements, policy_records),
    ChangedKind.DEPARTMENT: (departments, department_standing),
    ChangedKind.GROUP: (groups,),
    ChangedKind.APPLICATION: (applications, application_standing),
    ChangedKind.USER: (users, user_standing),
    ChangedKind.KEY: (key_files,),
    ChangedKind.EXPECTATION: (expectations,),
    ChangedKind.FREEZE: (freezes,),
}
"""The tables that hold a thing of each kind, the first of them always."""
REGISTERED_KINDS: Mapping[ChangedKind, RegisteredKind] = {
    ChangedKind.DEPARTMENT: RegisteredKind.DEPARTMENT,
    ChangedKind.GROUP: RegisteredKind.GROUP,
    ChangedKind.APPLICATION: RegisteredKind.APPLICATION,
    ChangedKind.USER: RegisteredKind.USER,
}
REGISTER_KINDS = frozenset({*REGISTERED_KINDS, ChangedKind.KEY})
"""Kinds that are the register's: who there is, and by what they are known."""
REGISTER_TABLES = frozenset(table.name for kind in REGISTER_KINDS for table in TABLES_OF[kind])


@dataclass(frozen=True, slots=True)
class Editing:
    """Rows being changed, what was touched, and the faults found so far."""

    rows: Rows
    touched: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def put(self, table: str, key: str, row: ContentRow) -> None:
        """Let a row be there from now on."""
        self.rows[table][key] = row
        self.touched.append((table, key))

    def withdraw(self, table: str, key: str) -> None:
        """Let a row be gone from now on."""
        self.rows[table].pop(key, None)
        self.touched.append((table, key))

    def refuse(self, place: str, what: Text, mend: Text) -> None:
        """Keep a fault of the change."""
        self.faults.append(Fault(PLACE, None, place, what, mend))

    def take(self, place: str, faults: Iterable[Fault]) -> None:
        """Keep faults of a document that lies at a place of the change."""
        self.faults.extend(replace(fault, file=PLACE, column=f"{place}.{fault.column}".rstrip(".")) for fault in faults)


def restore(editing: Editing, one: Restoration, history: History) -> None:
    """Take back an earlier version of a row, or withdraw one that there was none of."""
    if one.table not in editing.rows:
        editing.refuse(
            "restore",
            Text(en=f"there is no table `{one.table}`", zh=f"没有数据表 `{one.table}`"),
            Text(en="restore what a change changed", zh="请恢复某次变更所改动的内容"),
        )
    elif one.version is None:
        editing.withdraw(one.table, one.key)
    elif (row := history.get((one.table, one.key, one.version))) is None:
        editing.refuse(
            "restore",
            Text(en=f"there is no version {one.version} of `{one.key}`", zh=f"`{one.key}` 没有第 {one.version} 个版本"),
            Text(en="name a version that there was", zh="请指明曾有的版本"),
        )
    else:
        editing.put(one.table, one.key, row)


def withdraw(editing: Editing, one: Withdrawal) -> None:
    """Withdraw a thing with all of its rows, unless it is another's to withdraw."""
    table, *others = (each.name for each in TABLES_OF[one.kind])
    row = editing.rows[table].get(one.id)
    if row is None:
        what = Text(en=f"there is no {one.kind} `{one.id}`", zh=f"没有 {one.kind} `{one.id}`")
        editing.refuse(one.place, what, Text(en="name one that is there", zh="请指明现有的一个"))
        return
    if one.kind is ChangedKind.POLICY and (refusal := _own_record(one.id, row)) is not None:
        editing.refuse(one.place, *refusal)
        return
    for each in (table, *(other for other in others if one.id in editing.rows[other])):
        editing.withdraw(each, one.id)


def _own_record(name: str, row: ContentRow) -> tuple[Text, Text] | None:
    """Return why a record isn't withdrawn by itself, and what to do instead; None where it is."""
    if row.text("origin") == "agreement":
        return (
            Text(en=f"`{name}` is an agreement's record", zh=f"`{name}` 是协议所生成的记录"),
            Text(en="withdraw the agreement", zh="请撤销该协议"),
        )
    if name.startswith(PROVIDER_PREFIX):
        return (
            Text(en=f"`{name}` is the provider's own record", zh=f"`{name}` 是提供方自身的记录"),
            Text(en="write a restriction, or freeze the entry", zh="请编写 restriction 记录，或冻结该条目"),
        )
    return None
