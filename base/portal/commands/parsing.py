"""Options of the command line as typed values."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from portal.errors import BadInput, Text
from portal.identity.claims import SubjectKind

_Choice = TypeVar("_Choice", bound=StrEnum)


class SubjectOptions(Protocol):
    """Options that name a subject."""

    @property
    def application(self) -> str:
        """Its id, empty if not given."""

    @property
    def user(self) -> str:
        """Its id, empty if not given."""


def parse_subject(options: SubjectOptions) -> tuple[SubjectKind, str] | None:
    """Return kind and id of the application or user that the options name, None if they name neither.

    Raises: BadInput if they name more than one subject.
    """
    named = [(SubjectKind.APPLICATION, options.application), (SubjectKind.USER, options.user)]
    given = [(kind, name) for kind, name in named if name]
    if len(given) + int(getattr(options, "public", False)) > 1:
        raise _one_subject("more than one subject is named", "指定了多个主体")
    return given[0] if given else None


def require_subject(options: SubjectOptions) -> tuple[SubjectKind, str] | None:
    """Return the subject that the options name, None for the public, which must be said. Raises: BadInput."""
    subject = parse_subject(options)
    if subject is None and not getattr(options, "public", False):
        raise _one_subject("no subject is named", "未指定主体")
    return subject


def _one_subject(en: str, zh: str) -> BadInput:
    return BadInput(
        Text(
            en=f"{en}; write one of `--application ID`, `--user ID` and `--public`",
            zh=f"{zh}；请在 `--application ID`、`--user ID`、`--public` 中选择一个",
        )
    )


def parse_whole(option: str, text: str, least: int, most: int) -> int:
    """Return the number. Raises: BadInput outside of `least` to `most`."""
    if re.fullmatch("[0-9]{1,9}", text, re.ASCII) and least <= int(text) <= most:
        return int(text)
    raise BadInput(
        Text(
            en=f"`{option} {text}` is not a whole number from {least} to {most}",
            zh=f"`{option} {text}` 不是 {least} 到 {most} 之间的整数",
        )
    )


def parse_choice(option: str, text: str, choices: type[_Choice]) -> _Choice:
    """Return the member of that value. Raises: BadInput naming all of them."""
    try:
        return choices(text)
    except ValueError:
        known = [f"`{choice}`" for choice in choices]
        raise BadInput(
            Text(
                en=f"`{option} {text}` is none of {', '.join(known)}",
                zh=f"`{option} {text}` 不在{'、'.join(known)}之列",
            )
        ) from None


def parse_moment(option: str, text: str) -> datetime:
    """Return the moment of an RFC 3339 time with offset. Raises: BadInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in text.upper():
        raise BadInput(
            Text(
                en=f"`{option} {text}` is not a time with offset; write for example `2026-01-31T08:00:00+08:00`",
                zh=f"`{option} {text}` 不是带时区的时间；写法如 `2026-01-31T08:00:00+08:00`",
            )
        )
    return moment
