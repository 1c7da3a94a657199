"""Which schema a document is held against: everybody's, or with the fields of the office that are a person's duty."""

from dataclasses import dataclass, field

from portal.policies.duties import Actor, Duties
from portal.policies.snapshot import EntryView
from portal.resolvers.everybody import static_schema
from portal.resolvers.office.permissions import office_fields
from portal.resolvers.office.root import office_schema, own_field_names
from portal.resolvers.shared import resolve_shared_field
from portal.schema.assembly import AssembledSchema, SchemaAssembler
from portal.vocabulary import Purpose


def _everybodys() -> SchemaAssembler:
    return SchemaAssembler(static_schema(), resolve_shared_field)


def _offices() -> SchemaAssembler:
    static = office_schema()
    return SchemaAssembler(static, resolve_shared_field, own_field_names(static))


@dataclass(frozen=True)
class Schemas:
    """Makes schemas and keeps them; made once a process."""

    everybodys: SchemaAssembler = field(default_factory=_everybodys)
    offices: SchemaAssembler = field(default_factory=_offices)

    def assemble(
        self,
        views: tuple[EntryView, ...],
        purposes: tuple[Purpose, ...],
        duties: Duties,
        actor: Actor,
        *,
        whole: bool,
    ) -> AssembledSchema:
        """Return the schema of these entries for who asks. `whole`: as introspection shows it."""
        shown = office_fields(duties, actor) if actor.subject.roles else frozenset()
        assembler = self.offices if shown else self.everybodys
        return assembler.assemble(views, purposes, shown, whole=whole)
