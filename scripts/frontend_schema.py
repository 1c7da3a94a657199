"""`python scripts/frontend_schema.py` writes `frontend/schema.graphql`: the schema that the pages' client is made of.

It is what staff sees, without the entries, whose fields depend on who asks. Purposes are the profile's: `Purpose`, an
enumeration where it is served, is a scalar here, so that pages fit every profile.
"""

import re
from pathlib import Path

from graphql import print_schema

from portal.resolvers.office.root import office_schema, own_field_names
from portal.resolvers.shared import resolve_shared_field
from portal.schema.assembly import SchemaAssembler

PLACE = Path(__file__).parents[1] / "frontend/schema.graphql"
_PURPOSE = re.compile(r"^enum Purpose \{[^}]*\}", re.MULTILINE)


def served_schema() -> str:
    """Return the schema as the portal serves it."""
    static = office_schema()
    own = own_field_names(static)
    assembled = SchemaAssembler(static, resolve_shared_field, own).assemble((), ("any",), own, whole=True)
    return _PURPOSE.sub("scalar Purpose", print_schema(assembled.schema)) + "\n"


if __name__ == "__main__":
    PLACE.write_text(served_schema(), encoding="utf-8")
