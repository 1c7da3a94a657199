"""In quarantine what is unconditional or open is decided as ever, and nothing else is permitted (T31)."""

from dataclasses import replace

import pytest

from portal.errors import ErrorCode
from portal.policies.decision import Deny, Permit
from portal.policies.decision_point import DecisionPoint
from portal.policies.explanation import explain_entry
from portal.policies.prospects import foresee_items
from portal.policies.snapshot import Snapshot
from portal.storage.quarantine import Quarantine
from portal.vocabulary import ItemIdentifier, ShareClass
from tests.policies.building import CODE, VERIFICATION, entry, item, point, record, request, use

QUARANTINE = Quarantine("2026-03-01T08:00:00Z", "2026-03-01T07:00:00Z", 3, 9, "00" * 32, "synthetic")
ITEMS = (
    item("free", share_class=ShareClass.UNCONDITIONAL),
    item("opened", share_class=ShareClass.CONDITIONAL, is_open=True),
    item("name"),
    item("secret", share_class=ShareClass.NOT_SHARED),
)
ENTRY = entry(ITEMS, share_class=ShareClass.UNCONDITIONAL, open=True)


def quarantined(outside: DecisionPoint) -> DecisionPoint:
    return DecisionPoint(Snapshot(replace(outside.snapshot.content, quarantine=QUARANTINE)), outside.matchers)


OUTSIDE = point(record(ENTRY, items=["*"]), of=ENTRY)
INSIDE = quarantined(OUTSIDE)


@pytest.mark.parametrize("name", ["free", "opened", "name", "secret"])
def test_item_is_denied_in_quarantine_unless_it_is_for_everyone(name: str) -> None:
    decision = INSIDE.decide(request(), use(name))
    assert isinstance(OUTSIDE.decide(request(), use(name)), Permit)
    if name in ("free", "opened"):
        assert decision == OUTSIDE.decide(request(), use(name))
    else:
        assert decision == Deny(((ItemIdentifier(name), ErrorCode.POLICY_UNAVAILABLE),))


def test_one_conditional_item_refuses_the_field_however_it_is_used() -> None:
    for asked in (use("free", "name"), use("free", compared=("name",))):
        decision = INSIDE.decide(request(), asked)
        assert isinstance(decision, Deny)
        assert decision.items == ("name",)


def test_unconditional_item_of_a_conditional_entry_is_denied() -> None:
    conditional = point(record(entry(ITEMS), items=["*"]), of=entry(ITEMS))
    assert isinstance(quarantined(conditional).decide(request(), use("free")), Deny)


def test_refusal_for_another_reason_keeps_its_code() -> None:
    assert INSIDE.decide(request(purpose=None), use("name")) == OUTSIDE.decide(request(purpose=None), use("name"))


def test_explanation_and_prospects_say_so() -> None:
    explanation = explain_entry(INSIDE, request(), CODE)
    assert explanation is not None
    codes = {finding.item: finding.code for finding in explanation.items}
    assert {name for name, code in codes.items() if code is ErrorCode.POLICY_UNAVAILABLE} == {"name", "secret"}
    assert {name for name, code in codes.items() if code is None} == {"free", "opened"}
    prospects = foresee_items(INSIDE, request(), CODE, (VERIFICATION,))
    assert prospects[ItemIdentifier("name")].code is ErrorCode.POLICY_UNAVAILABLE
    assert prospects[ItemIdentifier("name")].purposes == ()
