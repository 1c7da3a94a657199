"""The keys that a process uses: those that the portal's content names, from the key file or the one that follows it.

A rotation writes the new keys beside the key file, `keys.json.next`; then a change of the content names them and raises
the epoch. So all workers go over to them between two requests, wherever they run, and none that lacks them answers.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from portal.errors import ConfigurationError, PolicyUnavailable, Text
from portal.identity.keys import PortalKeys, load_keys, render_keys, store_key_file


def next_key_file(path: Path) -> Path:
    """Return where the keys lie that follow those of the file."""
    return path.with_name(f"{path.name}.next")


class KeyRing:
    """Keys of which one set is in use; `path` is the key file, None where the keys are given."""

    def __init__(self, path: Path | None, keys: PortalKeys) -> None:
        self._path = path
        self._keys = keys
        self._heard: list[Callable[[PortalKeys], object]] = []

    @property
    def keys(self) -> PortalKeys:
        """The keys in use."""
        return self._keys

    def subscribe(self, heard: Callable[[PortalKeys], object]) -> None:
        """Call `heard` whenever other keys come into use."""
        self._heard.append(heard)

    def use(self, fingerprint: str | None) -> None:
        """Use the keys of that fingerprint from now on; None: whichever, for they were never rotated.

        Raises: PolicyUnavailable where this machine doesn't have them.
        """
        if fingerprint is None or self._keys.fingerprint == fingerprint:
            return
        found = self._find(fingerprint)
        if found is None:
            raise PolicyUnavailable(
                Text(
                    en=f"the portal's keys were rotated, and `{self._path}` isn't what is in force; copy the key file "
                    "from where `portal keys rotate` ran",
                    zh=f"门户密钥已轮换，`{self._path}` 不是当前生效的密钥文件；"
                    "请从运行 `portal keys rotate` 处复制密钥文件",
                )
            )
        self._keys = found
        for heard in self._heard:
            heard(found)

    def _find(self, fingerprint: str) -> PortalKeys | None:
        return next((keys for keys in self.lying() if keys.fingerprint == fingerprint), None)

    def lying(self) -> Iterator[PortalKeys]:
        """Yield the keys that lie in the key file now, and those that are to follow."""
        for path in (self._path, next_key_file(self._path)) if self._path else ():
            with suppress(ConfigurationError):
                yield load_keys(path)


def load_key_ring(path: Path) -> KeyRing:
    """Return the keys of the file. Raises: ConfigurationError."""
    return KeyRing(path, load_keys(path))


def store_next_keys(path: Path, keys: PortalKeys) -> Path:
    """Write the keys that are to follow those of the file, and return where; ones left there before are replaced.

    Raises: ConfigurationError.
    """
    following = next_key_file(path)
    following.unlink(missing_ok=True)
    store_key_file(following, render_keys(keys))
    return following


def promote_next_keys(path: Path) -> None:
    """Put the keys that follow in the file's place."""
    next_key_file(path).replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
