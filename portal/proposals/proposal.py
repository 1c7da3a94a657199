"""The entry that is proposed of a table: names, types, key, and defaults that deny."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.catalog.codes import is_identifier, is_social_credit_code, one_character_corrections
from portal.catalog.entries import CatalogEntry, EntryKind, EntryStatus, InformationItem, UpdateCycle
from portal.catalog.members import closest, shorten
from portal.errors import BadInput, Text
from portal.proposals.columns import ColumnGuess
from portal.proposals.naming import propose_code, propose_identifier, propose_items
from portal.proposals.source import TableSource
from portal.proposals.surroundings import Surroundings
from portal.vocabulary import DepartmentCode, EntryCode, EntryIdentifier, ItemIdentifier, Mode, ShareClass

_UNDECIDED = "草稿：尚未审定，审定前不予共享；请填写依据，或改为其他共享类型"
"""Stands where a law is to be cited: none is, and nothing is shared until somebody decided."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the entry is called: by people, by identifier, by code; and who provides it."""

    name: str
    identifier: EntryIdentifier
    code: EntryCode
    provider: DepartmentCode


def propose_names(stem: str, provider: str, identifier: str, beside: Surroundings) -> Names:
    """Return the names for what is called `stem`; none of them is taken beside it.

    `identifier` is what a person wishes, empty for a proposal. Raises: BadInput for a provider that is none or isn't
    registered, and an identifier that can't be had.
    """
    _check_provider(provider, beside)
    if identifier:
        _check_identifier(identifier, beside)
    of_provider = [code for code, owner in beside.provider_by_code.items() if owner == provider]
    return Names(
        name=stem.strip() or "未命名",
        identifier=EntryIdentifier(identifier or propose_identifier(stem, beside.identifiers, "entry")),
        code=EntryCode(propose_code(beside.provider_by_code.keys(), of_provider)),
        provider=DepartmentCode(provider),
    )


def _check_provider(provider: str, beside: Surroundings) -> None:
    shown = shorten(provider)
    if not is_social_credit_code(provider):
        near = [code for code in one_character_corrections(provider) if code in beside.departments]
        raise BadInput(
            Text(
                en=f"`--provider {shown}` is no unified social credit code; "
                + (f"did you mean `{near[0]}`?" if near else "check its characters and its check digit"),
                zh=f"`--provider {shown}` 不是统一社会信用代码；"
                + (f"是否指 `{near[0]}`？" if near else "请核对字符和校验码"),
            )
        )
    if beside.departments and provider not in beside.departments:
        meant = closest(provider, sorted(beside.departments))
        raise BadInput(
            Text(
                en=f"the department `{shown}` isn't registered; "
                + (f"did you mean `{meant}`?" if meant else "register it first, in departments.csv"),
                zh=f"部门 `{shown}` 未登记；" + (f"是否指 `{meant}`？" if meant else "请先在 departments.csv 中登记"),
            )
        )


def _check_identifier(identifier: str, beside: Surroundings) -> None:
    shown = shorten(identifier)
    if not is_identifier(identifier):
        raise BadInput(
            Text(
                en=f"`--identifier {shown}` can't be an identifier; write a small letter, then small letters, digits "
                "and single `_`",
                zh=f"`--identifier {shown}` 不能用作标识符；请以小写字母开头，后接小写字母、数字和单个 `_`",
            )
        )
    if identifier in beside.identifiers:
        raise BadInput(
            Text(
                en=f"`{shown}` is taken by an entry of the portal or the folder; choose another identifier",
                zh=f"`{shown}` 已被门户或目录中的条目使用；请另取标识符",
            )
        )


def propose_entry(
    source: TableSource, names: Names, columns: Sequence[ColumnGuess], key: Sequence[int]
) -> CatalogEntry:
    """Return the entry: a draft that nobody but its provider may read, in which no item is shared or open."""
    identifiers = propose_items(source.header)
    items = tuple(
        InformationItem(
            identifier=ItemIdentifier(identifier),
            name=column.header,
            type=column.type,
            share_class=ShareClass.NOT_SHARED,
            open=False,
            sensitivity=column.sensitivity,
            length=column.length,
            scale=column.scale,
        )
        for identifier, column in zip(identifiers, columns, strict=True)
    )
    return CatalogEntry(
        code=names.code,
        identifier=names.identifier,
        name=names.name,
        provider=names.provider,
        abstract=f"由文件 {names.name}.{source.format_type} 草拟，请填写摘要",
        format_category=source.format_category,
        format_type=source.format_type,
        kind=EntryKind.DEPARTMENT,
        share_class=ShareClass.NOT_SHARED,
        share_modes=(Mode.QUERY,),
        legal_basis=_UNDECIDED,
        open=False,
        update_cycle=UpdateCycle.IRREGULAR,
        published_on=None,
        key=tuple(items[position].identifier for position in key),
        items=items,
        status=EntryStatus.DRAFT,
    )
