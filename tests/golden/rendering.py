"""Plans, decisions and statements as text for a person to compare."""

import json
from collections.abc import Iterable, Sequence

from portal.access.plan import (
    EdgesShape,
    FieldShape,
    GroupsPlan,
    GroupsShape,
    NamedShape,
    NodeShape,
    NodesShape,
    QueryPlan,
)
from portal.access.statement import Read, Statement
from portal.conditions.rendering import render_condition
from portal.conditions.tree import Condition
from portal.policies.decision import Decision, Deny, Limits, MaskChoice, Permit
from portal.policies.records import GeneraliseMask, Mask, PartialMask


def render_plan(plan: QueryPlan) -> str:
    """Return the plan, a line for each thing that it asks."""
    order = ", ".join(f"{term.item} {'DESC' if term.descending else 'ASC'}" for term in plan.order)
    return _lines(
        plan.entry.identifier,
        [
            ("action", f"{plan.action.mode}, purpose {plan.action.purpose or '-'}, matter {plan.action.matter or '-'}"),
            ("uses", ", ".join(plan.use.items)),
            ("compares", ", ".join(sorted(plan.use.compared))),
            ("filter", _condition(plan.filter)),
            ("order", order),
            ("first", "" if plan.first is None else str(plan.first)),
            *(("groups by", _groups(each)) for each in plan.groups),
            ("shows", "; ".join(f"{key}: {_shape(shape)}" for key, shape in plan.shape.members)),
        ],
    )


def _groups(asked: GroupsPlan) -> str:
    where, first = _condition(asked.filter), "" if asked.first is None else f", first {asked.first}"
    return f"{', '.join(asked.by)}{f' where {where}' if where else ''}{first}"


def render_decision(decision: Decision) -> str:
    """Return the decision, a line for each thing that it says."""
    if isinstance(decision, Deny):
        return _lines("  denied", [(f"  {item}", code.value) for item, code in decision.reasons])
    return _lines("  permitted", [(f"  {name}", text) for name, text in _permit(decision)])


def _permit(permit: Permit) -> Iterable[tuple[str, str]]:
    yield "rows", _condition(permit.row_condition)
    yield "by", ", ".join(record.id for record in permit.records)
    yield "restricted by", ", ".join(record.id for record in permit.restrictions)
    yield "until", "" if permit.valid_until is None else permit.valid_until.isoformat()
    for choice in permit.masks:
        yield f"mask on {choice.item}", _masks(choice)
    yield "rows a request", _limits(permit.max_rows)
    yield "rows a day", _limits(permit.daily_rows)


def _masks(choice: MaskChoice) -> str:
    return "; ".join(f"{_mask(mask)} where {_condition(condition) or 'any'}" for mask, condition in choice.options)


def _mask(mask: Mask | None) -> str:
    match mask:
        case None:
            return "none"
        case PartialMask(head, tail):
            return f"partial {head}/{tail}"
        case GeneraliseMask(to):
            return f"generalise to {to}"
        case _:
            return str(mask.kind)


def _limits(limits: Limits) -> str:
    return ", ".join(f"{item} {rows}" for item, rows in limits)


def _condition(condition: Condition) -> str:
    rendered = render_condition(condition)
    return "" if rendered == {} else json.dumps(rendered, ensure_ascii=False)


def _shape(shape: FieldShape) -> str:
    match shape:
        case NodesShape(node):
            return f"nodes {_node(node)}"
        case EdgesShape(members):
            shown = (f"{key}: {_node(member) if isinstance(member, NodeShape) else member}" for key, member in members)
            return f"edges {{{', '.join(shown)}}}"
        case NamedShape(name, members):
            return f"{name} {{{', '.join(f'{key}: {member}' for key, member in members)}}}"
        case GroupsShape(place, members):
            return f"groups {place} {{{', '.join(f'{key}: {member}' for key, member in members)}}}"
        case _:
            return shape.field


def _node(node: NodeShape) -> str:
    return "{" + ", ".join(f"{key}: {item or '__typename'}" for key, item in node.members) + "}"


def _lines(title: str, members: Sequence[tuple[str, str]] | Iterable[tuple[str, str]]) -> str:
    return f"{title}\n" + "".join(f"  {name}: {text}\n" for name, text in members if text)


def render_reads(reads: Sequence[Read]) -> str:
    """Return the statements that were run, each with its parameters."""
    if not reads:
        return "-- nothing is read\n"
    return "\n".join(
        _statement(kind, statement)
        for read in reads
        for kind, statement in (("rows", read.rows), ("total", read.total), *_group_statements(read))
        if statement is not None
    )


def _group_statements(read: Read) -> Iterable[tuple[str, Statement]]:
    for each in read.groups:
        yield f"groups, {each.first} shown, of {each.smallest} rows at least", each.statement
        yield from (("counted rows, if groups are few", statement) for statement in each.counted)


def _statement(kind: str, statement: Statement) -> str:
    lines = "\n".join(line.rstrip() for line in statement.sql.splitlines())
    return f"-- {kind}\n{lines}\n-- {json.dumps(statement.parameters, ensure_ascii=False)}\n"
