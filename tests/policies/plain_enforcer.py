"""Casbin by itself: its own `Enforcer` on a model file, every record a line, no index before it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import casbin

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.meaning import Attribute
from portal.policies.casbin_models import ModelName, model_path, policy_line, predicates
from portal.policies.decision_point import action_for
from portal.policies.matching import Request
from portal.policies.records import PolicyRecord


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
