"""The static root of those who administer a portal: the fields that everybody has, and those of the office."""

import strawberry
from graphql import GraphQLObjectType

from portal.policies.duties import Operation
from portal.resolvers.everybody import EverybodysQuery, static_schema
from portal.resolvers.office.audit import AuditFields
from portal.resolvers.office.audit_chain import ChainFields
from portal.resolvers.office.changes import ChangeActs, ChangeFields
from portal.resolvers.office.policies import PolicyFields
from portal.resolvers.office.questions import QuestionFields
from portal.resolvers.office.register import RegisterFields
from portal.resolvers.office.sessions import SessionMutations, SessionQueries
from portal.resolvers.office.tickets import OfficeTicketActs, TicketFields
from portal.resolvers.root import Info, static_schema_of
from portal.resolvers.tickets import TicketActs


@strawberry.type(description="职责")
class DutyFields:
    """What is asked of the duties themselves."""

    @strawberry.field(description="您的角色所负的职责；带第二因素的操作另需确认")  # type: ignore[untyped-decorator]
    def duties(self, info: Info) -> list[str]:
        """Return what the roles of who asks may do, some of it with a second factor."""
        context = info.context
        return [one.value for one in Operation if context.office.duties.is_in_office(context.actor, one)]


@strawberry.type(name="Query", description="查询")
class OfficeQuery(
    EverybodysQuery,
    DutyFields,
    ChangeFields,
    PolicyFields,
    SessionQueries,
    RegisterFields,
    AuditFields,
    ChainFields,
    QuestionFields,
    TicketFields,
):
    """The root of queries of the office."""


@strawberry.type(name="Mutation", description="变更")
class OfficeMutation(TicketActs, ChangeActs, SessionMutations, OfficeTicketActs):
    """The root of what the office does."""


def office_schema() -> strawberry.Schema:
    """Return the schema of everybody's static fields and all of the office."""
    return static_schema_of(OfficeQuery, OfficeMutation)


def own_field_names(schema: strawberry.Schema) -> frozenset[str]:
    """Return the names of the fields that only the office has."""
    return _root_fields(schema) - _root_fields(static_schema())


def _root_fields(schema: strawberry.Schema) -> frozenset[str]:
    core = schema._schema  # noqa: SLF001  strawberry shows its graphql-core schema nowhere else
    roots = (core.query_type, core.mutation_type)
    return frozenset(name for root in roots if isinstance(root, GraphQLObjectType) for name in root.fields)
