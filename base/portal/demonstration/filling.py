"""Filling an empty portal with the demonstration, by the same way that every bundle goes."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from portal.bundles.bundle import Bundle
from portal.bundles.loading import LoadOrder, LoadStep, has_content, load_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.demonstration.making import make_bundle
from portal.errors import ConfigurationError, Language, Text

_MAKING = Text(en="making synthetic rows", zh="正在生成合成数据")
_CHECKING = Text(en="checking the bundle", zh="正在检查数据包")
_LOADING = Text(en="loading", zh="正在装载")


class _Shown:
    """The progress as a terminal shows it, on standard error; nothing in a pipe."""

    def __init__(self, bar: Progress, language: Language) -> None:
        self._bar = bar
        self._language = language
        self._task = bar.add_task("", total=None)

    def begin(self, step: Text) -> None:
        self._bar.update(self._task, description=step.render(self._language), total=None)

    def count(self, _step: LoadStep, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


def fill_if_empty(store: PortalStore, language: Language) -> bool:
    """Load the demonstration where nothing was ever loaded; return whether it was.

    Raises: ConfigurationError, with every fault, where its own bundle doesn't pass the checks.
    """
    if has_content(store.database_url):
        return False
    now, columns = datetime.now(UTC), (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with TemporaryDirectory(prefix="portal-demo-") as folder, bar:
        shown = _Shown(bar, language)
        shown.begin(_MAKING)
        make_bundle(Path(folder), now)
        shown.begin(_CHECKING)
        bundle = _read(Path(folder), now)
        shown.begin(_LOADING)
        load_bundle(bundle, store, LoadOrder(now), shown.count)
    return True


def _read(folder: Path, now: datetime) -> Bundle:
    read = read_bundle(folder, now)
    if read.bundle is None or read.faults:
        lines = {language: "\n".join(fault.render(language) for fault in read.faults) for language in Language}
        raise ConfigurationError(Text(en=lines[Language.ENGLISH], zh=lines[Language.CHINESE]))
    return read.bundle
