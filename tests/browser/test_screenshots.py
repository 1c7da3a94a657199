"""Every page is pictured: the list of `make screenshots` is held against the routes."""

import json
import re
from pathlib import Path

from tests.architecture.sources import PROJECT

ROUTES = ("router.tsx", "console-pages.ts", "ticket-pages.ts")
WITHOUT = {
    # Pages of what is made by using the portal: their browser walks picture them.
    "audit/:receipt",
    "changes/:id",
    "changes/:id/edit",
    "ticket/:ticket",
    "tickets/:number",
}


def test_every_route_is_pictured() -> None:
    folder = PROJECT / "frontend/src/app"
    source = "".join((folder / name).read_text(encoding="utf-8") for name in ROUTES)
    routes = set(re.findall(r'path: "([^"]+)"', source)) | {""}
    listed = json.loads((Path(__file__).parent / "screenshots.json").read_text(encoding="utf-8"))
    pictured = {route for pages in listed.values() for route, _ in pages}
    assert pictured == routes - WITHOUT
    assert routes >= WITHOUT
