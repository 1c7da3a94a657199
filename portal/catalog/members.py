"""Members of a JSON object as typed values, with every fault noted at its path."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from portal.errors import Fault, Text
from portal.json_text import JsonValue, render_json

_Closed = TypeVar("_Closed", bound=StrEnum)
_SHOWN = 60


def shorten(text: str) -> str:
    """Return a text as a message shows it: not too long."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def doubled(names: Iterable[str]) -> list[str]:
    """Return the names that are there more than once, in order."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def closest(name: str, candidates: Collection[str]) -> str | None:
    """Return the candidate that was probably meant, None where none is near."""
    return next(iter(get_close_matches(name, candidates, n=1)), None)


_as_set: Callable[[tuple[str, ...]], frozenset[str]] = lru_cache(maxsize=64)(frozenset)


@dataclass(frozen=True, slots=True)
class Members:
    """An object of a JSON document that is being read; `path` is where it stands, such as `items[2]`.

    A member that is missing or wrong is noted in `faults` and read as a stand-in, so that one pass finds every fault.
    """

    document: Mapping[str, JsonValue]
    file: str
    path: str = ""
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, key: str, what: Text, mend: Text) -> None:
        """Note a fault at the member `key`."""
        self.faults.append(Fault(self.file, None, self.place(key), what, mend))

    def place(self, key: str) -> str:
        """Return the path of the member `key`."""
        return f"{self.path}.{key}" if self.path else key

    def checked(self, known: Sequence[str]) -> "Members":
        """Return the object with known members alone; one that is nearly named like a missing one is read as that."""
        if _as_set(tuple(known)).issuperset(self.document):
            return self
        read_as: dict[str, str] = {}
        for key in self.document:
            if key in known:
                read_as[key] = key
                continue
            meant = closest(key, [name for name in known if name not in self.document])
            read_as |= {key: meant} if meant else {}
            self.refuse(
                key,
                Text(en=f"unknown member `{shorten(key)}`", zh=f"未知成员 `{shorten(key)}`"),
                Text(en=f"write `{meant}`", zh=f"请改为 `{meant}`")
                if meant
                else Text(en=f"remove it; known are {', '.join(known)}", zh=f"请删除；可用成员：{'、'.join(known)}"),
            )
        document = {name: self.document[key] for key, name in read_as.items()}
        return Members(document, self.file, self.path, self.faults)

    def text(self, key: str) -> str:
        """Return a text that must be there and not be empty; the stand-in is the empty text."""
        raw = self.document.get(key)
        if isinstance(raw, str) and raw:
            return raw
        self._refuse_value(key, raw, Text(en="write a text", zh="请填写文本"))
        return ""

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None where it is left out or null."""
        return None if self.document.get(key) is None else (self.text(key) or None)

    def flag(self, key: str, *, stand_in: bool = False) -> bool:
        """Return `true` or `false`, which must be there."""
        raw = self.document.get(key)
        if isinstance(raw, bool):
            return raw
        self._refuse_value(key, raw, Text(en="write `true` or `false`", zh="请填写 `true` 或 `false`"))
        return stand_in

    def choice(self, key: str, values: Sequence[_Closed]) -> _Closed:
        """Return one of `values`, which must be there; the stand-in is the first."""
        return self._choice(key, self.document.get(key), values) or values[0]

    def choices(self, key: str, values: Sequence[_Closed]) -> tuple[_Closed, ...]:
        """Return a list of `values`, each once; it must be there, and may be empty."""
        if self.document.get(key) == []:
            return ()
        found = [self._choice(key, raw, values) for raw in self._list(key, required=True)]
        chosen = tuple(value for value in found if value is not None)
        self._refuse_doubled(key, chosen)
        return chosen

    def whole(self, key: str, least: int, most: int) -> int:
        """Return a whole number that must be there; the stand-in is the least."""
        raw = self.document.get(key)
        if isinstance(raw, int) and not isinstance(raw, bool) and least <= raw <= most:
            return raw
        mend = Text(en=f"write a whole number from {least} to {most}", zh=f"请填写 {least} 到 {most} 的整数")
        self._refuse_value(key, raw, mend)
        return least

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of texts. Left out or null it is empty; where required it must be there and not be empty."""
        raw_texts = self._list(key, required=required)
        texts = tuple(raw for raw in raw_texts if isinstance(raw, str))
        if len(texts) < len(raw_texts):
            self.refuse(
                key,
                Text(en="the list holds something else than texts", zh="列表中含有非文本的值"),
                Text(en="write texts in quotes", zh="请填写加引号的文本"),
            )
        return texts

    def names(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of texts, each once."""
        names = self.texts(key, required=required)
        self._refuse_doubled(key, names)
        return names

    def parts(self, key: str, *, required: bool = False) -> list["Members"]:
        """Return the objects of a list, each to be read in its turn; where required, at least one."""
        parts, place = [], self.place(key)
        for index, raw in enumerate(self._list(key, required=required)):
            if isinstance(raw, dict):
                parts.append(Members(raw, self.file, f"{place}[{index}]", self.faults))
            else:
                self.refuse(
                    f"{key}[{index}]",
                    Text(en="this is no object", zh="此处不是对象"),
                    Text(en='write it as `{"identifier": …}`', zh='请写成 `{"identifier": …}`'),
                )
        return parts

    def part(self, key: str) -> "Members":
        """Return the object at `key`, which must be there; the stand-in is an empty one whose faults go nowhere."""
        raw = self.document.get(key)
        if isinstance(raw, dict):
            return Members(raw, self.file, self.place(key), self.faults)
        self._refuse_value(key, raw, Text(en="write an object", zh="请填写对象"))
        return Members({}, self.file, self.place(key))

    def _choice(self, key: str, raw: JsonValue, values: Sequence[_Closed]) -> _Closed | None:
        if isinstance(raw, str):
            for value in values:
                if raw == value:
                    return value
        known = Text(en=f"write one of {', '.join(values)}", zh=f"请填写其中之一：{'、'.join(values)}")
        self._refuse_value(key, raw, known)
        return None

    def _list(self, key: str, *, required: bool) -> list[JsonValue]:
        raw = self.document.get(key)
        if isinstance(raw, list) and (raw or not required):
            return raw
        if required or raw is not None:
            self._refuse_value(key, raw, Text(en="write a list of one or more", zh="请填写非空列表"))
        return []

    def _refuse_value(self, key: str, raw: JsonValue, mend: Text) -> None:
        shown = shorten(render_json(raw))
        what = Text(en=f"`{key}` can't be `{shown}`", zh=f"`{key}` 不能为 `{shown}`")
        self.refuse(key, what if key in self.document else Text(en=f"`{key}` is missing", zh=f"缺少 `{key}`"), mend)

    def _refuse_doubled(self, key: str, names: Sequence[str]) -> None:
        for name in doubled(names):
            self.refuse(
                key,
                Text(en=f"`{shorten(name)}` is listed twice", zh=f"`{shorten(name)}` 重复"),
                Text(en="list it once", zh="请只写一次"),
            )
