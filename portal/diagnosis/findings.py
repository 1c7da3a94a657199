"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum

from portal.errors import Text


class Verdict(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    WARNING = "warning"
    """The portal serves, and something will go wrong or protects less than it could."""
    FAULT = "fault"
    """The portal doesn't serve as it was asked to, or what it promises doesn't hold."""


class Area(StrEnum):
    """What a check looks at."""

    SETTINGS = "settings"
    FILES = "files"
    VOLUMES = "volumes"
    KEYS = "keys"
    DATABASE = "database"
    DATA_STORE = "data_store"
    CLOCK = "clock"
    CONTENT = "content"
    AUDIT = "audit"
    WITNESSES = "witnesses"
    SOFTWARE = "software"
    AUTHORITIES = "authorities"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `check` names it for machines within its area; `mend` is None where all is well."""

    area: Area
    check: str
    verdict: Verdict
    what: Text
    mend: Text | None = None


def good(area: Area, check: str, what: Text) -> Finding:
    """Return that all is well."""
    return Finding(area, check, Verdict.GOOD, what)


def warning(area: Area, check: str, what: Text, mend: Text) -> Finding:
    """Return what a person should mend before it becomes a fault."""
    return Finding(area, check, Verdict.WARNING, what, mend)


def fault(area: Area, check: str, what: Text, mend: Text) -> Finding:
    """Return what has to be mended."""
    return Finding(area, check, Verdict.FAULT, what, mend)


def refused(area: Area, check: str, refusal: Text, otherwise: Text) -> Finding:
    """Return the fault that a refusal states; how to mend it is its last part, `otherwise` where it has none."""
    en, has_mend, mend_en = refusal.en.rpartition("; ")
    zh, has_chinese_mend, mend_zh = refusal.zh.rpartition("；")
    if has_mend and has_chinese_mend:
        return fault(area, check, Text(en, zh), Text(mend_en, mend_zh))
    return fault(area, check, refusal, otherwise)
