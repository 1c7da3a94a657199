"""Following the log: its records as they come, each as its canonical JSON text."""

from pathlib import Path

from portal.audit import statements
from portal.storage.database import connect_read_only


class LogFollower:
    """Reads what was written since it last looked. Records of one writer come in their order."""

    def __init__(self, path: Path, lines: int) -> None:
        """Begin with the last `lines` records, by time."""
        self._connection = connect_read_only(path)
        self._lines = lines
        self._seen: dict[int, int] = {}

    def first_records(self) -> list[str]:
        """Return the records to begin with."""
        for *columns, sequence in self._connection.execute(statements.READ_WRITERS):
            self._seen[columns[0]] = sequence or 0
        rows = self._connection.execute(statements.READ_LATEST_RECORDS, (self._lines,)).fetchall()
        return [text for (text,) in reversed(rows)]
