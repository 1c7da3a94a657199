"""The options of `portal fetch` as frozen values, filled by typer."""

from dataclasses import dataclass
from typing import Annotated

from typer import Argument, Option


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What `portal fetch` is told."""

    identifier: Annotated[str, Argument(metavar="IDENTIFIER", help="The entry's identifier in the catalog.")]
    out: Annotated[str, Option("--out", metavar="FILE", help="The new file; it gets its name once it is whole.")]
    site: Annotated[str, Option("--site", metavar="URL", help="The portal's address, as `https://HOST`.")]
    format: Annotated[str, Option("--format", metavar="F", help="`csv`, `jsonl`, `xlsx` or `parquet`.")] = "csv"
    items: Annotated[str, Option("--items", metavar="I,I", help="Only these items, in this order.")] = ""
    where: Annotated[str, Option("--where", metavar="JSON", help="Only these rows, as `where` of a query.")] = ""
    order_by: Annotated[str, Option("--order-by", metavar="JSON", help="The order, as `orderBy` of a query.")] = ""
    first: Annotated[str, Option("--first", metavar="N", help="So many rows; left out: all.")] = ""
    purpose: Annotated[str, Option("--purpose", metavar="P", help="The stated purpose.")] = ""
    matter: Annotated[str, Option("--matter", metavar="X", help="The business matter's code.")] = ""
    case: Annotated[str, Option("--case", metavar="N", help="The number of the business case.")] = ""
    operator: Annotated[str, Option("--operator", metavar="NAME", help="The person who handles the case.")] = ""
    application: Annotated[str, Option("--application", metavar="ID", help="Ask as this registered application.")] = ""
    key_file: Annotated[str, Option("--key-file", metavar="FILE", help="Its private key, PEM.")] = ""
    token_file: Annotated[str, Option("--token-file", metavar="FILE", help="A file with a bearer token instead.")] = ""
    ca_file: Annotated[str, Option("--ca-file", metavar="FILE", help="Who vouches for the address, PEM.")] = ""
    retries: Annotated[str, Option("--retries", metavar="N", help="Tries without progress before giving up.")] = "5"
    mark: Annotated[bool, Option("--mark", help="CSV with the mark by which Excel knows UTF-8.")] = False
    raw: Annotated[bool, Option("--raw", help="CSV with texts as they are, for programs: formulas aren't defused.")] = (
        False
    )
