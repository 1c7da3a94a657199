"""`portal settings`."""

from portal.commands.options import NoOptions
from portal.commands.terminal import ExitCode, Session
from portal.errors import Text
from portal.settings import Source, describe_settings

_SOURCES = {
    Source.ENVIRONMENT: Text(en="environment", zh="环境变量"),
    Source.FILE: Text(en=".env file", zh=".env 文件"),
    Source.DEFAULT: Text(en="default", zh="默认值"),
}


def print_settings(session: Session, _options: NoOptions) -> ExitCode:
    """Print every setting with its value, where that comes from, and what it means."""
    terminal = session.terminal
    for line in describe_settings(session.environment):
        source = _SOURCES[line.source].render(terminal.language)
        terminal.write(f"{line.name}={line.value}  [{source}]\n    {line.meaning.render(terminal.language)}")
    return ExitCode.DONE
