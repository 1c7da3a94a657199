"""`portal serve` and `portal demo`."""

from portal.app import create_app, serve
from portal.commands.loading import announce_new_log
from portal.commands.options import NoOptions, ServeOptions
from portal.commands.parsing import parse_whole
from portal.commands.terminal import Session
from portal.demonstration.running import run_demonstration
from portal.errors import Text
from portal.storage.database import database_exists


def serve_portal(session: Session, options: ServeOptions) -> int:
    """Serve until asked to stop."""
    port = parse_whole("--port", options.port, 0, 65535)
    workers = parse_whole("--workers", options.workers, 1, 64)

    def greet(address: str) -> None:
        session.terminal.say(
            Text(en=f"serving at {address}; Ctrl-C stops it", zh=f"服务地址 {address}；按 Ctrl-C 停止")
        )
        session.terminal.out.flush()

    return serve(session.settings(), options.host, port, workers, greet)


def demonstrate(session: Session, _options: NoOptions) -> int:
    """Serve the demonstration until asked to stop."""
    settings = session.settings()
    if not database_exists(settings.database_url):
        announce_new_log(settings, session.terminal)
    return run_demonstration(settings, session.language, session.terminal.out, create_app)
