"""What can go wrong, in words for two languages, and the GraphQL code of each refusal.

PortalError
├── BadInput            arguments, cursors, values
├── Unauthenticated     a token that doesn't verify
├── TooComplex          a document beyond its bounds
├── RateLimited         more requests than may be asked, or a portal that is busy
├── SourceUnavailable   the place where shared data lie
├── PolicyUnavailable   no whole policy snapshot, or the clock in doubt
├── AuditUnavailable    no durable record
├── Forbidden           an act that the roles don't reach, or that takes a second factor or person
├── Conflict            what an act rests on was changed meanwhile
└── ConfigurationError  settings, key files, databases that can't be used
"""

import logging
import traceback
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4


class Language(StrEnum):
    """A language in which the portal speaks."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages."""

    en: str
    zh: str

    def render(self, language: Language) -> str:
        """Return the message in `language`; characters that UTF-8 can't hold are written as escapes."""
        words = self.zh if language is Language.CHINESE else self.en
        return words.encode("utf-8", "backslashreplace").decode("utf-8")


class ErrorCode(StrEnum):
    """`extensions.code` of an error in an answer (enforcement.md §5)."""

    ITEM_DENIED = "ITEM_DENIED"
    MODE_DENIED = "MODE_DENIED"
    PURPOSE_DENIED = "PURPOSE_DENIED"
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED"
    EXPIRED = "EXPIRED"
    CONDITION_FAILED = "CONDITION_FAILED"
    MASKED_ITEM = "MASKED_ITEM"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    BAD_INPUT = "BAD_INPUT"
    NOT_VALID = "NOT_VALID"
    TOO_COMPLEX = "TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    POLICY_UNAVAILABLE = "POLICY_UNAVAILABLE"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    FORBIDDEN = "FORBIDDEN"
    CONFLICT = "CONFLICT"
    INTERNAL = "INTERNAL"


class PortalError(Exception):
    """A failure with a code and a sentence for the person who asked."""

    code = ErrorCode.INTERNAL

    def __init__(self, text: Text) -> None:
        super().__init__(text.render(Language.ENGLISH))
        self.text = text


class BadInput(PortalError):
    """An argument, cursor or value that can't be used."""

    code = ErrorCode.BAD_INPUT


class Unauthenticated(PortalError):
    """A token that doesn't verify; never treated as the public."""

    code = ErrorCode.UNAUTHENTICATED


class TooComplex(PortalError):
    """A document beyond one of the bounds."""

    code = ErrorCode.TOO_COMPLEX


class RateLimited(PortalError):
    """A request too many at this moment; another may be tried after so many seconds."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, text: Text, retry_after_seconds: float) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds


class SourceUnavailable(PortalError):
    """The place where an entry's rows lie doesn't answer, or not in time."""

    code = ErrorCode.SOURCE_UNAVAILABLE


class PolicyUnavailable(PortalError):
    """No whole policy snapshot can be had, or the clock is in doubt."""

    code = ErrorCode.POLICY_UNAVAILABLE


class AuditUnavailable(PortalError):
    """The audit record could not be made durable, so nothing may be answered."""

    code = ErrorCode.AUDIT_UNAVAILABLE


class Forbidden(PortalError):
    """An act on the portal that the subject's roles don't reach, or that needs a second factor or a second person."""

    code = ErrorCode.FORBIDDEN


class Conflict(PortalError):
    """What an act rests on was changed by another one meanwhile."""

    code = ErrorCode.CONFLICT


class ConfigurationError(PortalError):
    """A setting, key file or database that the portal can't work with; the command ends with exit code 2."""


def report_failure(failure: BaseException) -> Text:
    """Log where the program failed and return the sentence with the number to report.

    The log names code alone: a failure's message may hold personal data.
    """
    number = uuid4().hex[:12]
    trace = "".join(traceback.format_tb(failure.__traceback__))
    logging.getLogger("portal").error("internal failure %s: %s\n%s", number, type(failure).__qualname__, trace)
    return Text(
        en=f"something went wrong in the portal; report number {number}", zh=f"平台内部错误，请报告编号 {number}"
    )


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in a file that a person wrote, where, and how to mend it.

    `row` is the line of a CSV record, counted from 1 for the header, or the row of Parquet, counted from 1; `column`
    the column, or the path of a JSON member such as `items[2].length`. Both are empty where they don't apply.
    """

    file: str
    row: int | None
    column: str
    what: Text
    mend: Text

    def render(self, language: Language) -> str:
        """Return the fault as one line: place, what, how to mend."""
        place = (
            self.file + (f":{self.row}" if self.row is not None else "") + (f" {self.column}" if self.column else "")
        )
        line = f"{place}: {self.what.render(language)}; {self.mend.render(language)}"
        return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in line)
