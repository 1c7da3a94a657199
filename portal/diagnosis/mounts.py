"""Which file system a path is on, by the list of mounts that Linux gives (`/proc/self/mountinfo`)."""

import re
from pathlib import Path

_SHARED = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "davfs", "vboxsf", "prl_fs", "virtiofs"),
        *("ceph", "glusterfs", "lustre", "beegfs", "gpfs", "ocfs2", "gfs2"),
    }
)
_ESCAPE = re.compile(r"\\([0-7]{3})")


def type_of(path: Path, mountinfo: str) -> str:
    """Return the type of the file system that an absolute path is on; later mounts cover earlier ones."""
    found, longest = "", -1
    for line in mountinfo.splitlines():
        before, separator, behind = line.partition(" - ")
        fields = before.split()
        if not separator or len(fields) < 5:
            continue
        point = Path(_ESCAPE.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= longest:
            found, longest = behind.split()[0], len(point.parts)
    return found


def is_shared(kind: str) -> bool:
    """Return whether locks of such a file system may fail: it is another machine's, or a program's."""
    return kind in _SHARED or kind.startswith("fuse")
