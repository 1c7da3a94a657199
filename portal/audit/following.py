"""Following the log: its records as they come, each as its canonical JSON text."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.audit.reading import READING_FAULTS, open_log_reader
from portal.errors import AuditUnavailable, Text
from portal.storage.addresses import shown_address

MAX_LINES = 1000
"""Records of one writer that a look reads at most; the next look reads on."""


class LogFollower:
    """Reads what was written since it last looked, beginning with the last `lines` records, at most 1000."""

    def __init__(self, database_url: str, lines: int) -> None:
        """Open the database. Raises: AuditUnavailable if there is no log in it; ConfigurationError."""
        self._lines = lines
        with _unreadable(database_url):
            self._reader = open_log_reader(database_url)
            self._seen = {writer: max(0, last - lines) for writer, last in self._last_sequences()}

    def first_records(self) -> list[str]:
        """Return the records to begin with, by time."""
        records = self.new_records()
        return records[max(0, len(records) - self._lines) :]

    def new_records(self) -> list[str]:
        """Return what is new, by time."""
        found: list[tuple[str, str]] = []
        for writer, last in self._last_sequences():
            seen = self._seen.get(writer, 0)
            if last > seen:
                until = min(last, seen + MAX_LINES)
                rows = self._reader.read(self._reader.statements.read_records, (writer, seen + 1, until))
                found += [(time, text) for _, time, text in rows]
                self._seen[writer] = until
        return [text for _, text in sorted(found)]

    def _last_sequences(self) -> list[tuple[int, int]]:
        rows = self._reader.read(self._reader.statements.read_writers)
        return [(writer, last or 0) for writer, *_, last in rows]

    def close(self) -> None:
        """Close the database."""
        self._reader.close()


@contextmanager
def _unreadable(database_url: str) -> Iterator[None]:
    try:
        yield
    except READING_FAULTS:
        shown = shown_address(database_url)
        raise AuditUnavailable(
            Text(
                en=f"there is no audit log in `{shown}`; serve the portal first, or set `PORTAL_DATABASE_URL`",
                zh=f"`{shown}` 中没有审计日志；请先提供门户服务，或设置 `PORTAL_DATABASE_URL`",
            )
        ) from None
