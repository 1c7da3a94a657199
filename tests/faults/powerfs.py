"""A file system in memory that loses, at a power cut, what was not synced.

`python powerfs.py DISK MOUNT [--keep none|some|torn] [--cut-at N] [--fail-at N] [--seed N]`

MOUNT starts with the content of the folder DISK. SIGUSR1 is the power cut: no request is answered any more, DISK
becomes what a disk could hold then, MOUNT is unmounted, the process ends. `fusermount -u MOUNT` ends it with no loss.
`fsync` and `fdatasync` make durable that file's content and all names made, changed or removed so far, as a journal
does. Of the rest a cut leaves with --keep none: nothing; some: a random half of the sectors (512 bytes), and all or
none of the names; torn: the same, and some sectors half old, half new. --cut-at N cuts at the Nth sync, before it
counts (to sweep all points). --fail-at N lets the Nth sync fail as Linux does: what was to be synced counts as clean
from then on, so no later sync makes it durable unless it is written again. --seed repeats the random choices.

Not modelled: symbolic links, time stamps, shared memory maps before write-back.
"""

import argparse
import errno
import os
import random
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import fuse

SECTOR = 512
_BORDERS = {"none": 1, "some": 2, "torn": 3}
"""How many of the ways in which a sector may come out are possible: old, new, half of each."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    disk: Path
    mount: Path
    keep: str
    cut_at: int | None
    fail_at: int | None
    seed: int | None


@dataclass(slots=True, eq=False)
class Node:
    """A file, or a folder (whose content is empty)."""

    mode: int
    uid: int
    gid: int
    content: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    unsynced: set[int] = field(default_factory=set)
    """Numbers of the sectors that the next sync writes."""

    def write(self, content: bytes, offset: int) -> None:
        """Change the content; the disk hears of it at the next sync."""
        end = offset + len(content)
        first = min(offset, len(self.content))
        self.content.extend(bytes(max(0, offset - len(self.content))))
        self.content[offset:end] = content
        self.unsynced.update(range(first // SECTOR, (end - 1) // SECTOR + 1))

    def truncate(self, length: int) -> None:
        """Cut the content, or add zeros."""
        if length > len(self.content):
            self.write(bytes(length - len(self.content)), len(self.content))
        else:
            del self.content[length:]
            self.unsynced.add(length // SECTOR)

    def sync(self) -> None:
        """Make durable what was written since the last sync."""
        size = len(self.content)
        self.durable = self.durable[:size].ljust(size, b"\0")
        for sector in self.unsynced:
            start, end = sector * SECTOR, min(size, (sector + 1) * SECTOR)
            self.durable[start:end] = self.content[start:end]
        self.unsynced.clear()

    def after_cut(self, keep: str, chance: random.Random) -> bytes:
        """Return what the disk holds of it after a cut."""
        size = len(self.durable if keep == "none" else chance.choice((self.durable, self.content)))
        image = bytearray()
        for start in range(0, size, SECTOR):
            old = self.durable[start : start + SECTOR].ljust(SECTOR, b"\0")
            new = (self.content[start : start + SECTOR] or old).ljust(SECTOR, b"\0")
            border = chance.choice((0, SECTOR, chance.randrange(SECTOR))[: _BORDERS[keep]])
            image += new[:border] + old[border:]
        return bytes(image[:size])


class PowerFS(fuse.Operations):  # type: ignore[misc]  # fusepy has no types
    """The mounted file system; every request of the kernel passes `__call__`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.chance = random.Random(options.seed)
        self.power = threading.RLock()
        self.syncs = 0
        self.nodes: dict[str, Node] = {}
        for path in (options.disk, *options.disk.rglob("*")):
            status = path.stat()
            node = Node(status.st_mode, status.st_uid, status.st_gid)
            if path.is_file():
                node.content, node.durable = bytearray(path.read_bytes()), bytearray(path.read_bytes())
            self.nodes[os.path.normpath(f"/{path.relative_to(options.disk)}")] = node
        self.durable_nodes = dict(self.nodes)

    def store(self, nodes: Mapping[str, Node], content_of: Callable[[Node], bytes]) -> None:
        """Write the nodes to DISK in place of what is there."""
        shutil.rmtree(self.options.disk)
        for path, node in sorted(nodes.items()):
            target = self.options.disk / path.lstrip("/")
            if stat.S_ISDIR(node.mode):
                target.mkdir()
            else:
                target.write_bytes(content_of(node))
            os.chown(target, node.uid, node.gid)
            target.chmod(stat.S_IMODE(node.mode))

    def cut(self) -> None:
        """Cut the power; does not return."""
        self.power.acquire()  # INVARIANT: never given back: no request is answered after the cut
        keep = self.options.keep
        nodes = self.durable_nodes if keep == "none" else self.chance.choice((self.durable_nodes, self.nodes))
        self.store(nodes, lambda node: node.after_cut(keep, self.chance))
        subprocess.run(["fusermount", "-uz", str(self.options.mount)], check=False)
        os._exit(0)

    def __call__(self, operation: str, *arguments: object) -> object:
        with self.power:
            return super().__call__(operation, *arguments) or 0

    def _node(self, path: str) -> Node:
        if (node := self.nodes.get(path)) is None:
            raise fuse.FuseOSError(errno.ENOENT)
        return node

    def fsync(self, path: str, _only_content: int, _handle: int) -> None:
        self.syncs += 1
        if self.syncs == self.options.cut_at:
            self.cut()
        if self.syncs == self.options.fail_at:
            self._node(path).unsynced.clear()
            raise fuse.FuseOSError(errno.EIO)
        self._node(path).sync()
        self.durable_nodes = dict(self.nodes)

    def getattr(self, path: str, _handle: int | None = None) -> dict[str, int]:
        node = self._node(path)
        return {
            "st_mode": node.mode,
            "st_uid": node.uid,
            "st_gid": node.gid,
            "st_size": len(node.content),
            "st_nlink": 1,
        }

    def rename(self, old: str, new: str) -> None:
        for path in [path for path in self.nodes if f"{path}/".startswith(f"{old}/")]:
            self.nodes[new + path.removeprefix(old)] = self.nodes.pop(path)

    def write(self, path: str, content: bytes, offset: int, _handle: int) -> int:
        self._node(path).write(content, offset)
        return len(content)

    def truncate(self, path: str, length: int, _handle: int | None = None) -> None:
        self._node(path).truncate(length)

    def readdir(self, path: str, _handle: int) -> list[str]:
        inside = (PurePosixPath(name) for name in self.nodes if name != "/")
        return [".", "..", *(name.name for name in inside if str(name.parent) == path)]

    def create(self, path: str, mode: int, _flags: object = None) -> None:
        self.nodes[path] = Node(mode, *fuse.fuse_get_context()[:2])

    def mkdir(self, path: str, mode: int) -> None:
        self.create(path, mode | stat.S_IFDIR)

    def link(self, new: str, old: str) -> None:
        self.nodes[new] = self._node(old)

    def unlink(self, path: str) -> None:
        self.nodes.pop(path)

    def read(self, path: str, size: int, offset: int, _handle: int) -> bytes:
        return bytes(self._node(path).content[offset : offset + size])

    def chmod(self, path: str, mode: int) -> None:
        self._node(path).mode = mode

    def chown(self, path: str, uid: int, gid: int) -> None:
        node = self._node(path)
        node.uid, node.gid = uid, gid

    rmdir, fsyncdir = unlink, fsync


def parse_options() -> Options:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("disk", type=Path)
    parser.add_argument("mount", type=Path)
    parser.add_argument("--keep", choices=sorted(_BORDERS), default="none")
    parser.add_argument("--cut-at", type=int)
    parser.add_argument("--fail-at", type=int)
    parser.add_argument("--seed", type=int)
    return Options(**vars(parser.parse_args()))


def main() -> None:
    """Serve the file system until it is unmounted or the power goes."""
    options = parse_options()
    file_system = PowerFS(options)
    # For the thread that waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})

    def wait_for_cut() -> None:
        signal.sigwait({signal.SIGUSR1})
        file_system.cut()

    threading.Thread(target=wait_for_cut, daemon=True).start()
    fuse.FUSE(file_system, str(options.mount), foreground=True, nothreads=True, allow_other=True)
    file_system.store(file_system.nodes, lambda node: bytes(node.content))


if __name__ == "__main__":
    main()
