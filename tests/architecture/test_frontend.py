"""What the pages are made of agrees with what the portal serves."""

from scripts.frontend_schema import PLACE, served_schema


def test_client_is_made_of_the_schema_that_is_served() -> None:
    assert PLACE.read_text(encoding="utf-8") == served_schema(), "run `.venv/bin/python scripts/frontend_schema.py`"
