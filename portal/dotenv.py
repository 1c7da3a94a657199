"""Files of lines `NAME=VALUE`."""

import re
from pathlib import Path

from portal.errors import ConfigurationError, Text

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>\w+)\s*=\s*"""
    r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>(?:(?!\s\#)[^"'])*?))\s*(?:\s\#.*)?"""
)


def read_dotenv(path: Path | None) -> dict[str, str]:
    """Return what a file of lines `NAME=VALUE` says; empty where there is none."""
    if path is None or not path.is_file():
        return {}
    values: dict[str, str] = {}
    for number, line in enumerate(_read_lines(path), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise ConfigurationError(
                Text(
                    f"line {number} of `{path}` is not of the form `NAME=VALUE`",
                    f"`{path}` 第 {number} 行不是 `NAME=VALUE` 的形式",
                )
            )
        values[parts["name"]] = next(part for part in parts.group("double", "single", "bare") if part is not None)
    return values


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            Text(
                f"`{path}` can't be read; make it a UTF-8 text that this account may read",
                f"无法读取 `{path}`；应为本账户可读的 UTF-8 文本",
            )
        ) from None
