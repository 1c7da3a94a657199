"""What a transfer is to be: the field that is read, how its rows are written, and how much of it was had before."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from portal.access.planning import SharedField
from portal.catalog.entries import InformationItem
from portal.exchange.formats import Style
from portal.policies.information_point import EntryState
from portal.vocabulary import ItemIdentifier


@dataclass(frozen=True, slots=True)
class Order:
    """A transfer as it was asked for. `wanted`: so many rows, None for all; `asked` are the arguments as they came.

    `counting` is the field of the first part, which counts the rows of the whole, `field` that of the others.
    `framed`: each part comes with its length, hash and the token to go on with, for programs.
    """

    state: EntryState
    field: SharedField
    counting: SharedField
    items: tuple[ItemIdentifier, ...]
    style: Style
    wanted: int | None
    asked: Mapping[str, object]
    framed: bool = False

    @property
    def columns(self) -> tuple[InformationItem, ...]:
        """The items of the transfer, in its order."""
        known = {item.identifier: item for item in self.state.entry.items}
        return tuple(known[name] for name in self.items)

    @property
    def digest(self) -> bytes:
        """What binds a token to this very order: SHA-256 of entry, items, arguments and style."""
        style = [self.style.format.value, self.style.mark, self.style.raw]
        content = [self.state.entry.code, list(self.items), dict(self.asked), style, self.wanted]
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str)).digest()


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a transfer is done, and what the rest must fit.

    `chain` is the digest over all parts in hex: from 64 zeros, SHA-256 of the digest before and the part's own SHA-256.
    `began_at` is UTC text; `wanted` are the rows of the whole; `cursor` is the sealed place of the last row.
    """

    number: str
    began_at: str
    wanted: int
    basis: str
    cursor: str | None = None
    rows: int = 0
    octets: int = 0
    parts: int = 0
    chain: str = "0" * 64
    policies: tuple[str, ...] = ()


def next_link(chain: str, content: bytes) -> str:
    """Return the digest over all parts once this one is added."""
    return hashlib.sha256(bytes.fromhex(chain) + hashlib.sha256(content).digest()).hexdigest()
