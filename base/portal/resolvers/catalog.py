"""The catalog's root fields: one entry by code, and the catalog with filters and pages."""

from dataclasses import dataclass

from portal.catalog.entries import CatalogEntry, EntryKind
from portal.errors import BadInput, Text
from portal.resolvers.context import RequestContext
from portal.schema.catalog_values import entry_value, is_in_catalog
from portal.schema.static import CatalogConnectionType, CatalogEdgeType, EntryType, PageInfoType
from portal.vocabulary import EntryCode, ShareClass

PAGE_LIMIT = 1000
DEFAULT_PAGE = 100


@dataclass(frozen=True, slots=True)
class CatalogFilter:
    """What entries a page is to hold; None takes all."""

    kind: EntryKind | None
    provider: str | None
    share_class: ShareClass | None

    def takes(self, entry: CatalogEntry) -> bool:
        """Return whether the entry passes the filter."""
        return (
            self.kind in (None, entry.kind)
            and self.provider in (None, entry.provider)
            and self.share_class in (None, entry.share_class)
        )


def find_entry(context: RequestContext, code: str) -> EntryType | None:
    """Return the entry of that code; None where it isn't known to the subject, or not at all."""
    state = context.point.snapshot.state_by_code.get(EntryCode(code))
    if state is None or not is_in_catalog(state.entry, context.subject):
        return None
    return entry_value(state.entry, context.subject, context.point.snapshot.registry.departments)


def list_entries(
    context: RequestContext, wanted: CatalogFilter, first: int | None, after: str | None
) -> CatalogConnectionType:
    """Return a page of the catalog in the order of codes; the cursor is the code of the entry before.

    Raises: BadInput.
    """
    rows = DEFAULT_PAGE if first is None else first
    if not 1 <= rows <= PAGE_LIMIT:
        raise BadInput(
            Text(en=f"`first` is {rows}; write 1 to {PAGE_LIMIT}", zh=f"`first` 为 {rows}，应为 1 至 {PAGE_LIMIT}")
        )
    snapshot = context.point.snapshot
    entries = [state.entry for state in snapshot.content.entries if is_in_catalog(state.entry, context.subject)]
    found = [entry for entry in entries if wanted.takes(entry)]
    following = [entry for entry in found if after is None or entry.code > after]
    page = [entry_value(entry, context.subject, snapshot.registry.departments) for entry in following[:rows]]
    return CatalogConnectionType(
        nodes=page,
        edges=[CatalogEdgeType(cursor=value.code, node=value) for value in page],
        page_info=PageInfoType(has_next_page=len(following) > rows, end_cursor=page[-1].code if page else None),
        total_count=len(found),
    )
