"""The records of a data file, whatever it is written as: the names of its columns, then cells as texts by column."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from portal.bundles.csv_batches import CsvBatch, OddRecord
from portal.bundles.csv_files import Cells, CsvFault
from portal.errors import Text


@dataclass(frozen=True, slots=True)
class ColumnFault:
    """A column whose cells can't be those of its item."""

    column: str
    what: Text
    mend: Text


@dataclass(frozen=True, slots=True)
class Records:
    """A file that was opened: the line of its header, if it has one, and the columns, or why nothing can be read.

    `read` yields the rows, once; those of columns with `faults` can't be read.
    """

    line: int | None
    header: Cells | CsvFault
    read: Callable[[], Iterator[CsvBatch | OddRecord]]
    faults: tuple[ColumnFault, ...] = ()
