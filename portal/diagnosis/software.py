"""Python, SQLite, packages and what the system allows a process."""

import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

from portal.diagnosis.findings import Area, Finding, fault, good, warning
from portal.diagnosis.installation import Installation
from portal.errors import Text
from portal.resources import frontend_folder
from portal.storage.sqlite_facts import library_version

OWN_FILES = 128
"""Files that a worker opens beside connections, as `portal.serving` leaves room for."""
OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37, 0)
_INSTALL = Text(
    en="install from `requirements.lock` (`make demo` does), into an environment of its own",
    zh="请依据 `requirements.lock` 安装到独立环境中（`make demo` 即如此）",
)
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^;\s]+)")


def check_versions(_installation: Installation) -> Iterator[Finding]:
    """Yield whether Python and SQLite are recent enough."""
    sqlite = library_version()
    shown = ".".join(map(str, sqlite))
    if sqlite < OLDEST_SQLITE:
        yield fault(
            Area.SOFTWARE,
            "sqlite",
            Text(
                en=f"the SQLite library is {shown}, which knows no typed tables (STRICT)",
                zh=f"SQLite 库为 {shown}，不支持严格类型表（STRICT）",
            ),
            Text(en="use a Python with SQLite 3.37 or later", zh="请使用带 SQLite 3.37 或更新版本的 Python"),
        )
    python = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield fault(
            Area.SOFTWARE,
            "python",
            Text(en=f"Python is {python}", zh=f"Python 为 {python}"),
            Text(en="use Python 3.11 or later", zh="请使用 Python 3.11 或更新版本"),
        )
    yield good(
        Area.SOFTWARE, "versions", Text(en=f"Python {python}, SQLite {shown}", zh=f"Python {python}，SQLite {shown}")
    )


def check_packages(_installation: Installation) -> Iterator[Finding]:
    """Yield which packages aren't those that the portal was tested with."""
    yield from judge_packages(_pins(), installed_version)


def _pins() -> dict[str, str]:
    parsed = (_PIN.match(line) for line in requires("portal") or [])
    return {pin["name"]: pin["version"] for pin in parsed if pin}


def installed_version(package: str) -> str | None:
    """Return the version of a package that is installed, None for none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def judge_packages(pins: dict[str, str], installed: Callable[[str], str | None]) -> Iterator[Finding]:
    """Yield what differs between the versions that are pinned and those that are installed."""
    wrong = {name: installed(name) for name, pinned in pins.items() if installed(name) != pinned}
    for name, found in sorted(wrong.items()):
        en, zh = (f"is {found}", f"为 {found}") if found else ("is missing", "未安装")
        yield fault(
            Area.SOFTWARE,
            "packages",
            Text(
                en=f"the package `{name}` {en}; the portal was tested with {pins[name]}",
                zh=f"软件包 `{name}` {zh}；门户经测试的版本为 {pins[name]}",
            ),
            _INSTALL,
        )
    if installed("casbin") is not None:
        yield fault(
            Area.SOFTWARE,
            "casbin",
            Text(
                en="the package `casbin` is installed beside `pycasbin`: both are the folder `casbin/`, and decisions "
                "would be made by whichever came last",
                zh="软件包 `casbin` 与 `pycasbin` 同时安装：二者使用同一目录 `casbin/`，判定将由后安装者作出",
            ),
            Text(
                en="make the environment anew from `requirements.lock`: removing one takes files of the other with it",
                zh="请依据 `requirements.lock` 重建环境：卸载其一会连带删除另一者的文件",
            ),
        )
    elif not wrong:
        count = len(pins)
        yield good(
            Area.SOFTWARE, "packages", Text(en=f"{count} packages as tested", zh=f"{count} 个软件包与测试时一致")
        )


def check_pages(_installation: Installation) -> Iterator[Finding]:
    """Yield whether the pages that browsers are given are built."""
    yield from judge_pages(frontend_folder())


def judge_pages(folder: Path) -> Iterator[Finding]:
    """Yield a warning where the folder holds no built pages: everything but the browser works without them."""
    if (folder / "index.html").is_file():
        return
    yield warning(
        Area.SOFTWARE,
        "pages",
        Text(en=f"there are no built pages in `{folder}`", zh=f"`{folder}` 中没有构建好的页面"),
        Text(en="build them with `make web-build`", zh="请用 `make web-build` 构建"),
    )


def check_descriptors(installation: Installation) -> Iterator[Finding]:
    """Yield whether a process may open as many files as connections are allowed."""
    _, hard = getrlimit(RLIMIT_NOFILE)
    connections = installation.settings.max_connections
    wanted = connections + OWN_FILES
    if hard == RLIM_INFINITY or hard >= wanted:
        yield good(
            Area.SOFTWARE,
            "descriptors",
            Text(
                en=f"a worker may open the files that {connections} connections need",
                zh=f"每个工作进程可打开 {connections} 个连接所需的文件",
            ),
        )
        return
    most = max(1, hard - OWN_FILES)
    yield warning(
        Area.SOFTWARE,
        "descriptors",
        Text(
            en=f"a process may open {hard} files, so a worker takes {most} connections and not {connections}",
            zh=f"每个进程至多打开 {hard} 个文件，工作进程只能保持 {most} 个而非 {connections} 个连接",
        ),
        Text(
            en=f"raise the limit (`ulimit -Hn {wanted}`, or `LimitNOFILE={wanted}` in systemd), or lower "
            "`PORTAL_MAX_CONNECTIONS`",
            zh=f"请提高限制（`ulimit -Hn {wanted}`，或 systemd 的 `LimitNOFILE={wanted}`），"
            "或调低 `PORTAL_MAX_CONNECTIONS`",
        ),
    )
