"""A model of what staff can do with a portal, and a search for ways by which one role gives itself a cell (T30).

Faithful where it counts: who may do what is asked of `Duties`, who is admitted of `subject_of`, who reads of the
decision point, all on the registers and records that the acts leave. A freeze holds at once and is lifted by a change.
What isn't there: loading bundles, which takes the owner of the database, and acts that only end something (reject,
withdraw, end a session).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from portal.errors import Unauthenticated
from portal.identity.authentication import subject_of
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.registry import (
    Application,
    Department,
    DepartmentStatus,
    Group,
    Registry,
    Successor,
    User,
    held_exclusive_roles,
    is_admitted,
)
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.duties import Actor, Duties, Operation, Target
from portal.policies.matching import Request
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.policies.successions import follow_entry, follow_records, successions_of
from portal.vocabulary import (
    Action,
    ApplicationId,
    DepartmentCode,
    Environment,
    GroupCode,
    Mode,
    PolicyId,
    Role,
    Subject,
    UserId,
)
from tests.policies.building import CODE, CONSUMER, MATCHERS, NOW, PROVIDER, VERIFICATION, entry, item, snapshot

ATTACKED = DepartmentCode("11999999MB0000035G")
"""The department of those who attack: nothing was given to it."""
THEIR_KEY = "theirs.pem"
"""Whose applications have it for their key, the attackers ask as them."""
INSIDERS = GroupCode("insiders")
CANARY = item("name")
ENTRY = entry((CANARY,))


@dataclass(frozen=True, slots=True)
class World:
    """What decisions rest on."""

    registry: Registry
    records: Mapping[str, PolicyRecord]


class Stage(StrEnum):
    """How far a change has come."""

    DRAFTED = "drafted"
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a change would do: `operation` is what drafting it takes."""

    name: str
    operation: Operation
    apply: Callable[[World], World]


@dataclass(frozen=True, slots=True)
class Change:
    """A change that isn't in force. `roles` are the author's as they were when it was drafted."""

    proposal: str
    author: UserId
    roles: frozenset[Role]
    stage: Stage


@dataclass(frozen=True, slots=True)
class State:
    """What is in force, by the names of the proposals, and what isn't yet."""

    applied: frozenset[str] = frozenset()
    changes: frozenset[Change] = frozenset()


def _allow(name: str, consumer: Consumer) -> PolicyRecord:
    return PolicyRecord(
        PolicyId(name), Effect.ALLOW, PolicyKind.STATUTORY, consumer, CODE, (CANARY.identifier,), ANY, (Mode.QUERY,)
    )


def _put_record(record: PolicyRecord) -> Callable[[World], World]:
    return lambda world: replace(world, records={**world.records, record.id: record})


def _without_record(name: str) -> Callable[[World], World]:
    return lambda world: replace(world, records={key: one for key, one in world.records.items() if key != name})


def _put_department(code: DepartmentCode, change: Callable[[Department], Department]) -> Callable[[World], World]:
    def apply(world: World) -> World:
        departments = {**world.registry.departments, code: change(world.registry.departments[code])}
        return replace(world, registry=replace(world.registry, departments=departments))

    return apply


def _put_application(application: Application) -> Callable[[World], World]:
    def apply(world: World) -> World:
        applications = {**world.registry.applications, application.id: application}
        return replace(world, registry=replace(world.registry, applications=applications))

    return apply


def _put_user(user_id: str, change: Callable[[User], User]) -> Callable[[World], World]:
    def apply(world: World) -> World:
        known = world.registry.users.get(UserId(user_id)) or User(UserId(user_id), user_id, ATTACKED, (), 3, None)
        changed = change(known)
        if held_exclusive_roles(changed.roles):
            # The reader of the register refuses it, and so does the database.
            return world
        return replace(world, registry=replace(world.registry, users={**world.registry.users, changed.id: changed}))

    return apply


def _with_role(role: Role) -> Callable[[User], User]:
    return lambda user: replace(user, roles=tuple(dict.fromkeys((*user.roles, role))))


def _given_out(status: DepartmentStatus, heir: DepartmentCode) -> Callable[[Department], Department]:
    return lambda department: replace(department, status=status, successors=(Successor(heir),))


def _in_group(department: Department) -> Department:
    return replace(department, groups=(INSIDERS,))


