"""Whether the process lives, and whether requests can be answered: what a supervisor and a load balancer ask."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from portal.access.pipeline import Road
from portal.audit.writing import unavailable
from portal.connections import STOPPING
from portal.errors import Language, PolicyUnavailable, PortalError, RateLimited, Text
from portal.resolvers.negotiation import wanted_language
from portal.resolvers.over_http import render_json_response

READY_SECONDS = 2.0
"""Within so long the snapshot must be had: a supervisor that waits longer takes the portal for dead."""


async def validate_readiness(road: Road) -> tuple[PortalError, ...]:
    """Return why requests for shared data would be refused now; nothing where they would be answered."""
    faults: list[PortalError] = []
    try:
        async with asyncio.timeout(READY_SECONDS):
            await road.keeper.current()
    except PolicyUnavailable as failure:
        faults.append(failure)
    except TimeoutError:
        faults.append(PolicyUnavailable(Text(en="the policies can't be read in time", zh="无法及时读取策略")))
    if not road.recorder.is_writing:
        faults.append(unavailable())
    return tuple(faults)


async def answer_alive(_request: Request) -> Response:
    """Return 200: the process answers."""
    return render_json_response({"status": "ok"}, 200)


async def answer_ready(request: Request, road: Road) -> Response:
    """Return 200 where requests would be answered, 503 with the reasons where they wouldn't."""
    faults = [*_stopping(request), *await validate_readiness(road)]
    language = wanted_language(request.headers.getlist("accept-language"))
    reasons = [_render(fault, language) for fault in faults]
    return render_json_response({"ready": not faults, "reasons": reasons}, 503 if faults else 200)


def _stopping(request: Request) -> list[PortalError]:
    if STOPPING not in request.scope.get("extensions", {}):
        return []
    return [RateLimited(Text(en="the server stops; ask another one", zh="服务正在停止；请转向其他服务器"), 1)]


def _render(fault: PortalError, language: Language) -> dict[str, object]:
    return {"code": fault.code.value, "message": fault.text.render(language)}
