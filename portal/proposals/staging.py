"""Writing a draft into a bundle's folder: made beside it, and put there when it is whole; nothing is overwritten."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from portal.bundles.csv_files import render_csv_line
from portal.bundles.manifest import MANIFEST, render_manifest
from portal.bundles.registry_files import COLUMNS, DEPARTMENTS
from portal.errors import BadInput, Text
from portal.proposals.proposal import Names
from portal.proposals.surroundings import Surroundings

_PROFILE = "nantong-2015"
"""What a new bundle follows where no portal says another."""


@dataclass(frozen=True, slots=True)
class BundlePlace:
    """Where the draft goes. `is_new` where there is no bundle yet; no folder: one named by the entry's identifier."""

    folder: Path | None
    is_new: bool

    def resolved(self, identifier: str) -> "BundlePlace":
        """Return the place with its folder. Raises: BadInput where nobody named one and something is there."""
        if self.folder is not None:
            return replace(self, folder=self.folder.resolve())
        folder = Path(identifier).resolve()
        if folder.exists():
            raise _is_there(folder)
        return replace(self, folder=folder)

    @property
    def path(self) -> Path:
        """The folder that was resolved."""
        return self.folder or Path()


@contextmanager
def staged(place: BundlePlace) -> Iterator[Path]:
    """Yield a new folder beside the bundle's, with folders for an entry and its rows; it is gone afterwards.

    Raises: BadInput where it can't be made or written.
    """
    try:
        stage = Path(mkdtemp(prefix=f".{place.path.name}-", dir=place.path.parent))
        try:
            for name in ("catalog", "data"):
                (stage / name).mkdir(mode=0o700)
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as refused:
        raise BadInput(
            Text(
                en=f"`{place.path}` can't be written ({refused.strerror}); name another folder with `--into`",
                zh=f"无法写入 `{place.path}`（{refused.strerror}）；请用 `--into` 指定其他目录",
            )
        ) from None


def publish(stage: Path, place: BundlePlace, names: Names, beside: Surroundings) -> None:
    """Put the draft where it belongs: a whole folder at once, or two files into a bundle. Raises: BadInput, OSError."""
    if place.is_new:
        _write_register(stage, names, beside)
        # A folder that isn't empty can't be taken by another, whoever filled it meanwhile.
        stage.rename(place.path)
        return
    _add(stage, place.path, names)


def _write_register(stage: Path, names: Names, beside: Surroundings) -> None:
    """Write what a bundle has beside its entries: the profile and the provider, by its code where no name is known."""
    provider = [names.provider, beside.departments.get(names.provider, names.provider), None, None]
    table = render_csv_line(COLUMNS[DEPARTMENTS]) + render_csv_line(provider)
    (stage / DEPARTMENTS).write_text(table, encoding="utf-8")
    (stage / MANIFEST).write_text(render_manifest(beside.profile or _PROFILE, names.name), encoding="utf-8")


def _add(stage: Path, folder: Path, names: Names) -> None:
    # The rows first: without an entry they are a fault that is told, an entry without its rows would be loaded empty.
    files = (f"data/{names.identifier}.csv", f"catalog/{names.identifier}.json")
    added: list[Path] = []
    try:
        for file in files:
            (folder / file).parent.mkdir(exist_ok=True)
            os.link(stage / file, folder / file)
            added.append(folder / file)
    except BaseException as failed:
        for path in added:
            path.unlink()
        if isinstance(failed, FileExistsError):
            raise _is_there(folder / files[len(added)]) from None
        raise


def _is_there(path: Path) -> BadInput:
    return BadInput(
        Text(
            en=f"`{path}` is there already, and nothing is overwritten; choose another `--identifier` or `--into`",
            zh=f"`{path}` 已存在，不会覆盖；请另选 `--identifier` 或 `--into`",
        )
    )
