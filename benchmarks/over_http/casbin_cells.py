"""What many would do first: ask Casbin, by a permission class of Strawberry, for each cell of an answer."""

from typing import Any

import casbin
import strawberry
from casbin.model import Model
from strawberry.permission import BasePermission

from benchmarks.over_http.rows import COLUMNS

LINES = 208
"""Lines of policy, of which ten are of the one who asks."""
_ASKER = "checker"
_MODEL = """
[request_definition]
r = sub, obj, item, purpose
[policy_definition]
p = sub, obj, item, purpose
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.item == p.item && r.purpose == p.purpose
"""


def make_enforcer() -> casbin.Enforcer:
    """Return an enforcer whose last lines permit the items to the one who asks."""
    model = Model()
    model.load_model_from_text(_MODEL)
    enforcer = casbin.Enforcer(model, enable_log=False)
    others = [(f"application{number}", "people", "code", "verification") for number in range(LINES - len(COLUMNS))]
    enforcer.add_policies([*others, *((_ASKER, "people", item, "verification") for item in COLUMNS)])
    return enforcer


class CellPermission(BasePermission):
    """May the one who asks read this item of this row?"""

    message = "not permitted"
    _enforcer = make_enforcer()

    def has_permission(self, source: object, info: strawberry.Info, **_kwargs: Any) -> bool:  # noqa: ANN401
        """Return what Casbin says of the cell."""
        return bool(self._enforcer.enforce(_ASKER, "people", info.field_name, "verification"))
