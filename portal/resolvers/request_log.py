"""The log's line of each request: what was answered, how and how fast; not who the person was nor what was asked."""

from logging import ERROR, INFO
from time import perf_counter_ns

from portal.errors import ErrorCode
from portal.logs import line_logger
from portal.resolvers.observing import Observation

_write = line_logger("requests")


def log_request(observation: Observation) -> None:
    """Write the line of a request that has ended."""
    members = {
        "request_id": observation.request_id,
        "method": observation.method,
        "route": observation.route,
        "status": observation.status,
        "code": observation.code.value if observation.code else None,
        "milliseconds": (perf_counter_ns() - observation.started) // 10_000 / 100,
        "application": observation.application,
    }
    _write(ERROR if observation.code is ErrorCode.INTERNAL else INFO, "request", members)
