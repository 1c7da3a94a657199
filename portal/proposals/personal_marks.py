"""What in a column may be about persons: identity numbers by their check digit, phone numbers, names, and headers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from portal.catalog.codes import is_identity_number
from portal.errors import Text

PLAIN, PERSONAL, IDENTIFYING = 1, 3, 4
"""Sensitivities that are proposed. From 3 on the audit keeps hashes of what was asked for."""
_BETWEEN = "\0"
_NAMES_SHARE = 0.8
"""So many of a column's cells look like names where it holds names."""

_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])", re.ASCII)
_PHONE = re.compile(r"(?<![0-9])1[0-9]{10}(?![0-9])", re.ASCII)
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖"
    "邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_NAME = re.compile(rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}|(?:欧阳|司马|诸葛|上官)[\u4e00-\u9fff]{{1,2}}")
_HEADERS = re.compile(
    "姓名|身份证|身份号码|证件|手机|电话|联系人|联系方式|地址|住址|住所|出生|生日|银行|账号|帐号|卡号|病|诊断|残疾|民族|宗教|婚姻|监护|"
    "指纹|人脸|护照|社保|医保|工资|收入|"
    r"\b(?:id_?(?:card|number)|phone|mobile|address|birth\w*|passport|bank\w*|email|salary|income)\b",
    re.IGNORECASE,
)


class Mark(StrEnum):
    """A sign that a column is about persons."""

    IDENTITY = "identity"
    PHONE = "phone"
    NAME = "name"
    HEADER = "header"


_WORDS: Mapping[Mark, Text] = {
    Mark.IDENTITY: Text(en="an identity number with a right check digit", zh="校验码正确的公民身份号码"),
    Mark.PHONE: Text(en="a phone number", zh="手机号码"),
    Mark.NAME: Text(en="names of persons", zh="人名"),
}


@dataclass(slots=True)
class PersonalMarks:
    """The signs found in a column so far: the line of the first of each, and how many cells look like names."""

    header: str
    first: dict[Mark, int] = field(default_factory=dict)
    _names: int = 0
    _cells: int = 0

    def add(self, lines: Sequence[int], cells: Sequence[str]) -> None:
        """Look at more cells; each stands on the line at the same place."""
        column = _BETWEEN.join(cells)
        for mark, pattern in ((Mark.IDENTITY, _IDENTITY), (Mark.PHONE, _PHONE)):
            if mark not in self.first and pattern.search(column):
                self._find(mark, lines, cells)
        self._cells += len(cells)
        for line, cell in zip(lines, cells, strict=True):
            if _NAME.fullmatch(cell):
                self.first.setdefault(Mark.NAME, line)
                self._names += 1

    def _find(self, mark: Mark, lines: Sequence[int], cells: Sequence[str]) -> None:
        holds = _holds_identity if mark is Mark.IDENTITY else _PHONE.search
        line = next((line for line, cell in zip(lines, cells, strict=True) if holds(cell)), None)
        if line is not None:
            self.first[mark] = line

    @property
    def found(self) -> tuple[Mark, ...]:
        """The signs that count, the strongest first."""
        marks: list[Mark] = [mark for mark in (Mark.IDENTITY, Mark.PHONE) if mark in self.first]
        if self._names and self._names >= _NAMES_SHARE * self._cells:
            marks.append(Mark.NAME)
        if _HEADERS.search(self.header):
            marks.append(Mark.HEADER)
        return tuple(marks)

    @property
    def sensitivity(self) -> int:
        """Return 1 where nothing tells of persons, 3 where something does, 4 for identity numbers."""
        found = self.found
        if Mark.IDENTITY in found:
            return IDENTIFYING
        return PERSONAL if found else PLAIN

    def reason(self) -> Text | None:
        """Return why the sensitivity was raised, naming lines and no cell; None where it wasn't."""
        found = self.found
        if not found:
            return None
        strongest = found[0]
        if strongest is Mark.HEADER:
            return Text(en="the name of the column tells of persons", zh="列名表明涉及个人")
        words, line = _WORDS[strongest], self.first[strongest]
        return Text(en=f"line {line} holds {words.en}", zh=f"第 {line} 行为{words.zh}")


def _holds_identity(cell: str) -> bool:
    return any(is_identity_number(found[0].upper()) for found in _IDENTITY.finditer(cell))
