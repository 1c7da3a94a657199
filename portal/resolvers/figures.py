"""Figures of the running process, as Prometheus reads them. No label names a subject, an entry or a value."""

from collections.abc import Sequence
from time import perf_counter_ns

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from portal.errors import ErrorCode, PolicyUnavailable
from portal.resolvers.desk import Desk
from portal.resolvers.observing import Observation
from portal.resolvers.over_http import Network, client_address

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NOWHERE = "none"
_GOOD = "OK"


class Figures:
    """The figures of one application: counted as requests end, the rest looked up when they are read."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "portal_requests", "Requests by address, status and code.", ("route", "status", "code"), registry=registry
        )
        self._durations = Histogram(
            "portal_request_duration_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=registry
        )
        self._refused_tokens = Counter("portal_refused_tokens", "Tokens that did not verify.", registry=registry)
        self._queued = Gauge("portal_requests_waiting", "Requests that wait for their turn.", registry=registry)
        self._waiting = Gauge("portal_audit_waiting_records", "Audit records that wait.", registry=registry)
        self._writing = Gauge("portal_audit_writing", "1 while audit records can be written.", registry=registry)
        self._epoch = Gauge("portal_policy_epoch", "Epoch of the policies, 0 where unavailable.", registry=registry)

    def count(self, observation: Observation) -> None:
        """Count a request that has ended."""
        route = observation.route or _NOWHERE
        code = observation.code.value if observation.code else _GOOD
        self._requests.labels(route, str(observation.status), code).inc()
        self._durations.labels(route).observe((perf_counter_ns() - observation.started) / 1e9)
        if observation.code is ErrorCode.UNAUTHENTICATED:
            self._refused_tokens.inc()

    async def answer(self, request: Request, desk: Desk) -> Response:
        """Return the figures in the format that is wanted."""
        road = desk.endpoint.road
        try:
            self._epoch.set((await road.keeper.current()).snapshot.epoch)
        except PolicyUnavailable:
            self._epoch.set(0)
        self._queued.set(desk.gate.waiting)
        self._waiting.set(road.recorder.waiting)
        self._writing.set(road.recorder.is_writing)
        render, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(render(self._registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def may_read_figures(request: Request, allowed: Sequence[Network], trusted_proxies: Sequence[Network]) -> bool:
    """Return whether the request comes from an allowed network, whatever stands between."""
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    peer = client_address(request, ())
    # A proxy that nobody declared would lend its own address to whoever asks through it.
    if forwarded and not any(peer in network for network in trusted_proxies if peer is not None):
        return False
    address = client_address(request, trusted_proxies)
    return address is not None and any(address in network for network in allowed)
