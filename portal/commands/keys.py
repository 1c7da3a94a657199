"""`portal keys list`, `portal keys rotate`, `portal keys activate`."""

from dataclasses import replace
from datetime import UTC, datetime

from portal.bundles.loading import change_identity
from portal.bundles.store import PortalStore
from portal.commands.loading import witness_epoch
from portal.commands.options import NoOptions, RotateOptions
from portal.commands.parsing import parse_choice
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, ConfigurationError, Text
from portal.identity.keyring import next_key_file, promote_next_keys, store_next_keys
from portal.identity.keys import FormerKey, PortalKeys, RotatedKey, key_id, load_keys, rotate_key
from portal.settings import Settings
from portal.storage.migrating import upgrade_database

_MEANINGS = {
    RotatedKey.TOKENS: Text(en="signs tokens", zh="签发令牌"),
    RotatedKey.CURSORS: Text(en="seals cursors", zh="封装游标"),
    RotatedKey.MASKS: Text(en="makes hash masks", zh="生成散列掩码"),
    RotatedKey.AUDIT: Text(en="signs the audit log's checkpoints", zh="签署审计日志检查点"),
}
_SIGNING = (RotatedKey.TOKENS, RotatedKey.AUDIT)


def list_keys(session: Session, _options: NoOptions) -> ExitCode:
    """Print the keys that can be rotated, and former ones that still count; none of them is shown."""
    keys, now = load_keys(session.settings().key_file), datetime.now(UTC)
    for one in RotatedKey:
        meaning = _MEANINGS[one]
        ids = {RotatedKey.TOKENS: keys.signing_key_id, RotatedKey.AUDIT: keys.audit_key_id}
        name = f"  {ids[one]}" if one in ids else ""
        session.terminal.say(Text(en=f"{one}  {meaning.en}{name}", zh=f"{one}  {meaning.zh}{name}"))
        for former in keys.former_of(one.member):
            if one is RotatedKey.AUDIT or now < former.counts_until:
                session.terminal.say(_describe(one, former))
    return ExitCode.DONE


def _describe(one: RotatedKey, former: FormerKey) -> Text:
    name = f"  {key_id(former.verifying_key)}" if one in _SIGNING else ""
    if one is RotatedKey.AUDIT:
        until = former.retired_at.isoformat()
        return Text(
            en=f"    former{name}: verifies what it signed until {until}",
            zh=f"    旧密钥{name}：用于验证 {until} 前的签名",
        )
    until = former.counts_until.isoformat()
    return Text(en=f"    former{name}: counts until {until}", zh=f"    旧密钥{name}：有效至 {until}")


def rotate(session: Session, options: RotateOptions) -> ExitCode:
    """Make a new key, and put it in force on every worker at once."""
    settings, now = session.settings(), datetime.now(UTC)
    what = parse_choice("NAME", options.name, RotatedKey)
    if what is RotatedKey.MASKS and not options.yes:
        raise BadInput(
            Text(
                en="a new mask secret changes every hash mask: values that departments hold don't match new ones any "
                "more; say `--yes` if that is meant",
                zh="更换掩码密钥会改变所有散列掩码：各部门已取得的值将不再与新值一致；如确需更换，请加 `--yes`",
            )
        )
    keys = load_keys(settings.key_file)
    following = rotate_key(keys, what.member, now, at_once=options.at_once)
    path = store_next_keys(settings.key_file, following)
    if options.prepare:
        session.terminal.say(
            Text(
                en=f"`{path}` holds the keys that are to follow; copy it beside the key file of every other server, "
                "then run `portal keys activate`",
                zh=f"`{path}` 为后续密钥；请复制到其他每台服务器的密钥文件旁，然后运行 `portal keys activate`",
            )
        )
        return ExitCode.DONE
    return _activate(session, settings, following, now)


def activate(session: Session, _options: NoOptions) -> ExitCode:
    """Put the keys that were prepared in force on every worker at once."""
    settings = session.settings()
    path = next_key_file(settings.key_file)
    if not path.exists():
        raise ConfigurationError(
            Text(
                en=f"there are no keys to follow in `{path}`; run `portal keys rotate NAME --prepare`",
                zh=f"`{path}` 中没有后续密钥；请运行 `portal keys rotate 名称 --prepare`",
            )
        )
    return _activate(session, settings, load_keys(path), datetime.now(UTC))


def _activate(session: Session, settings: Settings, following: PortalKeys, now: datetime) -> ExitCode:
    upgrade_database(settings.owner_database_url)
    store = PortalStore(settings.owner_database_url, settings.owner_data_url, following.digest_secret)
    epoch = change_identity(store, lambda identity: replace(identity, key_set=following.fingerprint), now)
    promote_next_keys(settings.key_file)
    session.terminal.say(
        Text(
            en=f"the new keys are in force from epoch {epoch} on; `{settings.key_file}` holds them: make a new backup",
            zh=f"新密钥自纪元 {epoch} 起生效，保存在 `{settings.key_file}`；请重新备份",
        )
    )
    # Said first: the keys are in force whatever becomes of the witness.
    witness_epoch(settings)
    return ExitCode.DONE
