"""The verifier as a package of its own whose source is changed, to see what its tests are worth."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import portal_verify.log

FOLDER = Path(portal_verify.log.__file__).parent
OF_LOGS = ("log", "keys", "faults", "reading", "in_sqlite", "in_postgresql", "records", "checkpoints", "witnesses")
SOURCES = {f"{name}.py": (FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in ("__init__", *OF_LOGS)}
"""The modules that verify a log."""
IN_SMALL_PARTS = {
    "PART_RECORDS = 20_000": "PART_RECORDS = 7",
    "CHECKPOINTS_AT_ONCE = 2000": "CHECKPOINTS_AT_ONCE = 2",
}
"""What makes a small log one of many parts."""
IN_PROCESSES = {**IN_SMALL_PARTS, "PARALLEL_FROM = 100_000": "PARALLEL_FROM = 1"}


@contextmanager
def changed_verifier(
    folder: Path, changes: Mapping[str, str], without: tuple[str, int] | None = None
) -> Iterator[ModuleType]:
    """The verifier with texts of its source replaced, and without the statement of a module and line."""
    package = folder / "changed_verifier"
    package.mkdir(parents=True)
    whole = "".join(SOURCES.values())
    assert all(whole.count(sound) == 1 for sound in changes)
    for name, source in SOURCES.items():
        text = source.replace("portal_verify.", "changed_verifier.")
        for sound, changed in changes.items():
            text = text.replace(sound, changed)
        lines = text.splitlines()
        if without is not None and without[0] == name:
            line = lines[without[1] - 1]
            lines[without[1] - 1] = line[: len(line) - len(line.lstrip())] + "pass"
        (package / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module("changed_verifier.log")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.startswith("changed_verifier")]:
            del sys.modules[name]