def _application(name: str, department: DepartmentCode, key: str) -> Application:
    return Application(ApplicationId(name), name, department, (), 2, None, key)


def _deny(name: str, consumer: Consumer) -> PolicyRecord:
    return replace(_allow(name, consumer), effect=Effect.DENY, kind=PolicyKind.RESTRICTION, items=ANY, modes=ANY)


def _department(code: DepartmentCode) -> Consumer:
    return Consumer(ConsumerKind.DEPARTMENT, code)


PROPOSALS = {
    proposal.name: proposal
    for proposal in (
        Proposal("grant", Operation.DRAFT_POLICIES, _put_record(_allow("new", _department(ATTACKED)))),
        Proposal(
            "grant to an application",
            Operation.DRAFT_POLICIES,
            _put_record(_allow("new", Consumer(ConsumerKind.APPLICATION, "theirs"))),
        ),
        Proposal("redirect", Operation.DRAFT_POLICIES, _put_record(_allow("statute", _department(ATTACKED)))),
        Proposal("lift a freeze", Operation.DRAFT_POLICIES, _without_record("freeze")),
        Proposal(
            "move a person",
            Operation.DRAFT_REGISTER,
            _put_user("attacker-1", lambda user: replace(user, department=CONSUMER)),
        ),
        Proposal("register a person", Operation.DRAFT_REGISTER, _put_user("attacker-9", _with_role(Role.ANALYST))),
        Proposal(
            "move an application",
            Operation.DRAFT_REGISTER,
            _put_application(_application("theirs", CONSUMER, THEIR_KEY)),
        ),
        Proposal(
            "replace a key", Operation.DRAFT_REGISTER, _put_application(_application("insider", CONSUMER, THEIR_KEY))
        ),
        Proposal(
            "register an application",
            Operation.DRAFT_REGISTER,
            _put_application(_application("another", CONSUMER, THEIR_KEY)),
        ),
        Proposal("join the group", Operation.DRAFT_REGISTER, _put_department(ATTACKED, _in_group)),
        Proposal(
            "merge", Operation.DRAFT_REGISTER, _put_department(CONSUMER, _given_out(DepartmentStatus.MERGED, ATTACKED))
        ),
        Proposal(
            "take over the provider",
            Operation.DRAFT_REGISTER,
            _put_department(PROVIDER, _given_out(DepartmentStatus.RENAMED, ATTACKED)),
        ),
        *(
            Proposal(f"become {role}", Operation.DRAFT_REGISTER, _put_user("attacker-2", _with_role(role)))
            for role in (Role.POLICY_ADMINISTRATOR, Role.AUTHORITY_OFFICER)
        ),
    )
}


