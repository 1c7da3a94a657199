"""Tokens to go on with: sealed, and good for a day."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.access.planning import SharedField
from portal.access.selections import Document
from portal.errors import BadInput
from portal.exchange.formats import Format, Style
from portal.exchange.order import Order, Progress
from portal.exchange.resuming import GOOD_FOR, open_progress, seal_progress
from portal.vocabulary import ApplicationId, DepartmentCode, ItemIdentifier, Subject
from tests.fixtures.planned import entry_of, state_of
from tests.fixtures.sharing_bundle import villages

SECRET = bytes(32)
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
SUBJECT = Subject(DepartmentCode("d"), application=ApplicationId("a"))
FIELD = SharedField((), {}, Document({}, {}))
ORDER = Order(state_of(entry_of(villages())), FIELD, FIELD, (ItemIdentifier("code"),), Style(Format.CSV), None, {})
PROGRESS = Progress("1-1-0123456789abcdef", NOW.isoformat(), 7, "basis", "cursor", 3, 30, 1, "0" * 64, ("policy",))


def test_progress_is_had_again_for_a_day() -> None:
    token = seal_progress(SECRET, SUBJECT, ORDER, PROGRESS)
    assert open_progress(SECRET, SUBJECT, ORDER, token, NOW + GOOD_FOR) == PROGRESS
    with pytest.raises(BadInput, match="older than a day"):
        open_progress(SECRET, SUBJECT, ORDER, token, NOW + GOOD_FOR + timedelta(seconds=1))


@pytest.mark.clause("threats.md T2")
def test_token_tells_nothing_and_fits_nobody_else() -> None:
    token = seal_progress(SECRET, SUBJECT, ORDER, PROGRESS)
    assert token != seal_progress(SECRET, SUBJECT, ORDER, PROGRESS)
    other = Subject(DepartmentCode("d"), application=ApplicationId("b"))
    with pytest.raises(BadInput):
        open_progress(SECRET, other, ORDER, token, NOW)
    with pytest.raises(BadInput):
        open_progress(bytes([1] * 32), SUBJECT, ORDER, token, NOW)
    with pytest.raises(BadInput):
        open_progress(SECRET, SUBJECT, ORDER, "A" * 300_000, NOW)
