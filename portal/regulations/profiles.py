"""The profiles: what each regulation says in figures and lists, read from a TOML file beside this module.

A rule that its regulation leaves open has the portal's default, and says so (requirements.md, profile table).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portal.errors import ConfigurationError, Text
from portal.resources import PACKAGE_FOLDER
from portal.vocabulary import Purpose


@dataclass(frozen=True, slots=True)
class Profile:
    """One regulation's rules. `name` is the file's, such as `nantong-2015`.

    `purposes` are in lower case, as records hold them. Every one of `signing_roles` must have signed an agreement for
    it to be in force. `smallest_group` are the rows that a group must have for its count to be shown to the public.
    `fault_answer_days` and `wish_answer_days` are the working days in which the public is answered.
    `clauses` holds each rule's clause by the rule's name, such as `NT-30`; a rule without one is the
    portal's default, its regulation being silent.
    """

    name: str
    title: str
    purposes: tuple[Purpose, ...]
    signing_roles: tuple[str, ...]
    log_retention_years: int
    smallest_group: int
    fault_answer_days: int
    wish_answer_days: int
    clauses: Mapping[str, str]


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that ship with the portal, in order."""
    return tuple(sorted(file.stem for file in _folder().glob("*.toml")))


@cache
def load_profile(name: str) -> Profile:
    """Return the profile of that name; each is read once.

    Raises: ConfigurationError, naming the known ones.
    """
    known = profile_names()
    if name not in known:
        raise ConfigurationError(
            Text(
                en=f"unknown profile `{name}`; known are {', '.join(known)}",
                zh=f"未知的制度配置 `{name}`；可用：{'、'.join(known)}",
            )
        )
    return _parse_profile(name, (_folder() / f"{name}.toml").read_text(encoding="utf-8"))


def _folder() -> Path:
    return PACKAGE_FOLDER / "regulations"


def _parse_profile(name: str, text: str) -> Profile:
    document = tomllib.loads(text)
    rules = {rule: members for rule, members in document.items() if isinstance(members, dict)}
    return Profile(
        name=name,
        title=document["title"],
        purposes=tuple(map(Purpose, rules["purposes"]["value"])),
        signing_roles=tuple(rules["signing_roles"]["value"]),
        log_retention_years=rules["log_retention"]["value"],
        smallest_group=rules["smallest_group"]["value"],
        fault_answer_days=rules["fault_answer"]["value"],
        wish_answer_days=rules["wish_answer"]["value"],
        clauses={rule: members["clause"] for rule, members in rules.items() if "clause" in members},
    )