FREEZE = Proposal(
    "freeze everything", Operation.FREEZE, _put_record(_deny("frozen by them", Consumer(ConsumerKind.PUBLIC)))
)
"""What is in force without anybody's approval."""
EFFECTS = {**PROPOSALS, FREEZE.name: FREEZE}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the acts by which the canary is read, None where there are none; states looked at."""

    way: tuple[str, ...] | None
    states: int


class DutySearch:
    """Searches from persons of given roles, all of whom work together; each role is one person's or several's."""

    def __init__(self, duties: Duties, *role_sets: tuple[Role, ...]) -> None:
        self._duties = duties
        persons = [
            User(UserId(f"attacker-{number}"), "合成用户", ATTACKED, roles, 3, None)
            for number, roles in enumerate(role_sets, start=1)
        ]
        departments = {code: Department(code, code, None, ()) for code in (ATTACKED, PROVIDER)}
        departments[CONSUMER] = Department(CONSUMER, CONSUMER, None, (INSIDERS,))
        applications = (
            _application("insider", CONSUMER, "insider.pem"),
            _application("theirs", ATTACKED, THEIR_KEY),
            _application("frozen", ATTACKED, THEIR_KEY),
        )
        registry = Registry(
            departments,
            {INSIDERS: Group(INSIDERS, "合成组")},
            {one.id: one for one in applications},
            {one.id: one for one in persons},
        )
        records = (
            _allow("statute", _department(CONSUMER)),
            _allow("group", Consumer(ConsumerKind.GROUP, INSIDERS)),
            _allow("given once", Consumer(ConsumerKind.APPLICATION, "frozen")),
            _deny("freeze", Consumer(ConsumerKind.APPLICATION, "frozen")),
            replace(_allow("provider-residents", _department(PROVIDER)), kind=PolicyKind.PROVIDER, items=ANY),
        )
        self._first = World(registry, {one.id: one for one in records})
        # Kept by what was applied: the same few worlds are met again and again.
        self._world = cache(self._made_world)
        self._reads = cache(self._asked)
        self._permits = cache(duties.permits)

    def search(self, depth: int) -> Found:
        """Return the first way to the canary in so many acts, breadth first."""
        seen, frontier = {State()}, {State(): tuple[str, ...]()}
        for _ in range(depth):
            following: dict[State, tuple[str, ...]] = {}
            for state, way in frontier.items():
                for act, after in self._acts(state):
                    if after in seen:
                        continue
                    seen.add(after)
                    following[after] = (*way, act)
                    if after.applied != state.applied and self._reads(after.applied):
                        return Found(following[after], len(seen))
            frontier = following
        return Found(None, len(seen))

    def _made_world(self, applied: frozenset[str]) -> World:
        world = self._first
        for name in sorted(applied):
            world = EFFECTS[name].apply(world)
        return world

    def _acts(self, state: State) -> Iterator[tuple[str, State]]:
        for actor in self._actors(state.applied):
            person, roles = actor.subject.user, frozenset(actor.subject.roles)
            if person is None:
                continue
            for proposal in PROPOSALS.values():
                if proposal.name not in state.applied and self._permits(actor, proposal.operation):
                    drafted = Change(proposal.name, person, roles, Stage.DRAFTED)
                    yield f"{person} drafts: {proposal.name}", replace(state, changes=state.changes | {drafted})
            if FREEZE.name not in state.applied and self._permits(actor, FREEZE.operation):
                yield f"{person}: {FREEZE.name}", replace(state, applied=state.applied | {FREEZE.name})
            for change in state.changes:
                yield from self._steps(actor, change, state)

    def _steps(self, actor: Actor, change: Change, state: State) -> Iterator[tuple[str, State]]:
        person, rest = actor.subject.user, state.changes - {change}
        if change.stage is Stage.DRAFTED:
            if person == change.author and self._permits(actor, PROPOSALS[change.proposal].operation):
                submitted = replace(change, stage=Stage.SUBMITTED)
                yield f"{person} submits: {change.proposal}", replace(state, changes=rest | {submitted})
            return
        target = Target(author=change.author, author_roles=change.roles)
        if self._permits(actor, Operation.APPROVE_CHANGE, target):
            yield f"{person} approves: {change.proposal}", State(state.applied | {change.proposal}, rest)

    def _actors(self, applied: frozenset[str]) -> Iterator[Actor]:
        """Yield the attackers with the roles that the register gives them now, each with a second factor."""
        for subject in self._subjects(applied):
            if subject.user is not None:
                yield Actor(subject, confirmed=True)

    def _subjects(self, applied: frozenset[str]) -> Iterator[Subject]:
        """Yield whoever the attackers can ask as: their accounts, and applications that have their key."""
        registry = self._world(applied).registry
        people = [(SubjectKind.USER, one.id) for one in registry.users.values() if is_admitted(one, registry)]
        programs = [
            (SubjectKind.APPLICATION, one.id) for one in registry.applications.values() if one.public_key == THEIR_KEY
        ]
        for kind, name in (*people, *programs):
            try:
                yield subject_of(TokenClaims(kind, name, 3, None, NOW, "synthetic"), registry)[0]
            except Unauthenticated:
                continue

    def _asked(self, applied: frozenset[str]) -> bool:
        """Return whether any attacker reads the canary."""
        world = self._world(applied)
        successions = successions_of(world.registry)
        records = follow_records(world.records.values(), {CODE: ENTRY}, successions)
        content = replace(snapshot([follow_entry(ENTRY, successions)], records).content, registry=world.registry)
        point = DecisionPoint(Snapshot(content), MATCHERS)
        use = Use(CODE, (CANARY.identifier,))
        action, environment = Action(Mode.QUERY, VERIFICATION), Environment(NOW)
        return any(
            isinstance(point.decide(Request(subject, action, environment), use), Permit)
            for subject in self._subjects(applied)
        )

    def reads_after(self, proposal: str) -> bool:
        """Return whether the canary is read where one proposal is in force, however it came to be."""
        return self._reads(frozenset({proposal}))
