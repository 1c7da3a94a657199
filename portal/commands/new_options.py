"""The options of `portal new` as frozen values, filled by typer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option


@dataclass(frozen=True, slots=True)
class NewOptions:
    """What `portal new` is told."""

    file: Annotated[
        Path,
        Argument(metavar="FILE", help="A CSV file or an .xlsx workbook, with the names of columns above the rows."),
    ]
    provider: Annotated[str, Option("--provider", metavar="CODE", help="The providing department, by its code.")]
    into: Annotated[
        str,
        Option("--into", metavar="DIR", help="A bundle's folder, or a new one; left out: one named like the entry."),
    ] = ""
    identifier: Annotated[
        str,
        Option("--identifier", metavar="ID", help="The entry's identifier; left out: proposed from the file's name."),
    ] = ""
    sheet: Annotated[str, Option("--sheet", metavar="NAME", help="The sheet of a workbook; left out: the first.")] = ""
    separator: Annotated[
        str, Option("--separator", metavar="S", help="`comma`, `semicolon` or `tab`; left out: told of the file.")
    ] = ""
