"""`portal audit witness`: what another party runs to keep a portal's checkpoints."""

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from portal.audit.witness_service import witness_application
from portal.commands.options import WitnessOptions
from portal.commands.parsing import parse_whole
from portal.commands.terminal import Session
from portal.connections import ConnectionLimits
from portal.errors import ConfigurationError, Text
from portal.serving import Service, listen, serve
from portal_verify.log import parse_public_keys

MAX_CHECKPOINT_BYTES = 16 << 20
"""A checkpoint names the heads that moved: the first of a portal with many chains names all."""
_LIMITS = ConnectionLimits(10.0, 30.0, MAX_CHECKPOINT_BYTES, 100)


def keep_checkpoints(session: Session, options: WitnessOptions) -> int:
    """Take checkpoints until asked to stop."""
    port = parse_whole("--port", options.port, 0, 65535)
    if not options.folder.is_dir():
        raise ConfigurationError(
            Text(
                en=f"there is no folder `{options.folder}`; make it, for this account alone",
                zh=f"没有目录 `{options.folder}`；请创建，且仅供本账户使用",
            )
        )
    application = witness_application(options.folder, load_public_keys(options.key))
    with listen(options.host, port) as listening:
        address = f"http://{options.host}:{listening.getsockname()[1]}/"

        def greet() -> None:
            session.terminal.say(Text(en=f"keeping checkpoints at {address}", zh=f"检查点见证地址：{address}"))
            session.terminal.out.flush()

        return serve(application, listening, greet, Service(_LIMITS))


def load_public_keys(path: Path) -> Sequence[Ed25519PublicKey]:
    """Return the keys of a file of PEMs. Raises: ConfigurationError."""
    try:
        return parse_public_keys(path.read_bytes())
    except (OSError, ValueError):
        raise ConfigurationError(
            Text(
                en=f"`{path}` doesn't hold Ed25519 public keys as PEM; take what `portal audit key` prints",
                zh=f"`{path}` 中不是 PEM 格式的 Ed25519 公钥；请使用 `portal audit key` 的输出",
            )
        ) from None
