"""Casbin by itself: its own `Enforcer` on a model file, every record a line, no index before it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import casbin

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.meaning import Attribute
from portal.policies.casbin_models import ModelName, model_of, model_path, policy_line, predicates
from portal.policies.decision import Use
from portal.policies.decision_point import DecisionPoint, action_for
from portal.policies.matching import Request
from portal.policies.records import PolicyRecord
from portal.vocabulary import ItemIdentifier
from tests.policies.building import MATCHERS, entry, is_permitted_in, item, snapshot


class PlainEnforcer:
    """What a model file says of all records taken together."""

    def __init__(self, name: ModelName, records: Sequence[PolicyRecord]) -> None:
        self._enforcer = casbin.Enforcer(str(model_path(name)))
        for function_name, function in predicates(records).items():
            self._enforcer.add_function(function_name, function)
        for number, record in enumerate(records):
            self._enforcer.add_policy(*policy_line(number, record))

    def permits(
        self, request: Request, entry: CatalogEntry, item: InformationItem, row: Mapping[str, Attribute]
    ) -> bool:
        """Return whether the cell is permitted; the matter is settled before, as the model's README says."""
        action = action_for(request.action, request.subject)
        if action is None:
            return False
        asked = replace(request, action=action)
        return bool(self._enforcer.enforce(asked.subject, entry, item, asked.action, asked.environment, row))


def both_permit(
    records: Sequence[PolicyRecord], request: Request, name: str, row: Mapping[str, Attribute] | None = None
) -> bool:
    """Return whether a cell of the plain entry is permitted: by the decision point and by Casbin alone, which agree.

    So neither the index before Casbin nor a predicate hides what the other lets through.
    """
    of, cells = entry(), row or {}
    point = DecisionPoint(snapshot([of], records), MATCHERS)
    permitted = is_permitted_in(point.decide(request, Use(of.code, (ItemIdentifier(name),))), cells)
    plain = PlainEnforcer(model_of(request.subject), records)
    assert plain.permits(request, of, of.item(name) or item(name), cells) is permitted
    return permitted
