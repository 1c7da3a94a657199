"""`portal new`: the draft of a catalog entry, and what was guessed of it."""

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from portal.bundles.loading import LoadStep
from portal.catalog.entries import InformationItem
from portal.catalog.members import shorten
from portal.commands.loading import shown_progress
from portal.commands.new_options import NewOptions
from portal.commands.parsing import parse_choice
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import BadInput, ConfigurationError, Text
from portal.identity.keys import load_keys
from portal.proposals.columns import ColumnGuess
from portal.proposals.csv_source import Separator
from portal.proposals.drafting import Draft, DraftOrder, draft_entry
from portal.proposals.source import FaultyTable
from portal.proposals.staging import BundlePlace
from portal.proposals.surroundings import Surroundings, surroundings_in_folder, surroundings_in_portal
from portal.settings import Settings
from portal.storage.content import NothingLoaded, StoredContent, read_content
from portal.storage.database import database_exists, open_sync_database

_READING = Text(en="reading", zh="正在读取")


def new_entry(session: Session, options: NewOptions) -> ExitCode:
    """Write the draft of an entry into a bundle's folder, and print what was guessed and why."""
    terminal = session.terminal
    order = DraftOrder(
        path=options.file,
        provider=options.provider,
        identifier=options.identifier,
        sheet=options.sheet or None,
        separator=parse_choice("--separator", options.separator, Separator) if options.separator else None,
    )
    beside, place = _look_around(session.settings(), options.into)
    try:
        with shown_progress(terminal, _READING) as progress:
            draft = draft_entry(order, beside, place, lambda done: progress(LoadStep.PLANNING, done, 0))
    except FaultyTable as refused:
        for fault in refused.faults:
            terminal.complain_of(fault)
        terminal.complain(refused.text)
        return ExitCode.BAD_INPUT
    _describe(terminal, draft)
    _say_next(terminal, draft, options.into or draft.entry.identifier)
    return ExitCode.DONE


def _look_around(settings: Settings, into: str) -> tuple[Surroundings, BundlePlace]:
    """Return what portal and folder hold. Raises: BadInput where loading the folder would empty a portal."""
    content = _content(settings)
    folder = Path(into) if into else None
    try:
        in_folder = None if folder is None else surroundings_in_folder(folder)
    except OSError as refused:
        raise BadInput(
            Text(
                en=f"`{into}` can't be read ({refused.strerror}); name another folder with `--into`",
                zh=f"无法读取 `{into}`（{refused.strerror}）；请用 `--into` 指定其他目录",
            )
        ) from None
    in_portal = Surroundings(profile=settings.profile) if content is None else surroundings_in_portal(content)
    if content is not None and in_folder is None:
        raise ConfigurationError(
            Text(
                en="the portal holds content, and loading a folder with one entry would withdraw the others; run "
                "`portal export DIR`, then name that folder with `--into DIR`",
                zh="门户已有内容，装载只含一个条目的目录会撤下其他条目；"
                "请先运行 `portal export 目录`，再用 `--into 目录` 指定",
            )
        )
    if in_folder is None:
        return in_portal, BundlePlace(folder, is_new=True)
    return in_folder.joined(in_portal), BundlePlace(folder, is_new=False)


def _content(settings: Settings) -> StoredContent | None:
    """Return the content of the portal, None where there is none yet. Raises: ConfigurationError, PolicyUnavailable."""
    if not database_exists(settings.owner_database_url):
        return None
    engine = open_sync_database(settings.owner_database_url)
    try:
        with engine.connect() as connection:
            return read_content(connection, load_keys(settings.key_file).digest_secret)
    except NothingLoaded:
        return None
    finally:
        engine.dispose()


def _describe(terminal: Terminal, draft: Draft) -> None:
    entry = draft.entry
    for remark in draft.remarks:
        terminal.say(remark)
    terminal.say(
        Text(
            en=f"entry `{entry.identifier}`, code `{entry.code}`, {draft.row_count} rows; draft, not shared, not open",
            zh=f"条目 `{entry.identifier}`，代码 `{entry.code}`，{draft.row_count} 行；草稿，不予共享，不开放",
        )
    )
    rows = [_line(terminal, item, column) for item, column in zip(entry.items, draft.columns, strict=True)]
    head = Text(en="item|name|type|sensitivity|why", zh="信息项|列名|类型|敏感级别|依据").render(terminal.language)
    for line in _aligned([head.split("|"), *rows]):
        terminal.write(line)
    names, why = ", ".join(f"`{name}`" for name in entry.key), _joined(terminal, draft.key.reasons)
    if entry.key:
        terminal.say(Text(en=f"key {names}: {why}", zh=f"主键 {names}：{why}"))
    else:
        terminal.say(Text(en=why, zh=why))


def _line(terminal: Terminal, item: InformationItem, column: ColumnGuess) -> list[str]:
    measure = item.length if item.length is not None else item.scale
    kind = item.type.value if measure is None else f"{item.type}({measure})"
    name = " ".join(shorten(item.name).split())
    return [item.identifier, name, kind, str(item.sensitivity), _joined(terminal, column.reasons)]


def _joined(terminal: Terminal, reasons: Sequence[Text]) -> str:
    between = Text(en="; ", zh="；").render(terminal.language)
    return between.join(reason.render(terminal.language) for reason in reasons)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; its last column is as wide as it comes."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)][:-1]
    for *cells, last in rows:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join([*padded, last])


def _width(text: str) -> int:
    """Return how many columns of a terminal the text takes: characters of Chinese take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _say_next(terminal: Terminal, draft: Draft, into: str) -> None:
    folder, entry = Path(into), draft.entry
    file = folder / "catalog" / f"{entry.identifier}.json"
    terminal.say(
        Text(
            en=f"look at `{file}`: types, key, what is shared and on what basis; then run",
            zh=f"请核对 `{file}`：类型、主键、共享类型及依据；然后运行",
        )
        if entry.key
        else Text(
            en=f"write a `key` into `{file}` first, or draft it anew of a table with a column that numbers the rows: "
            "without a key nothing is loaded; then run",
            zh=f"请先在 `{file}` 中填写 `key`，或在原表中增加编号列后重新草拟：没有主键不能装载；然后运行",
        )
    )
    for option in (" --check", " --diff", ""):
        terminal.write(f"  portal load {quote(str(folder))}{option}")
