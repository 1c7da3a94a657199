from pathlib import Path

import pytest

from portal.diagnosis.mounts import is_shared, type_of

MOUNTS = """\
22 28 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:22 / /srv rw - xfs /dev/sdb1 rw
24 23 0:23 / /srv/my\\040share rw,nosuid shared:5 master:2 - nfs4 server:/export rw
25 22 0:24 / /data rw - ext4 /dev/sdc1 rw
26 22 0:25 / /data rw - fuse.sshfs user@host:/ rw
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/portal/portal.db", "ext4"),
        ("/srv/portal.db", "xfs"),
        ("/srvs/portal.db", "ext4"),
        ("/srv/my share/portal.db", "nfs4"),
        ("/data/portal.db", "fuse.sshfs"),
    ],
)
def test_type_is_that_of_the_last_and_deepest_mount(path: str, kind: str) -> None:
    assert type_of(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse", "fuseblk", "fuse.glusterfs", "9p", "ceph"])
def test_file_systems_of_others_are_shared(kind: str) -> None:
    assert is_shared(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", ""])
def test_disks_of_this_machine_are_not_shared(kind: str) -> None:
    assert not is_shared(kind)
