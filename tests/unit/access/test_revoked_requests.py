"""Requests with a token that was revoked: nothing is read for them, and none goes on that was to be decided again."""

import pytest

from portal.audit.ledger import RevokedToken
from portal.audit.records import Act, ActRecord
from portal.errors import Unauthenticated
from tests.unit.access.road import Hooked, PortalUnderTest, asker, names_of, retitle

pytestmark = pytest.mark.clause("threats.md T24")


OURS = "token-1"


def revoke(portal: PortalUnderTest, token_id: str = OURS) -> None:
    portal.world.run(revoked(portal, token_id))


async def revoked(portal: PortalUnderTest, token_id: str = OURS) -> None:
    record = ActRecord(
        time=portal.road.now(),
        subject="operator",
        department=None,
        application=None,
        user=None,
        act=Act.TOKEN_REVOKED,
        target=token_id,
    )
    claims = asker().claims
    assert claims is not None
    await portal.road.recorder.record_act(record, RevokedToken(token_id, claims.expires_at))


def rows_recorded(portal: PortalUnderTest) -> int:
    return len([record for record in portal.records() if "act" not in record])


def test_nothing_is_read_for_a_token_that_was_revoked(portal: PortalUnderTest, hooked: Hooked) -> None:
    road, source = hooked(lambda _: None)
    revoke(portal)
    with pytest.raises(Unauthenticated, match="the token was revoked; get a new one"):
        portal.answer(road=road)
    assert (source.reads, rows_recorded(portal)) == (0, 0)


def test_request_of_another_token_goes_on(portal: PortalUnderTest) -> None:
    revoke(portal, "token-2")
    assert names_of(portal.answer())


def test_public_has_no_token_that_could_be_revoked(portal: PortalUnderTest) -> None:
    revoke(portal)
    portal.road.check_token(None)


def test_request_that_is_decided_again_ends_when_its_token_was_revoked_meanwhile(
    portal: PortalUnderTest, hooked: Hooked
) -> None:
    async def revoke_and_change(_: int) -> None:
        await revoked(portal)
        portal.load(retitle("另一版"))

    road, source = hooked(revoke_and_change)
    with pytest.raises(Unauthenticated, match="was revoked"):
        portal.answer(road=road)
    assert (source.reads, rows_recorded(portal)) == (1, 0)
