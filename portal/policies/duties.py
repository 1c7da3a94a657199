"""Who may do what with the portal itself: the duties of `policy_models/administration`, asked of Casbin (E3, T29)."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import assert_never

import casbin

from portal.errors import Forbidden, Text
from portal.resources import policy_models_folder
from portal.vocabulary import DepartmentCode, Role, Subject, UserId

_FOLDER = "administration"


class Operation(StrEnum):
    """What may be done with the portal itself."""

    DRAFT_POLICIES = "draft_policies"
    DRAFT_REGISTER = "draft_register"
    WITHDRAW_CHANGE = "withdraw_change"
    APPROVE_CHANGE = "approve_change"
    REJECT_CHANGE = "reject_change"
    VIEW_CHANGES = "view_changes"
    VIEW_REGISTER = "view_register"
    ASK_POLICY = "ask_policy"
    FREEZE = "freeze"
    BRING_IN_ROWS = "bring_in_rows"
    READ_AUDIT = "read_audit"
    VIEW_SESSIONS = "view_sessions"
    END_SESSION = "end_session"
    RESET_FACTOR = "reset_factor"
    VIEW_TICKETS = "view_tickets"
    ANSWER_FAULT = "answer_fault"
    ANSWER_WISH = "answer_wish"


class Reach(StrEnum):
    """How far a duty reaches."""

    EVERYTHING = "everything"
    PROVIDED = "provided"
    CONSUMED = "consumed"


@dataclass(frozen=True, slots=True)
class Duty:
    """What some roles may do. `confirmed`: with a second factor; `second_person`: see `is_second_person`."""

    operations: frozenset[Operation]
    roles: frozenset[Role]
    reach: Reach
    second_person: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `confirmed`: a second factor was shown for this sign-in or token."""

    subject: Subject
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Target:
    """What is acted upon, as far as duties ask: whose entry, whose request, whose change.

    None where it isn't one department's: only a duty that reaches everything covers it.
    """

    provider: DepartmentCode | None = None
    consumer: DepartmentCode | None = None
    author: UserId | None = None
    author_roles: frozenset[Role] = frozenset()


ANYTHING = Target()
"""What is nobody's in particular."""


@cache
def load_duties() -> tuple[Duty, ...]:
    """Return the duties of the table. Raises: ValueError, KeyError for a table that says what nobody knows."""
    return parse_duties((policy_models_folder() / _FOLDER / "duties.toml").read_text(encoding="utf-8"))


def parse_duties(text: str) -> tuple[Duty, ...]:
    """Return the duties that a table writes. Raises: ValueError, KeyError for one that says what nobody knows."""
    table = tomllib.loads(text)
    if table.keys() != {"duty"}:
        raise ValueError(f"a table with {sorted(table)}")
    return tuple(map(_duty, table["duty"]))


def _duty(members: Mapping[str, object]) -> Duty:
    known = {"operations", "roles", "reach", "second_person", "confirmed"}
    operations, roles = members["operations"], members["roles"]
    if not members.keys() <= known or not isinstance(operations, list) or not isinstance(roles, list):
        raise ValueError(f"a duty with {sorted(members)}")
    return Duty(
        frozenset(map(Operation, operations)),
        frozenset(map(Role, roles)),
        Reach(str(members["reach"])),
        second_person=_flag(members, "second_person"),
        confirmed=_flag(members, "confirmed"),
    )


def _flag(members: Mapping[str, object], name: str) -> bool:
    # INVARIANT: what asks for more is never left out for being misspelt: `"yes"` would ask for nothing.
    flag = members.get(name, False)
    if not isinstance(flag, bool):
        raise ValueError(f"a duty whose `{name}` is `{flag}`")
    return flag


def names_operation(duty: Duty, operation: Operation) -> bool:
    """Return whether the duty is to do this."""
    return operation in duty.operations


def holds_role(duty: Duty, actor: Actor) -> bool:
    """Return whether the actor is a person with a role of the duty: an application has none."""
    return actor.subject.user is not None and not duty.roles.isdisjoint(actor.subject.roles)


def reaches_target(duty: Duty, actor: Actor, target: Target) -> bool:
    """Return whether the target lies within the duty's reach."""
    match duty.reach:
        case Reach.EVERYTHING:
            return True
        case Reach.PROVIDED:
            return target.provider is not None and target.provider == actor.subject.department
        case Reach.CONSUMED:
            return target.consumer is not None and target.consumer == actor.subject.department
    assert_never(duty.reach)


def is_second_person(duty: Duty, actor: Actor, target: Target) -> bool:
    """Return whether the actor may judge what the author did: another person, by a role that the author hasn't.

    So no role alone, however many hold it, brings a change into force (T30).
    """
    if not duty.second_person:
        return True
    is_another = target.author is not None and target.author != actor.subject.user
    return is_another and not (duty.roles & frozenset(actor.subject.roles)) <= target.author_roles


def is_confirmed(duty: Duty, actor: Actor) -> bool:
    """Return whether a second factor was shown where the duty asks for it."""
    return actor.confirmed or not duty.confirmed


def _on_duty(predicate: Callable[..., bool], duties: Mapping[str, Duty]) -> Callable[..., bool]:
    # Where there is no line at all Casbin asks once, with an empty number: no duty, so nothing is permitted.
    return lambda number, *rest: number in duties and predicate(duties[number], *rest)


class Duties:
    """Asks Casbin whether a duty lets an actor do something. Safe to share between threads."""

    def __init__(self, duties: tuple[Duty, ...] | None = None) -> None:
        """Ask about these duties, left out: the table's."""
        self._duties = load_duties() if duties is None else duties
        self._enforcer = casbin.Enforcer(str(policy_models_folder() / _FOLDER / "model.conf"))
        self._enforcer.logger.disabled = True
        by_number = {str(number): duty for number, duty in enumerate(self._duties)}
        for predicate in (names_operation, holds_role, reaches_target, is_second_person, is_confirmed):
            self._enforcer.add_function(predicate.__name__, _on_duty(predicate, by_number))
        self._enforcer.model["p"]["p"].policy = [[number, "allow"] for number in by_number]

    def permits(self, actor: Actor, operation: Operation, target: Target = ANYTHING) -> bool:
        """Return whether the actor may do this with the target."""
        return self._enforcer.enforce(actor, operation, target) is True

    def is_in_office(self, actor: Actor, operation: Operation) -> bool:
        """Return whether some duty of the actor's roles is to do this with something, a second factor left aside."""
        return any(names_operation(duty, operation) and holds_role(duty, actor) for duty in self._duties)

    def check(self, actor: Actor, operation: Operation, target: Target = ANYTHING) -> None:
        """Raise Forbidden unless the actor may do this with the target, saying what it takes."""
        if self.permits(actor, operation, target):
            return
        if self.permits(Actor(actor.subject, confirmed=True), operation, target):
            raise Forbidden(
                Text(
                    en="this needs a second factor; confirm your sign-in with it first",
                    zh="此操作需要第二因素；请先以第二因素确认登录",
                )
            )
        if target.author is not None and operation in (Operation.APPROVE_CHANGE, Operation.REJECT_CHANGE):
            raise Forbidden(
                Text(
                    en="a change is judged by another person than its author, and by a role that the author doesn't "
                    "hold",
                    zh="变更须由作者以外的人、且以作者不具备的角色审核",
                )
            )
        raise Forbidden(
            Text(
                en=f"none of your roles may `{operation}` here; ask somebody whose duty it is",
                zh=f"您的角色无权在此执行 `{operation}`；请联系有此职责的人员",
            )
        )
