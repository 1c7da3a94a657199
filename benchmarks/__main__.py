"""`python -m benchmarks [NAME]`: one of the measures; `http` where none is named, with its options after the name."""

import runpy
import sys

MEASURES = {
    "http": "benchmarks.over_http",
    "road": "benchmarks.road",
    "audit-log": "benchmarks.audit_log",
    "data-in": "benchmarks.data_in",
    "exchange": "benchmarks.exchange",
    "freezes": "benchmarks.freezes",
    "catalog": "benchmarks.catalog",
}
"""The modules, each of which can be run by itself too."""


def main(arguments: list[str]) -> int:
    """Run the named measure; return 2 where there is none of that name."""
    name, *rest = arguments or ["http"]
    if name not in MEASURES:
        sys.stderr.write(f"unknown measure `{name}`; there are {', '.join(MEASURES)}\n")
        return 2
    sys.argv = [name, *rest]
    runpy.run_module(MEASURES[name], run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
