"""A part of a transfer: rows as plain tuples, the place where the next part begins, and what the part rests on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from portal.access.cursors import CursorSeal
from portal.access.plan import Part
from portal.access.shaping import AccessNote, Page, Row
from portal.conditions.rendering import render_condition
from portal.errors import Conflict, Text
from portal.policies.decision import Permit
from portal.vocabulary import ItemIdentifier


@dataclass(frozen=True, slots=True)
class TransferredPart:
    """The rows of a part, each with the cells of `items` as an answer to a query would show them.

    `cursor` seals the place of the last row, None where there is none; `total` counts all rows where that was asked.
    """

    items: tuple[ItemIdentifier, ...]
    rows: Sequence[Row]
    cursor: str | None
    has_more: bool
    total: int | None
    note: AccessNote
    basis: str


def transferred_part(page: Page, note: AccessNote, seal: CursorSeal, basis: str) -> TransferredPart:
    """Return a page as a part of a transfer."""
    items = tuple(item for item in page.items if isinstance(item, str))
    cursor = seal.seal(page.position(-1)) if page.fetched.rows else None
    return TransferredPart(items, page.cells, cursor, page.fetched.has_more, page.fetched.total, note, basis)


def basis_of(table: str, permit: Permit, mask_secret: bytes) -> str:
    """Return what parts must have in common to be parts of one whole: the version of the rows, which, and masked how.

    SHA-256 in hex, the same on every worker.
    """
    masks = [
        [choice.item, [[repr(mask), render_condition(scope)] for mask, scope in choice.options]]
        for choice in permit.masks
    ]
    rests_on = [table, render_condition(permit.row_condition), masks, hashlib.sha256(mask_secret).hexdigest()]
    return hashlib.sha256(orjson.dumps(rests_on, option=orjson.OPT_SORT_KEYS)).hexdigest()


def check_basis(part: Part, basis: str) -> None:
    """Refuse a part that wouldn't fit those before it. Raises: Conflict."""
    if part.basis is not None and part.basis != basis:
        raise Conflict(
            Text(
                en="the rows, or what you may see of them, changed since the transfer began; begin it anew",
                zh="传输开始后数据或您的授权范围有变更，前后部分无法拼合；请重新开始传输",
            )
        )
