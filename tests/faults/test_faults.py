"""Every fault in its share of `make test`: the portal fails closed, loses nothing, and comes back."""

import pytest

from tests.faults.__main__ import render_row
from tests.faults.catalogue import FAULTS
from tests.faults.fault import Bench, Fault, Result
from tests.faults.kills import KILLS

pytestmark = pytest.mark.heavy


@pytest.mark.clause("threats.md R1 R2 R3 R4 R5 R6 R7 R8 R9 R11 R12 R14 R17 R29 R33")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_portal_holds_when_a_fault_is_injected(bench: Bench, fault: Fault) -> None:
    result = fault.run(bench, fault.share, 1)
    assert result.trials == fault.share
    assert result.violations == ()


def test_row_says_that_a_fault_was_not_held_when_a_breach_was_seen() -> None:
    assert render_row(KILLS, Result(2, (), {"start_seconds": 0.5})).endswith(
        "| 0 breaches | 2 trials; start_seconds 0.5 | held |"
    )
    assert render_row(KILLS, Result(2, ("one",))).endswith("| NOT HELD |")
    assert render_row(KILLS, Result(0)).endswith("| NOT HELD |")
