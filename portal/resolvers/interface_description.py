"""The interface description of an entry (接口说明) in Markdown: what it has, how to ask for it, examples that run."""

import json
from collections.abc import Iterator

from portal.access.auditing import Refusal
from portal.access.plan_groups import GROUPING_LIMIT
from portal.access.planning import DEFAULT_LINKED_ROWS, DEFAULT_ROWS, LINKED_ROWS_LIMIT, ROWS_LIMIT
from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.reading import operators_of
from portal.conditions.tree import ValueType
from portal.errors import ErrorCode, Text
from portal.resolvers.context import RequestContext
from portal.resolvers.examples import Examples, find_examples
from portal.resolvers.prospects import ItemDecisions
from portal.resolvers.refusals import refusal_text
from portal.schema.catalog_values import shown_items
from portal.schema.frame import SCALAR_NAMES
from portal.vocabulary import EntryCode, ShareClass

_REFUSALS = (
    ErrorCode.ITEM_DENIED,
    ErrorCode.MODE_DENIED,
    ErrorCode.PURPOSE_DENIED,
    ErrorCode.PURPOSE_REQUIRED,
    ErrorCode.EXPIRED,
    ErrorCode.CONDITION_FAILED,
    ErrorCode.MASKED_ITEM,
    ErrorCode.QUOTA_EXCEEDED,
)

_SHARE_CLASSES = {
    ShareClass.UNCONDITIONAL: Text(en="unconditional", zh="无条件共享"),
    ShareClass.CONDITIONAL: Text(en="conditional", zh="有条件共享"),
    ShareClass.NOT_SHARED: Text(en="not shared", zh="不予共享"),
}


def describe_interface(context: RequestContext, code: EntryCode) -> str | None:
    """Return the description for who asks, in the language of the request; None where there is no such entry."""
    state = context.point.snapshot.state_by_code.get(code)
    if state is None:
        return None
    writer = _Writer(context, state.entry)
    return "\n".join(writer.lines()) + "\n"


