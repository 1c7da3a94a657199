"""What a load changes, in words: a line for each thing for `--diff`, counts for a load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portal.bundles.datasets import RowMatching
from portal.catalog.rows import is_removed
from portal.errors import Text
from portal.policies.derivation import PROVIDER_PREFIX
from portal.storage.content import ContentRow
from portal.storage.content_changes import ContentChange
from portal.storage.tables import CONTENT_TABLES, catalog_entries, datasets, policy_records
from portal.vocabulary import EntryCode


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the rows of a table are called: one in English, several in English, and in Chinese."""

    one: str
    several: str
    zh: str


_KINDS = {
    "groups": _Kind("group", "groups", "部门组"),
    "departments": _Kind("department", "departments", "部门"),
    "applications": _Kind("application", "applications", "应用"),
    "users": _Kind("user", "users", "用户"),
    "key_files": _Kind("key file", "key files", "密钥文件"),
    "catalog_entries": _Kind("catalog entry", "catalog entries", "目录条目"),
    "policy_records": _Kind("policy", "policies", "策略"),
    "agreements": _Kind("agreement", "agreements", "协议"),
    "department_standing": _Kind("standing of department", "standings of departments", "部门登记状态"),
    "application_standing": _Kind("standing of application", "standings of applications", "应用登记状态"),
    "user_standing": _Kind("standing of user", "standings of users", "用户登记状态"),
    "freezes": _Kind("freeze", "freezes", "冻结"),
    "expectations": _Kind("expectation", "expectations", "预期"),
}
_MEMBERS = {
    "department_groups": "groups",
    "application_matters": "matter",
    "user_roles": "roles",
    "information_items": "items",
    "format_category": "format",
    "format_type": "format",
    "consumer_kind": "consumer",
    "consumer_code": "consumer",
    "agreement_version": "version",
}
"""What the bundle's files call these columns and child tables."""

Matchings = Mapping[EntryCode, RowMatching]


@dataclass(frozen=True, slots=True)
class _TableChange:
    """The changes of one table as a reader of the bundle sees them: an entry that leaves it is withdrawn."""

    kind: _Kind
    new: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    withdrawn: tuple[str, ...]


def describe_change(change: ContentChange, matchings: Matchings) -> tuple[Text, ...]:
    """Return a line for each thing that begins, changes or ends; none if nothing does."""
    lines = [*_renamings(change)]
    for table in _table_changes(change):
        name, zh = table.kind.one, table.kind.zh
        lines += [Text(en=f"new {name} `{key}`", zh=f"新增{zh} `{key}`") for key in table.new]
        lines += [
            Text(en=f"changed {name} `{key}`: {', '.join(names)}", zh=f"变更{zh} `{key}`：{'、'.join(names)}")
            for key, names in table.changed.items()
        ]
        lines += [Text(en=f"withdrawn {name} `{key}`", zh=f"撤销{zh} `{key}`") for key in table.withdrawn]
    return (
        *lines,
        *(
            _describe_rows(change, code, matching)
            for code, matching in matchings.items()
            if matching.kept or code not in change.differences[datasets.name].new
        ),
    )


def summarise_change(change: ContentChange, matchings: Matchings) -> tuple[Text, ...]:
    """Return how much changed of each kind, and the records that were derived for other departments or the public."""
    lines = [*_renamings(change)]
    for table in _table_changes(change):
        new, changed, withdrawn = len(table.new), len(table.changed), len(table.withdrawn)
        lines.append(
            Text(
                en=f"{table.kind.several}: {new} new, {changed} changed, {withdrawn} withdrawn",
                zh=f"{table.kind.zh}：新增 {new}，变更 {changed}，撤销 {withdrawn}",
            )
        )
    if matchings:
        lines.append(_count_rows([*matchings.values()]))
    if derived := ", ".join(f"`{key}`" for key in _newly_derived(change)):
        lines.append(Text(en=f"derived from the catalog: {derived}", zh=f"由目录派生：{derived}"))
    return tuple(lines) or (Text(en="nothing changed", zh="没有变化"),)


def _renamings(change: ContentChange) -> Iterator[Text]:
    if change.present is None:
        return
    before, after = change.present.identity, change.wanted.identity
    for key, old, new in (("profile", before.profile, after.profile), ("title", before.title, after.title)):
        if old != new:
            yield Text(en=f"changed {key}: `{old}` becomes `{new}`", zh=f"变更 {key}：`{old}` 改为 `{new}`")


def _table_changes(change: ContentChange) -> Iterator[_TableChange]:
    for content in CONTENT_TABLES:
        name = content.table.name
        difference = change.differences[name]
        if content.table is datasets or not difference.is_change:
            continue
        present = change.present.active(content.table) if change.present else {}
        wanted = change.wanted.rows[name]
        left = [key for key in difference.changed if _leaves(name, present[key], wanted[key])]
        came = [key for key in difference.changed if _leaves(name, wanted[key], present[key])]
        yield _TableChange(
            kind=_KINDS[name],
            new=tuple(sorted([*difference.new, *came])),
            changed={
                key: _changed_members(present[key], wanted[key])
                for key in difference.changed
                if key not in left and key not in came
            },
            withdrawn=tuple(sorted([*difference.withdrawn, *left])),
        )


def _leaves(table: str, before: ContentRow, after: ContentRow) -> bool:
    return table == catalog_entries.name and is_removed(after) and not is_removed(before)


def _changed_members(before: ContentRow, after: ContentRow) -> tuple[str, ...]:
    cells = [name for name in after.cells if before.cells[name] != after.cells[name]]
    children = [name for name in after.children if before.children[name] != after.children[name]]
    return tuple(dict.fromkeys(_MEMBERS.get(name, name) for name in cells + children))


def _newly_derived(change: ContentChange) -> Iterator[str]:
    wanted = change.wanted.rows[policy_records.name]
    for key in change.differences[policy_records.name].new:
        if wanted[key].cells["origin"] == "derived" and not key.startswith(PROVIDER_PREFIX):
            yield key


def _describe_rows(change: ContentChange, code: EntryCode, matching: RowMatching) -> Text:
    identifier = change.wanted.rows[catalog_entries.name][code].text("identifier")
    counts = _count_rows([matching])
    if not (matching.added or matching.removed or matching.changed):
        counts = Text(en="rows: another order or layout", zh="数据行：顺序或结构变化")
    return Text(en=f"data/{identifier}.csv: {counts.en}", zh=f"data/{identifier}.csv：{counts.zh}")


def _count_rows(matchings: list[RowMatching]) -> Text:
    added, removed, changed = (
        sum(matching.added for matching in matchings),
        sum(matching.removed for matching in matchings),
        sum(matching.changed for matching in matchings),
    )
    return Text(
        en=f"rows: {added} added, {removed} removed, {changed} changed",
        zh=f"数据行：新增 {added}，删除 {removed}，变更 {changed}",
    )
