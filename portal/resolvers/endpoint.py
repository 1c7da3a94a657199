"""What requests are answered with, and what of it is kept from one to the next."""

from dataclasses import dataclass, field
from datetime import datetime

from graphql import DocumentNode
from orjson import Fragment

from portal.access.bounds import Bounds
from portal.access.catalog_cells import CatalogSizes, catalog_sizes
from portal.access.kept import Kept
from portal.access.pipeline import Road
from portal.policies.decision_point import DecisionPoint
from portal.policies.duties import Actor
from portal.policies.snapshot import View
from portal.regulations.profiles import load_profile
from portal.resolvers.context import Office
from portal.resolvers.schemas import Schemas
from portal.resolvers.shelves import CatalogShelves
from portal.schema.assembly import AssembledSchema, named_views
from portal.schema.catalog_values import is_in_catalog, shown_items
from portal.vocabulary import Purpose, Subject

_KEPT_TEXT = 262_144
"""Characters of documents that are kept: parsed, each may take 600 bytes of memory."""
_KEPT_VIEWS = 1024
_KEPT_INTROSPECTIONS = 16 << 20
"""Bytes of answers that show a schema: each is the same until the schema is another."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A request as it came: the document's text, its variables, and which of its operations is meant.

    `only_query`: it came by a method that changes nothing, so nothing but a query may be executed. `digest`: the
    document's SHA-256 where the client named it; then the text may be empty, until it is looked up. `is_own`: the
    text is the client's, so that a refusal may quote it.
    """

    document: str
    variables: dict[str, object] | None = None
    name: str | None = None
    only_query: bool = False
    digest: str | None = None
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may be executed for a subject, with the schema that it was held against.

    `view` and `sizes` are what that rested on. `is_introspection`: it asks for the schema and nothing else.
    """

    document: DocumentNode
    assembled: AssembledSchema
    view: View
    sizes: CatalogSizes
    is_introspection: bool


@dataclass(frozen=True)
class Endpoint:
    """What requests are answered with; made once a process."""

    road: Road
    bounds: Bounds
    office: Office
    schemas: Schemas = field(default_factory=Schemas)
    documents: Kept[DocumentNode] = field(default_factory=lambda: Kept(_KEPT_TEXT))
    validated: Kept[DocumentNode] = field(default_factory=lambda: Kept(_KEPT_TEXT))
    introspected: Kept[Fragment] = field(default_factory=lambda: Kept(_KEPT_INTROSPECTIONS))
    prepared: Kept[Prepared] = field(default_factory=lambda: Kept(_KEPT_TEXT))
    views: Kept[tuple[View, datetime, datetime | None]] = field(default_factory=lambda: Kept(_KEPT_VIEWS))
    purposes: dict[str, tuple[Purpose, ...]] = field(default_factory=dict)
    sizes: Kept[CatalogSizes] = field(default_factory=lambda: Kept(4))
    shelves: CatalogShelves = field(default_factory=CatalogShelves)

    def view_of(self, subject: Subject, point: DecisionPoint, now: datetime) -> View:
        """Return the subject's view, kept until the epoch or time alone changes it."""
        key = (point.snapshot.epoch, subject)
        kept = self.views.find(key)
        # From when it was made until time changes it: a clock that ran ahead is set back some day.
        if kept is None or now < kept[1] or (kept[2] is not None and kept[2] <= now):
            kept = self.views.keep(key, (point.snapshot.view(subject, now), now, point.snapshot.next_view_change(now)))
        return kept[0]

    def purposes_of(self, profile: str) -> tuple[Purpose, ...]:
        """Return the purposes that a profile knows."""
        if profile not in self.purposes:
            self.purposes[profile] = load_profile(profile).purposes
        return self.purposes[profile]

    def sizes_of(self, subject: Subject, point: DecisionPoint) -> CatalogSizes:
        """Return how long the catalog's lists are to the subject: to the public those of what is open."""
        content = point.snapshot.content
        key = (content.epoch, subject.is_public)
        kept = self.sizes.find(key)
        if kept is None:
            entries = [state.entry for state in content.entries if is_in_catalog(state.entry, subject)]
            shown = [(entry, len(shown_items(entry, subject))) for entry in entries]
            kept = self.sizes.keep(key, catalog_sizes(shown, len(self.purposes_of(content.profile))))
        return kept

    def schema_for(self, text: str, view: View, profile: str, actor: Actor) -> AssembledSchema:
        """Return the schema that a document is held against: its entries of the view, no others."""
        views, whole = named_views(text, view)
        return self.schemas.assemble(views, self.purposes_of(profile), self.office.duties, actor, whole=whole)

    def whole_schema(self, view: View, profile: str, actor: Actor) -> AssembledSchema:
        """Return the whole schema of a view, as introspection shows it."""
        views, purposes = tuple(view.values()), self.purposes_of(profile)
        return self.schemas.assemble(views, purposes, self.office.duties, actor, whole=True)
