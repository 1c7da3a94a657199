"""The home folder and the portal's files: whose they are, who else may use them, what room is left for them."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from pwd import getpwuid

from portal.diagnosis.findings import Area, Finding, fault, good, warning
from portal.diagnosis.installation import Installation, kind_of
from portal.diagnosis.mounts import is_shared, type_of
from portal.errors import Text
from portal.storage.addresses import DatabaseKind, database_path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
WARN_BYTES = 1 << 30
FAULT_BYTES = 100 << 20
MOUNTS = Path("/proc/self/mountinfo")


def check_home(installation: Installation) -> Iterator[Finding]:
    """Yield what is wrong with the home folder itself."""
    home = installation.settings.home
    if not home.is_dir():
        yield fault(
            Area.FILES,
            "home",
            Text(en=f"there is no folder `{home}`", zh=f"没有目录 `{home}`"),
            Text(
                en="load a bundle first, or set `PORTAL_HOME` to where the portal's files are",
                zh="请先装载数据包，或将 `PORTAL_HOME` 设为门户文件所在目录",
            ),
        )
        return
    status = home.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        found = fault if mode & _OTHERS_WRITE else warning
        yield found(
            Area.FILES,
            "home_mode",
            Text(
                en=f"`{home}` has mode {mode:04o}, so others may "
                + ("put files of theirs in" if mode & _OTHERS_WRITE else "see what lies there"),
                zh=f"`{home}` 的权限为 {mode:04o}，他人可"
                + ("放入自己的文件" if mode & _OTHERS_WRITE else "查看其中内容"),
            ),
            Text(en=f"run `chmod 700 {home}`", zh=f"请运行 `chmod 700 {home}`"),
        )
    else:
        owner = _account(status.st_uid)
        yield good(
            Area.FILES, "home_mode", Text(en=f"`{home}` is for `{owner}` alone", zh=f"`{home}` 仅供 `{owner}` 使用")
        )


def check_owners(installation: Installation) -> Iterator[Finding]:
    """Yield a fault for files of another account than the home folder's, and for a home that isn't this account's."""
    home = installation.settings.home
    if not home.is_dir():
        return
    owner = home.stat().st_uid
    if os.geteuid() not in (0, owner):
        yield _foreign(home, owner, os.geteuid())
    for path in installation.files():
        if path.stat().st_uid != owner:
            yield _foreign(path, path.stat().st_uid, owner)


def _foreign(path: Path, owner: int, wanted: int) -> Finding:
    is_, to_be = _account(owner), _account(wanted)
    return fault(
        Area.FILES,
        "owner",
        Text(en=f"`{path}` belongs to `{is_}`, not to `{to_be}`", zh=f"`{path}` 属于 `{is_}`，而非 `{to_be}`"),
        Text(
            en=f"run the portal and its commands as one account; `chown {to_be} {path}`",
            zh=f"门户及其命令应使用同一账户；请运行 `chown {to_be} {path}`",
        ),
    )


def _account(number: int) -> str:
    try:
        return getpwuid(number).pw_name
    except KeyError:
        return str(number)


def check_modes(installation: Installation) -> Iterator[Finding]:
    """Yield a fault for each file that others may use; the key file has a check of its own."""
    files = [path for path in installation.files() if path != installation.settings.key_file]
    is_open = False
    for path in files:
        # What holds no rows or secrets may be read, but not written.
        forbidden = _OTHERS_WRITE if path == installation.settings.witness_file else _OTHERS
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & forbidden:
            is_open = True
            yield fault(
                Area.FILES,
                "mode",
                Text(
                    en=f"`{path}` has mode {mode:04o}, so others may use it",
                    zh=f"`{path}` 的权限为 {mode:04o}，他人也可使用",
                ),
                Text(en=f"run `chmod 600 {path}`", zh=f"请运行 `chmod 600 {path}`"),
            )
    if files and not is_open:
        yield good(
            Area.FILES,
            "mode",
            Text(en="the files in it are for their owner alone", zh="其中的文件仅其所有者可用"),
        )


def _places(installation: Installation) -> list[Path]:
    """Return the folders that files of the portal lie in, those alone that are there."""
    settings = installation.settings
    named = [settings.home, settings.key_file.parent]
    named += [database_path(url).parent for _, url in installation.databases() if kind_of(url) is DatabaseKind.SQLITE]
    named += [Path(place) for place in settings.audit_witnesses if "://" not in place]
    return [path for path in dict.fromkeys(named) if path.is_dir()]


def check_room(installation: Installation) -> Iterator[Finding]:
    """Yield how much room is left on every volume that a file of the portal lies on."""
    by_volume = {path.stat().st_dev: path for path in reversed(_places(installation))}
    for path in by_volume.values():
        volume = os.statvfs(path)
        free = volume.f_bavail * volume.f_frsize
        mib = f"{free / (1 << 20):,.0f} MiB"
        if free >= WARN_BYTES:
            yield good(Area.VOLUMES, "room", Text(en=f"`{path}`: {mib} free", zh=f"`{path}`：剩余 {mib}"))
            continue
        found = fault if free < FAULT_BYTES else warning
        yield found(
            Area.VOLUMES,
            "room",
            Text(
                en=f"only {mib} are free at `{path}`; without room for the audit nothing is answered",
                zh=f"`{path}` 仅剩 {mib}；审计日志无处可写时一律不予应答",
            ),
            Text(en="make room, or move the portal to a larger volume", zh="请清理空间，或将门户迁至更大的存储卷"),
        )


def check_file_systems(installation: Installation) -> Iterator[Finding]:
    """Yield a fault for SQLite files on a file system that other machines share: its locks can't be relied on."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    for area, url in installation.databases():
        if kind_of(url) is not DatabaseKind.SQLITE:
            continue
        path = database_path(url)
        kind = type_of(path.resolve(), mounts)
        if is_shared(kind):
            yield fault(
                area,
                "file_system",
                Text(
                    en=f"`{path}` lies on `{kind}`, whose locks and syncs can't be relied on: records could be lost",
                    zh=f"`{path}` 位于 `{kind}`，其加锁与落盘不可靠：可能丢失记录",
                ),
                Text(
                    en="put it on a disk of this machine, or use PostgreSQL (`portal database init`)",
                    zh="请放在本机磁盘上，或改用 PostgreSQL（`portal database init`）",
                ),
            )
        else:
            yield good(area, "file_system", Text(en=f"`{path}` is on `{kind}`", zh=f"`{path}` 位于 `{kind}`"))
