"""What may follow upon what, and the seal of what was approved."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from portal.administration.change_sets import (
    ChangeKind,
    ChangeSet,
    ChangeState,
    Step,
    advance,
    check_seal,
    check_version,
    seal_of,
)
from portal.administration.documents import ChangedKind, ChangeDocument, Declaration, Put, Restoration, Withdrawal
from portal.errors import Conflict, PolicyUnavailable
from portal.vocabulary import Purpose, Role, UserId

SECRET = bytes(range(32))
CHANGE = ChangeSet(
    id=7,
    kind=ChangeKind.RECORDS,
    title="open one more item",
    reason="asked for",
    basis=None,
    author=UserId("u1"),
    author_roles=frozenset({Role.POLICY_ADMINISTRATOR}),
    state=ChangeState.APPROVED,
    version=4,
    base_epoch=3,
    document=ChangeDocument((Put(ChangedKind.POLICY, {"id": "a"}, "put[0]"),)),
    base={"policy_records/a": 2},
    activates_at=datetime(2026, 3, 1, tzinfo=UTC),
    approved_by=UserId("u2"),
)
# Written from the issue, not from the code: draft, checked, submitted, approved, active, superseded.
FOLLOWS = {
    ("draft", "edit"): "draft",
    ("checked", "edit"): "draft",
    ("draft", "check"): "checked",
    ("checked", "check"): "checked",
    ("checked", "submit"): "submitted",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "rejected",
    ("approved", "reject"): "rejected",
    ("approved", "activate"): "active",
    ("active", "supersede"): "superseded",
    ("draft", "withdraw"): "withdrawn",
    ("checked", "withdraw"): "withdrawn",
    ("submitted", "withdraw"): "withdrawn",
    ("approved", "withdraw"): "withdrawn",
}


@pytest.mark.clause("threats.md T40")
@pytest.mark.parametrize(("state", "step"), [*product(ChangeState, Step)])
def test_step_follows_upon_these_states_alone(state: ChangeState, step: Step) -> None:
    change = replace(CHANGE, state=state)
    following = FOLLOWS.get((state.value, step.value))
    if following is None:
        with pytest.raises(Conflict, match=f"`{state}`"):
            advance(change, step)
    else:
        assert advance(change, step) == replace(change, state=ChangeState(following), version=5)


@pytest.mark.clause("threats.md T40")
def test_change_set_that_went_on_is_refused() -> None:
    check_version(CHANGE, 4)
    for version in (3, 5):
        with pytest.raises(Conflict):
            check_version(CHANGE, version)


ALTERED = [
    replace(CHANGE, id=8),
    replace(CHANGE, kind=ChangeKind.LOAD),
    replace(CHANGE, author=UserId("u3")),
    replace(CHANGE, author_roles=frozenset()),
    replace(CHANGE, approved_by=UserId("u3")),
    replace(CHANGE, activates_at=None),
    replace(CHANGE, activates_at=datetime(2026, 2, 1, tzinfo=UTC)),
    replace(CHANGE, base={"policy_records/a": 1}),
    replace(CHANGE, base={}),
    replace(CHANGE, rows={"tables": {}}),
    replace(CHANGE, document=ChangeDocument((Put(ChangedKind.POLICY, {"id": "b"}, "put[0]"),))),
    replace(CHANGE, document=replace(CHANGE.document, withdrawals=(Withdrawal(ChangedKind.POLICY, "c", ""),))),
    replace(CHANGE, document=replace(CHANGE.document, restorations=(Restoration("policy_records", "c", 1),))),
    replace(CHANGE, document=replace(CHANGE.document, declaration=Declaration((Purpose("verification"),)))),
]


@pytest.mark.clause("threats.md T29")
@pytest.mark.parametrize("altered", ALTERED)
def test_seal_holds_for_what_was_approved_alone(altered: ChangeSet) -> None:
    seal = seal_of(CHANGE, SECRET)
    check_seal(replace(CHANGE, seal=seal), SECRET)
    with pytest.raises(PolicyUnavailable):
        check_seal(replace(altered, seal=seal), SECRET)


@pytest.mark.clause("threats.md T29")
def test_nothing_without_seal_or_with_another_portals_comes_into_force() -> None:
    for seal in (None, "", seal_of(CHANGE, bytes(32))):
        with pytest.raises(PolicyUnavailable):
            check_seal(replace(CHANGE, seal=seal), SECRET)
