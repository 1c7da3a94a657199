from collections import Counter
from collections.abc import Sequence

import pytest

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.errors import PolicyUnavailable
from portal.policies.canaries import canaries, check_canaries
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.matching import Request
from portal.policies.records import Effect, PolicyRecord
from tests.policies.building import MATCHERS

pytestmark = pytest.mark.clause("T13")

Records = tuple[PolicyRecord, ...]


class PermissiveMatcher(Matcher):
    """Says that every candidate matches."""

    def matching(
        self, candidates: Sequence[PolicyRecord], entry: CatalogEntry, item: InformationItem, request: Request
    ) -> Records:
        return tuple(candidates)


class DeafMatcher(Matcher):
    """Says that no candidate matches."""

    def matching(
        self, candidates: Sequence[PolicyRecord], entry: CatalogEntry, item: InformationItem, request: Request
    ) -> Records:
        return ()


class LenientMatcher(Matcher):
    """Doesn't see denies."""

    def matching(
        self, candidates: Sequence[PolicyRecord], entry: CatalogEntry, item: InformationItem, request: Request
    ) -> Records:
        found = super().matching(candidates, entry, item, request)
        return tuple(record for record in found if record.effect is Effect.ALLOW)


def test_models_decide_as_is_known_beforehand() -> None:
    check_canaries(MATCHERS)
    assert Counter(canary.permitted for canary in canaries()) == {True: 3, False: 16}
    assert len({canary.name for canary in canaries()}) == 19


@pytest.mark.parametrize(
    ("model", "broken"),
    [
        (ModelName.DEPARTMENT_SHARING, PermissiveMatcher),
        (ModelName.DEPARTMENT_SHARING, DeafMatcher),
        (ModelName.DEPARTMENT_SHARING, LenientMatcher),
        (ModelName.OPEN_DATA, PermissiveMatcher),
        (ModelName.OPEN_DATA, DeafMatcher),
    ],
)
def test_models_that_decide_otherwise_are_refused(model: ModelName, broken: type[Matcher]) -> None:
    with pytest.raises(PolicyUnavailable, match="can't be trusted"):
        check_canaries({**MATCHERS, model: broken(model)})
