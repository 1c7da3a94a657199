"""The files of a bundle folder: those that bundle.md names, and a fault for each that it doesn't."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from portal.errors import Fault, Text

_Found = TypeVar("_Found")

_FILES = (
    "bundle.toml",
    "departments.csv",
    "groups.csv",
    "applications.csv",
    "users.csv",
    "sources.toml",
)
_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "catalog": (".json",),
    "policies": (".json",),
    "agreements": (".json",),
    "keys": (".pem",),
    "keys/ca": (".pem", ".crl"),
    "data": (".csv",),
}
"""The folders of a bundle, and how the names of their files end."""


@dataclass(frozen=True, slots=True)
class _Scan:
    root: Path
    paths: dict[str, Path] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, file: str, what: Text, mend: Text) -> None:
        self.faults.append(Fault(file, None, "", what, mend))


def scan_folder(folder: Path) -> tuple[Mapping[str, Path], list[Fault]]:
    """Return where the files of a bundle lie, by their path in it, with `/`; and a fault for each that isn't one.

    Nothing is read.
    """
    scan = _Scan(folder)
    _scan(scan, folder, "")
    return scan.paths, scan.faults


def files_inside(files: Mapping[str, _Found], folder: str) -> dict[str, _Found]:
    """Return those files that lie directly in `folder`, in the order of their names."""
    return {file: found for file, found in files.items() if str(PurePosixPath(file).parent) == folder}


def _scan(scan: _Scan, folder: Path, place: str) -> None:
    for path in sorted(folder.iterdir()):
        file = f"{place}/{path.name}" if place else path.name
        is_folder = file in _FOLDERS
        if not is_folder and not _is_known(file, place):
            _refuse_unknown(scan, file, place)
        elif path.is_symlink() and not _stays_inside(path, scan.root):
            scan.refuse(
                file,
                Text(en="the link leads out of the bundle, or nowhere", zh="链接指向数据包之外或不存在的位置"),
                Text(en="put the file itself here", zh="请放入文件本身"),
            )
        elif not (path.is_dir() if is_folder else path.is_file()):
            scan.refuse(
                file,
                Text(en="this is no folder", zh="此处不是文件夹") if is_folder else _NO_FILE,
                Text(en="move it out of the bundle", zh="请移出数据包"),
            )
        elif is_folder:
            _scan(scan, path, file)
        else:
            scan.paths[file] = path


_NO_FILE = Text(en="this is no regular file", zh="此处不是普通文件")


def _is_known(file: str, place: str) -> bool:
    return file.endswith(_FOLDERS[place]) if place else file in _FILES


def _stays_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link to nowhere; a ring of links
        return False


def _refuse_unknown(scan: _Scan, file: str, place: str) -> None:
    known = [f"{place}/*{ending}" for ending in _FOLDERS[place]] if place else [*_FILES, *_FOLDERS]
    scan.refuse(
        file,
        Text(en="a bundle has no such file", zh="数据包中没有这种文件"),
        Text(en=f"move it out; known are {', '.join(known)}", zh=f"请移出；可用：{'、'.join(known)}"),
    )
