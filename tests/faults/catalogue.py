"""All faults, and how many trials of each are asked for."""

import os
from collections.abc import Mapping

from tests.faults import on_postgres, postgres_clocks, postgres_cuts, postgres_rows
from tests.faults.clocks import CLOCKS
from tests.faults.cuts import CUTS, FAILED
from tests.faults.fault import Fault
from tests.faults.files import REMOVED
from tests.faults.flips import FLIPS
from tests.faults.kills import KILLS, WORKER_KILLS
from tests.faults.pressure import CANCELLATIONS, DESCRIPTORS, PAUSES
from tests.faults.volumes import AUDIT_FULL, DATA_FULL, TEMPORARY_FULL

FAULTS = (
    KILLS,
    WORKER_KILLS,
    CUTS,
    FAILED,
    AUDIT_FULL,
    DATA_FULL,
    TEMPORARY_FULL,
    REMOVED,
    PAUSES,
    CLOCKS,
    DESCRIPTORS,
    FLIPS,
    CANCELLATIONS,
    on_postgres.KILLS,
    on_postgres.STOPS,
    on_postgres.CUT_COMMITS,
    on_postgres.PARTITIONS,
    postgres_cuts.CUTS,
    postgres_clocks.CLOCKS,
    on_postgres.DESCRIPTORS,
    postgres_rows.CORRUPTIONS,
    on_postgres.CANCELLATIONS,
)
OPTIONS: Mapping[str, str] = {
    KILLS.name: "PORTAL_TEST_FAULTS_KILLS",
    on_postgres.KILLS.name: "PORTAL_TEST_FAULTS_KILLS",
    CUTS.name: "PORTAL_TEST_FAULTS_CUTS",
    postgres_cuts.CUTS.name: "PORTAL_TEST_FAULTS_CUTS",
    FAILED.name: "PORTAL_TEST_FAULTS_EIO",
    AUDIT_FULL.name: "PORTAL_TEST_FAULTS_ENOSPC",
}
"""Variables that say how many trials `make faults` runs of a fault."""
OTHERS = "PORTAL_TEST_FAULTS_OTHERS"
"""The variable for the others: a multiple of their share of `make test`."""


def trials_of(fault: Fault) -> int:
    """Return how many trials the environment asks for; without a word, the share of `make test`."""
    if (option := OPTIONS.get(fault.name)) is not None:
        return int(os.environ.get(option, fault.share))
    return fault.share * int(os.environ.get(OTHERS, "1"))
