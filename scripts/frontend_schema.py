"""`python scripts/frontend_schema.py` writes `frontend/schema.graphql`: the schema that the pages' client is made of.

It is what staff sees, without the entries, whose fields depend on who asks.
"""

from pathlib import Path

from graphql import print_schema

from portal.resolvers.office.root import office_schema

PLACE = Path(__file__).parents[1] / "frontend/schema.graphql"


def served_schema() -> str:
    """Return the schema as the portal serves it."""
    return print_schema(office_schema()._schema) + "\n"  # noqa: SLF001  strawberry shows its schema nowhere else


if __name__ == "__main__":
    PLACE.write_text(served_schema(), encoding="utf-8")
