"""What rows are delivered as, and the records of such a file."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import IO, assert_never

from portal.bundles.csv_batches import parse_batches
from portal.bundles.csv_files import CsvFault, parse_csv
from portal.bundles.data_records import Records
from portal.bundles.tables import NO_HEADER
from portal.catalog.entries import InformationItem


class DataFormat(StrEnum):
    """What rows are delivered as."""

    CSV = "csv"
    PARQUET = "parquet"

    @property
    def display_name(self) -> str:
        """What people call it."""
        return "CSV" if self is DataFormat.CSV else "Parquet"

    @property
    def unit(self) -> str:
        """What the places of its faults are counted in: lines, the header's too; or rows, from 1."""
        return "line" if self is DataFormat.CSV else "row"


def open_records(file: IO[bytes], data_format: DataFormat, items: Sequence[InformationItem]) -> Records:
    """Return the records of an open file, which are to be those of the items. Raises: OSError."""
    match data_format:
        case DataFormat.CSV:
            return _open_csv(file)
        case DataFormat.PARQUET:
            from portal.bundles.parquet_rows import open_parquet

            return open_parquet(file, items)
        case _:
            assert_never(data_format)


def _open_csv(lines: IO[bytes]) -> Records:
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for line in lines:
            taken += 1
            yield line

    line, header = next(parse_csv(counted()), (1, NO_HEADER))
    width = 0 if isinstance(header, CsvFault) else len(header)
    return Records(line, header, partial(parse_batches, lines, taken + 1, width))
