"""Pictures of every page of a demonstration portal, into a folder: `python -m tests.browser.screenshots FOLDER`."""

import sys
import tempfile
from pathlib import Path

from tests.fixtures.demonstration_portal import demonstration_portal, walk

SECONDS = 600


def main() -> int:
    """Picture the pages; the exit code says whether the browser noted a fault."""
    folder = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as home, demonstration_portal(Path(home)) as portal:
        seen = walk("screenshots.mjs", portal, str(folder), timeout_seconds=SECONDS)
    lines = [f"{len(seen['pictures'])} pictures: {folder / 'index.html'}", *seen["faults"]]
    sys.stdout.write("\n".join([*lines, ""]))
    return 1 if seen["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
