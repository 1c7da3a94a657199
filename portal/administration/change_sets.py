"""A change set: what one person wants changed, and how far it came; what may follow upon what."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from portal.administration.documents import ChangeDocument, render_change
from portal.conditions.values import render_instant
from portal.errors import Conflict, PolicyUnavailable, Text
from portal.json_text import JsonValue, render_json
from portal.vocabulary import Role, UserId


class ChangeKind(StrEnum):
    """Where a change set comes from."""

    RECORDS = "records"
    """Written by a person."""
    LOAD = "load"
    """A bundle that was loaded."""
    ROLLBACK = "rollback"
    """Made from an earlier one, to undo it."""


class ChangeState(StrEnum):
    """How far a change set came."""

    DRAFT = "draft"
    CHECKED = "checked"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What is done with a change set."""

    DRAFT = "draft"
    EDIT = "edit"
    CHECK = "check"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    ACTIVATE = "activate"
    SUPERSEDE = "supersede"


_OPEN = (ChangeState.DRAFT, ChangeState.CHECKED)
_NEXT: Mapping[tuple[ChangeState, Step], ChangeState] = {
    **{(state, Step.EDIT): ChangeState.DRAFT for state in _OPEN},
    **{(state, Step.CHECK): ChangeState.CHECKED for state in _OPEN},
    (ChangeState.CHECKED, Step.SUBMIT): ChangeState.SUBMITTED,
    (ChangeState.SUBMITTED, Step.APPROVE): ChangeState.APPROVED,
    (ChangeState.SUBMITTED, Step.REJECT): ChangeState.REJECTED,
    (ChangeState.APPROVED, Step.REJECT): ChangeState.REJECTED,
    (ChangeState.APPROVED, Step.ACTIVATE): ChangeState.ACTIVE,
    (ChangeState.ACTIVE, Step.SUPERSEDE): ChangeState.SUPERSEDED,
    **{
        (state, Step.WITHDRAW): ChangeState.WITHDRAWN for state in (*_OPEN, ChangeState.SUBMITTED, ChangeState.APPROVED)
    },
}
"""What may follow upon what; nothing else may."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set as it stands.

    `base` holds, by `TABLE/KEY`, the versions that it was drafted upon, 0 for what wasn't there. `rows` are those of a
    load, which has no document of a person. `author_roles` are what the author held when it was drafted.
    `activates_at` is None where it comes into force when it is approved; `version` counts its steps.
    """

    id: int
    kind: ChangeKind
    title: str
    reason: str
    basis: str | None
    author: UserId
    author_roles: frozenset[Role]
    state: ChangeState
    version: int
    base_epoch: int
    document: ChangeDocument
    base: Mapping[str, int]
    rows: Mapping[str, JsonValue] | None = None
    activates_at: datetime | None = None
    approved_by: UserId | None = None
    seal: str | None = None
    epoch: int | None = None


def advance(change: ChangeSet, step: Step) -> ChangeSet:
    """Return the change set one step on. Raises: Conflict where the step doesn't follow upon its state."""
    following = _NEXT.get((change.state, step))
    if following is None:
        raise Conflict(
            Text(
                en=f"change set {change.id} is `{change.state}`, so it can't be taken the step `{step}`",
                zh=f"变更单 {change.id} 处于 `{change.state}` 状态，不能执行 `{step}`",
            )
        )
    return replace(change, state=following, version=change.version + 1)


def check_version(change: ChangeSet, version: int) -> None:
    """Raise Conflict unless the change set is the one that a person saw: of two at once one is refused (T40)."""
    if change.version != version:
        raise Conflict(
            Text(
                en=f"change set {change.id} has gone on to version {change.version} since version {version}; "
                "read it again",
                zh=f"变更单 {change.id} 已由版本 {version} 变为版本 {change.version}；请重新读取",
            )
        )


def document_of(change: ChangeSet) -> dict[str, JsonValue]:
    """Return all that is changed and what it rests on, as stored and sealed."""
    return {
        "change": render_change(change.document),
        "base": dict(change.base),
        "author_roles": [role.value for role in sorted(change.author_roles)],
        "rows": None if change.rows is None else dict(change.rows),
    }


def seal_of(change: ChangeSet, secret: bytes) -> str:
    """Return the keyed digest of what was approved, by whom, from when.

    INVARIANT: nothing comes into force but what carries it, so who writes into the table changes no policy (T29).
    """
    sealed: dict[str, JsonValue] = {
        "id": change.id,
        "kind": change.kind.value,
        "author": change.author,
        "approved_by": change.approved_by,
        "activates_at": None if change.activates_at is None else render_instant(change.activates_at),
        "document": document_of(change),
    }
    return hmac.digest(secret, b"change set:" + render_json(sealed).encode(), "sha256").hex()


def check_seal(change: ChangeSet, secret: bytes) -> None:
    """Raise PolicyUnavailable unless the change set is what was approved."""
    if change.seal is None or not hmac.compare_digest(change.seal, seal_of(change, secret)):
        raise PolicyUnavailable(
            Text(
                en=f"change set {change.id} isn't what was approved: it was altered by other means; nothing of it "
                "comes into force",
                zh=f"变更单 {change.id} 与所批准的内容不一致：曾被以其他方式改动；不予生效",
            )
        )
