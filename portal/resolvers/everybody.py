"""The static root of everybody: the fields that need neither a duty nor a grant."""

import strawberry

from portal.resolvers.root import Query, static_schema_of
from portal.resolvers.tickets import TicketActs, TicketQueries


@strawberry.type(name="Query", description="查询")
class EverybodysQuery(Query, TicketQueries):
    """The root of queries that everybody has."""


def static_schema() -> strawberry.Schema:
    """Return the schema of the static fields that everybody has."""
    return static_schema_of(EverybodysQuery, TicketActs)
