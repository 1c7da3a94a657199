"""`python -m portal_verify`, where the console script isn't installed."""

import sys

from portal_verify.cli import main

sys.exit(main())
