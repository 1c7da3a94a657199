"""A small register and snapshots on it, for tests of what changes do. All of it is synthetic."""

from collections.abc import Sequence
from dataclasses import replace

from portal.catalog.entries import CatalogEntry
from portal.identity.registry import Application, Department, Group, Registry, User
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import PortalContent
from portal.policies.records import PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import ApplicationId, DepartmentCode, GroupCode, Matter, NetworkZone, UserId
from tests.policies.building import CONSUMER, MATCHERS, PROVIDER, STRANGER, state

MATTER = Matter("999999-0001")


def department(code: str, *groups: str, region: str | None = "999999") -> Department:
    return Department(DepartmentCode(code), "合成部门", region, tuple(map(GroupCode, groups)))


def application(name: str, of: str, *matters: str, level: int | None = 2) -> Application:
    own = tuple(map(Matter, matters))
    return Application(ApplicationId(name), "合成应用", DepartmentCode(of), own, level, NetworkZone.GOVERNMENT, None)


def user(name: str, of: str) -> User:
    return User(UserId(name), "合成人员", DepartmentCode(of), (), 2, NetworkZone.GOVERNMENT)


def registry(
    departments: Sequence[Department] = (),
    applications: Sequence[Application] = (),
    users: Sequence[User] = (),
    groups: Sequence[str] = ("inspectors", "readers"),
) -> Registry:
    """Return a register; without departments the provider, the consumer in `inspectors`, and a stranger."""
    own = departments or (department(PROVIDER), department(CONSUMER, "inspectors"), department(STRANGER))
    programs = applications or (application("keeper", PROVIDER), application("checker", CONSUMER, MATTER))
    return Registry(
        {one.code: one for one in own},
        {GroupCode(name): Group(GroupCode(name), "合成部门组") for name in groups},
        {one.id: one for one in programs},
        {one.id: one for one in users or (user("clerk", CONSUMER),)},
    )


REGISTRY = registry()


def content(
    entries: Sequence[CatalogEntry], records: Sequence[PolicyRecord], of: Registry = REGISTRY, epoch: int = 1
) -> Snapshot:
    """Return a snapshot of entries, records and a register."""
    ordered = tuple(sorted(records, key=lambda one: one.id))
    return Snapshot(PortalContent(epoch, "nantong-2015", "合成平台", of, tuple(map(state, entries)), ordered))


def point_of(snapshot: Snapshot) -> DecisionPoint:
    return DecisionPoint(snapshot, MATCHERS)


def with_registry(snapshot: Snapshot, of: Registry) -> Snapshot:
    return Snapshot(replace(snapshot.content, registry=of))
