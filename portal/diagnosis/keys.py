"""The key file: there, for its owner alone, whole, and this portal's."""

from collections.abc import Iterator

from portal.diagnosis.findings import Area, Finding, fault, good, refused
from portal.diagnosis.installation import Installation
from portal.errors import ConfigurationError, Text
from portal.identity.keys import load_keys
from portal.storage.content import key_fingerprint
from portal.storage.examining import examined, stored_fingerprint

_MISSING = Text(
    en="restore it from the backup: no token, cursor or checkpoint of this portal holds without it. "
    "A portal that was never loaded gets one by `portal load`",
    zh="请从备份恢复：缺少它，本门户的令牌、游标和检查点均无法使用。从未装载过的门户由 `portal load` 生成",
)
_OTHER = Text(
    en="set `PORTAL_KEY_FILE` to the file that the portal was set up with, or restore that file from the backup",
    zh="请将 `PORTAL_KEY_FILE` 设为建立本门户时的密钥文件，或从备份恢复该文件",
)


def check_key_file(installation: Installation) -> Iterator[Finding]:
    """Yield whether the key file can be used."""
    path = installation.settings.key_file
    try:
        load_keys(path)
    except ConfigurationError as refusal:
        yield refused(Area.KEYS, "key_file", refusal.text, _MISSING)
    else:
        yield good(
            Area.KEYS,
            "key_file",
            Text(en=f"`{path}` is whole and its owner's alone", zh=f"`{path}` 完整，且仅其所有者可用"),
        )


def check_key_owner(installation: Installation) -> Iterator[Finding]:
    """Yield whether the keys are those of the portal in the database."""
    keys = installation.keys()
    if keys is None or not installation.has_database():
        return
    with examined(installation.settings.database_url) as connection:
        stored = stored_fingerprint(connection)
    if stored is None:
        return
    path = installation.settings.key_file
    if stored == key_fingerprint(keys.digest_secret):
        yield good(Area.KEYS, "key_owner", Text(en="the keys are those of this portal", zh="密钥文件属于本门户"))
        return
    yield fault(
        Area.KEYS,
        "key_owner",
        Text(
            en=f"`{path}` is not the key file of the portal in this database: nothing is permitted with it",
            zh=f"`{path}` 不是此数据库中门户的密钥文件：使用它一律不予许可",
        ),
        _OTHER,
    )
