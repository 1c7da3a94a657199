"""Where the printed commands run, and the files that they read: documents, and headers with a token."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from portal.demonstration.tries import TRIES, Try
from portal.errors import Language
from portal.identity.claims import SubjectKind
from portal.identity.keys import PortalKeys
from portal.identity.tokens import TokenAuthority, TokenGrant, issue_token
from portal.settings import Settings, load_settings

TOKEN_LIFE = timedelta(days=1)
_LANGUAGE_TAGS = {Language.ENGLISH: "en", Language.CHINESE: "zh-CN"}
_MOVABLE = ("database_url", "data_url", "key_file")
"""Settings beside `home` that say where the portal is."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where commands run: `portal` is the command's name or path, `exports` what another terminal has to set.

    `files` is the folder with documents and tokens, which are good from `now` for a day.
    """

    port: int
    folder: Path
    portal: str
    exports: tuple[tuple[str, str], ...]
    files: Path
    now: datetime

    @property
    def address(self) -> str:
        """The portal's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tokens_end_at(self) -> datetime:
        """When the tokens end."""
        return self.now + TOKEN_LIFE

    def document_file(self, each: Try) -> Path:
        """The file that holds the document of the try."""
        return self.files / f"{each.name}.graphql"

    def headers_file(self, each: Try) -> Path:
        """The file that holds the token of the try's application, as curl reads headers."""
        return self.files / f"{each.name}.headers"


def describe_surroundings(settings: Settings, port: int, now: datetime) -> Surroundings:
    """Return the surroundings of this process, as seen from its working folder."""
    folder = Path.cwd()
    return Surroundings(
        port=port,
        folder=folder,
        portal=_command(folder),
        exports=tuple(_exports(settings, folder)),
        files=_shorten(settings.home / "demo", folder),
        now=now,
    )


def _command(folder: Path) -> str:
    """Return how the portal's command is called from `folder`: by its name where that finds this very one."""
    beside = Path(sys.executable).parent / "portal"
    found = shutil.which("portal")
    is_found = found is not None and beside.exists() and beside.samefile(found)
    return "portal" if is_found or not beside.exists() else str(_shorten(beside, folder))


def _shorten(path: Path, folder: Path) -> Path:
    absolute = folder / path
    return absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute


def _exports(settings: Settings, folder: Path) -> Iterator[tuple[str, str]]:
    if (folder / settings.home).resolve() != (folder / "var").resolve():
        yield "PORTAL_HOME", str(folder / settings.home)
    usual = load_settings({"PORTAL_HOME": str(settings.home)}, None)
    for name in _MOVABLE:
        if getattr(settings, name) != getattr(usual, name):
            yield f"PORTAL_{name.upper()}", str(getattr(settings, name))


def write_files(around: Surroundings, settings: Settings, keys: PortalKeys, language: Language) -> None:
    """Write the documents, and for each application the headers of its requests, for this account alone to read."""
    around.files.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = TokenAuthority(settings.issuer, settings.audience, keys.signing)
    for each in TRIES:
        around.document_file(each).write_text(each.document, encoding="utf-8")
        if each.application is not None:
            grant = TokenGrant(SubjectKind.APPLICATION, each.application, ttl_seconds=int(TOKEN_LIFE.total_seconds()))
            token = issue_token(grant, authority, around.now)
            _write_privately(
                around.headers_file(each),
                f"Authorization: Bearer {token}\nAccept-Language: {_LANGUAGE_TAGS[language]}\n",
            )


def _write_privately(path: Path, text: str) -> None:
    # Made anew, so that a file with wider permissions doesn't lend them to the token.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