class _Writer:
    """Writes one description."""

    def __init__(self, context: RequestContext, entry: CatalogEntry) -> None:
        self._context = context
        self._entry = entry
        self._access = ItemDecisions(context, entry.code)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the Markdown text."""
        yield f"# {_plain(self._entry.name)} `{self._entry.identifier}`"
        yield from ("", _plain(self._entry.abstract), "")
        yield from self._facts()
        yield from ("", f"## {self._say('Items', '信息项')}", "")
        yield from self._items()
        yield from ("", f"## {self._say('Queries', '查询')}", "")
        yield from self._queries()
        yield from ("", f"## {self._say('Refusals', '拒绝代码')}", "")
        yield from self._refusals()

    def _say(self, en: str, zh: str) -> str:
        return Text(en=en, zh=zh).render(self._context.language)

    def _facts(self) -> Iterator[str]:
        entry = self._entry
        departments = self._context.point.snapshot.registry.departments
        provider = departments.get(entry.provider)
        yield f"- {self._say('code', '目录代码')}: `{entry.code}`"
        yield f"- {self._say('provider', '提供部门')}: {_plain(provider.name if provider else entry.provider)}"
        shared = _SHARE_CLASSES[entry.share_class].render(self._context.language)
        yield f"- {self._say('share class', '共享类型')}: {shared}"
        if entry.share_condition:
            yield f"- {self._say('condition of sharing', '共享条件')}: {_plain(entry.share_condition)}"
        yield f"- {self._say('updated', '更新周期')}: {entry.update_cycle}"
        yield f"- {self._say('key', '主键')}: {', '.join(f'`{name}`' for name in entry.key if name in self._shown())}"

    def _shown(self) -> dict[str, InformationItem]:
        return {item.identifier: item for item in shown_items(self._entry, self._context.subject)}

    def _items(self) -> Iterator[str]:
        yield self._say(
            "| item | name | type | filters | ordered by | share class | you may read it |",
            "| 信息项 | 名称 | 类型 | 筛选 | 排序 | 共享类型 | 您可否读取 |",
        )
        yield "|---|---|---|---|---|---|---|"
        for item in self._shown().values():
            cells = (
                f"`{item.identifier}`",
                _plain(item.name),
                _type_name(item),
                " ".join(f"`{name}`" for name in operators_of(item.type)),
                self._say("no", "否") if item.type is ValueType.JSON else self._say("yes", "是"),
                _SHARE_CLASSES[item.share_class].render(self._context.language),
                self._readable(item),
            )
            yield f"| {' | '.join(cells)} |"

    def _readable(self, item: InformationItem) -> str:
        access = self._access(item.identifier)
        if access is None or not access.permitted:
            return self._say("no", "否") if access is None or access.advice is None else access.advice
        stated = [one for one in access.purposes if one.purpose is not None]
        if len(stated) < len(access.purposes):
            return self._say("yes, for any purpose", "可，不限用途")
        return self._say("for ", "用途：") + ", ".join(f"`{one.purpose}`" for one in stated)

    def _queries(self) -> Iterator[str]:
        view = self._context.view.get(self._entry.identifier)
        examples = None if view is None or view.entry.code != self._entry.code else find_examples(self._context, view)
        if examples is None:
            yield self._say(
                f"No item is permitted to you now; apply to the provider for `{self._entry.code}`, or ask "
                "`explain` what is missing.",
                f"您目前无权读取任何信息项；请就 `{self._entry.code}` 向提供部门申请，或用 `explain` 查询缺少什么。",
            )
            return
        yield from self._examples(examples)

    def _examples(self, examples: Examples) -> Iterator[str]:
        yield self._say(
            f"A page: `first` up to {ROWS_LIMIT} rows, {DEFAULT_ROWS} without it; `after` is the `endCursor` before.",
            f"分页读取：`first` 至多 {ROWS_LIMIT} 行，不写为 {DEFAULT_ROWS} 行；`after` 填上一页的 `endCursor`。",
        )
        yield from _block("graphql", examples.page)
        if examples.by_key is not None:
            yield self._say(
                "One row by its key; null where there is none or it isn't permitted.",
                "按主键取一行；没有或未获准时为 null。",
            )
            yield from _block("graphql", examples.by_key)
        if examples.groups is not None:
            yield self._say(
                f"Rows counted by up to {GROUPING_LIMIT} items, of types other than `JSON`; the public isn't shown "
                "small groups.",
                f"按至多 {GROUPING_LIMIT} 个信息项（`JSON` 类型除外）分组计数；公众不见过小的组。",
            )
            yield from _block("graphql", examples.groups)
        if examples.linked:
            yield self._say(
                f"With a linked entry; of many linked rows `first` takes up to {LINKED_ROWS_LIMIT}, "
                f"{DEFAULT_LINKED_ROWS} without it.",
                f"连同关联条目；一对多时可写 `first`，至多 {LINKED_ROWS_LIMIT} 行，不写为 {DEFAULT_LINKED_ROWS} 行。",
            )
            for document in examples.linked:
                yield from _block("graphql", document)
        yield self._say(
            "From a shell, with the portal's address and a token:", "在命令行中使用（先设置平台地址和令牌）："
        )
        yield from _block("sh", self._curl(examples.page))

    def _curl(self, document: str) -> str:
        body = json.dumps({"query": " ".join(document.split())}, ensure_ascii=False)
        token = "" if self._context.subject.is_public else ' \\\n  -H "Authorization: Bearer $TOKEN"'
        quoted = body.replace("'", "'\\''")
        return f'curl -sS "$PORTAL/graphql" -H "Content-Type: application/json"{token} \\\n  -d \'{quoted}\''

    def _refusals(self) -> Iterator[str]:
        yield self._say("| `extensions.code` | what it says |", "| `extensions.code` | 含义 |")
        yield "|---|---|"
        for code in _REFUSALS:
            yield f"| `{code}` | {refusal_text(Refusal(code)).render(self._context.language)} |"


def _type_name(item: InformationItem) -> str:
    name = SCALAR_NAMES[item.type]
    if item.length is not None:
        return f"{name}({item.length})"
    return name if item.scale is None else f"{name}(.{item.scale})"


def _plain(text: str) -> str:
    """Return the text as Markdown shows it in one line or cell, whatever its characters mean there."""
    escaped = "".join(f"\\{one}" if one in "\\`*_[]<>|#" else one for one in text)
    return " ".join(escaped.split())


def _block(language: str, text: str) -> Iterator[str]:
    yield from ("", f"```{language}", text, "```", "")
