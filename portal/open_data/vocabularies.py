"""The controlled vocabularies that DCAT-AP 3 asks for, as far as a catalog's members have a term in them."""

from portal.catalog.entries import UpdateCycle
from portal.exchange.formats import Format
from portal.open_data.rdf import Iri, iri

_AUTHORITY = "http://publications.europa.eu/resource/authority"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types"

CHINESE = iri(f"{_AUTHORITY}/language/ZHO")
PUBLIC_ACCESS = iri(f"{_AUTHORITY}/access-right/PUBLIC")
JSON_FORMAT = iri(f"{_AUTHORITY}/file-type/JSON")
JSON_MEDIA_TYPE = iri(f"{_MEDIA_TYPES}/application/json")

_FREQUENCIES = {
    UpdateCycle.REALTIME: "UPDATE_CONT",
    UpdateCycle.DAILY: "DAILY",
    UpdateCycle.WEEKLY: "WEEKLY",
    UpdateCycle.MONTHLY: "MONTHLY",
    UpdateCycle.QUARTERLY: "QUARTERLY",
    UpdateCycle.HALF_YEARLY: "ANNUAL_2",
    UpdateCycle.YEARLY: "ANNUAL",
    UpdateCycle.IRREGULAR: "IRREG",
    UpdateCycle.OTHER: "OTHER",
}
_FILE_TYPES = {
    Format.CSV: "CSV",
    # The vocabulary has no term of its own for lines of JSON.
    Format.JSON_LINES: "JSON",
    Format.SPREADSHEET: "XLSX",
    Format.PARQUET: "PARQUET",
}
_REGISTERED = {
    Format.CSV: "text/csv",
    Format.SPREADSHEET: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}
"""Media types that IANA has registered; for lines of JSON there is none."""


def frequency(cycle: UpdateCycle) -> Iri:
    """Return the term of the EU's frequencies for an update cycle."""
    return iri(f"{_AUTHORITY}/frequency/{_FREQUENCIES[cycle]}")


def file_type(chosen: Format) -> Iri:
    """Return the term of the EU's file types for a format."""
    return iri(f"{_AUTHORITY}/file-type/{_FILE_TYPES[chosen]}")


def media_type(chosen: Format) -> Iri | None:
    """Return the registered media type of a format, None where there is none."""
    registered = _REGISTERED.get(chosen)
    return None if registered is None else iri(f"{_MEDIA_TYPES}/{registered}")
