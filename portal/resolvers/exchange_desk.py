"""Where `/exchange` is answered: who asks as at `/graphql`, then a transfer, or its refusal before anything is sent."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from portal.access.asker import Asker, identify
from portal.access.pipeline import RefusedField
from portal.audit.log_readings import LogReadings, Reading
from portal.audit.transfers import find_manifest
from portal.errors import BadInput, ErrorCode, Language, PortalError, RateLimited, Text, Unauthenticated
from portal.exchange.slots import Slots
from portal.exchange.transfer import Conduct, Cut, Transfer, begin_transfer
from portal.identity.tokens import read_authorization
from portal.json_text import JsonValue
from portal.resolvers.case_headers import read_case_headers
from portal.resolvers.desk import Desk
from portal.resolvers.exchange_orders import NotThere, make_order
from portal.resolvers.exchange_wishes import read_wish
from portal.resolvers.hosts import check_host
from portal.resolvers.negotiation import JSON_TYPE, wanted_language
from portal.resolvers.observing import observation_of
from portal.resolvers.operation import Outcome, refusal, refuse_request
from portal.resolvers.over_http import (
    Address,
    NotAnOperation,
    client_address,
    render_json_response,
    render_response,
)
from portal.resolvers.refusals import refusal_to

PATH = "/exchange/{identifier}"
MANIFEST_PATH = "/exchange/{identifier}/manifest/{number}"
FRAMES_TYPE = "application/vnd.portal.frames"
_STATUS = {
    ErrorCode.BAD_INPUT: 400,
    ErrorCode.NOT_VALID: 404,
    ErrorCode.TOO_COMPLEX: 400,
    ErrorCode.CONFLICT: 409,
    ErrorCode.SOURCE_UNAVAILABLE: 503,
    ErrorCode.POLICY_UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
"""Status of a refusal by its code; of every other code 403."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Language, Authorization",
    "X-Content-Type-Options": "nosniff",
    # A proxy that gathers an answer before it passes it on would show a cut one as if it were whole.
    "X-Accel-Buffering": "no",
}


_Answering = Callable[[Request, Address | None, Language], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ExchangeDesk:
    """What answers requests for transfers and their manifests; made once a process."""

    desk: Desk
    slots: Slots
    readings: LogReadings

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request for a transfer; its rows are read while it is sent."""
        return await self._guarded(request, self._transfer)

    async def answer_manifest(self, request: Request) -> Response:
        """Return the manifest of a transfer that ended whole, to who took it."""
        return await self._guarded(request, self._manifest)

    async def _guarded(self, request: Request, answer: _Answering) -> Response:
        language = wanted_language(request.headers.getlist("accept-language"))
        address = client_address(request, self.desk.settings.trusted_proxies)
        try:
            return await answer(request, address, language)
        except NotAnOperation as failure:
            outcome = failure.outcome(language)
        except NotThere as failure:
            outcome = refusal(404, failure.code, failure.text.render(language))
        except PortalError as failure:
            outcome = _refuse(failure, language)
        if outcome.status == 401:
            self.desk.endpoint.road.recorder.count_refused_token(str(address))
        return self._refused(request, outcome, language)

    def _refused(self, request: Request, outcome: Outcome, language: Language) -> Response:
        observation_of(request).code = outcome.code
        headers = {"Content-Language": language.value, **self.desk.nonce_for(request)}
        # Not GraphQL: a refusal has the status that says so.
        return render_response(replace(outcome, malformed=True), JSON_TYPE, headers)

    async def _asker(self, request: Request, address: Address | None) -> Asker:
        """Return who asks, by the token alone: a session in a browser counts for nothing here."""
        check_host(request.headers.getlist("host"), self.desk.settings.allowed_hosts)
        claims = await self.desk.authenticate(request, address)
        return Asker(claims, address, observation_of(request).request_id, read_case_headers(request.headers))

    async def _transfer(self, request: Request, address: Address | None, language: Language) -> Response:
        asker = await self._asker(request, address)
        if request.scope["http_version"] == "1.0":
            raise BadInput(
                Text(
                    en="HTTP/1.0 can't tell a cut transfer from a whole one; ask by HTTP/1.1 (for nginx: "
                    "`proxy_http_version 1.1`)",
                    zh="HTTP/1.0 无法区分中断与完整的传输；请使用 HTTP/1.1（nginx：`proxy_http_version 1.1`）",
                )
            )
        wish = await read_wish(request, self.desk.settings.max_body_bytes)
        share = await self.desk.share_of(asker)
        order = await make_order(self.desk.endpoint, asker, request.path_params["identifier"], wish)
        conduct = Conduct(
            self.desk.endpoint.road,
            asker,
            lambda: self.desk.gate.admit(share),
            lambda: self._check_token(request),
        )
        async with AsyncExitStack() as held:
            held.enter_context(self.slots.take(_name_of(asker)))
            transfer = await begin_transfer(conduct, order, wish.after)
            if isinstance(transfer, RefusedField):
                return self._refused(request, await self._refuse_field(transfer, asker, language), language)
            headers = {"Content-Language": language.value, **self.desk.nonce_for(request)}
            return TransferResponse(request, transfer, held.pop_all(), headers)

    async def _manifest(self, request: Request, address: Address | None, language: Language) -> Response:
        asker = await self._asker(request, address)
        point = await self.desk.endpoint.road.keeper.current()
        self.desk.endpoint.road.check_token(asker.claims)
        subject, _ = identify(asker, point.snapshot.registry)
        number, name = request.path_params["number"], subject.name

        def find(reading: Reading) -> dict[str, JsonValue] | None:
            return find_manifest(reading, number, name)

        async with self.desk.gate.admit(await self.desk.share_of(asker)):
            found = await self.readings.run(find)
        if found is None or found["identifier"] != request.path_params["identifier"]:
            raise NotThere(
                Text(
                    en="no transfer of yours with this number ended whole; what came of it is a part: fetch it anew",
                    zh="您没有以此编号完整结束的传输；已收到的内容不完整，请重新获取",
                )
            )
        return render_json_response({"manifest": found}, 200)

    async def _refuse_field(self, refused: RefusedField, asker: Asker, language: Language) -> Outcome:
        """Return the refusal of the first part: code, sentence and items as a query would have them."""
        reasons, code = refused.refusal.reasons, refused.refusal.code
        text = refused.text
        if text is None:
            point = await self.desk.endpoint.road.keeper.current()
            subject, _ = identify(asker, point.snapshot.registry)
            entry = None if refused.entry is None else refused.entry.code
            text = refusal_to(subject, refused.refusal, point.snapshot, entry)
        outcome = refusal(_STATUS.get(code, 403), code, text.render(language))
        if reasons:
            members = {"code": code.value, "items": [str(item) for item, _ in reasons]}
            outcome = replace(outcome, payload={"errors": [{"message": text.render(language), "extensions": members}]})
        return outcome

    def _check_token(self, request: Request) -> None:
        """Refuse a token that ended, or whose key counts no more. Raises: Unauthenticated."""
        presented = read_authorization(request.headers.getlist("authorization"))
        if presented is not None:
            self.desk.tokens.claims_of(presented.token, self.desk.endpoint.road.now())


def _name_of(asker: Asker) -> str:
    """Return in whose name transfers are counted: the public's in that of each address."""
    return str(asker.client_address) if asker.claims is None else f"{asker.claims.kind}:{asker.claims.id}"


def _refuse(failure: PortalError, language: Language) -> Outcome:
    if isinstance(failure, Unauthenticated | RateLimited):
        return refuse_request(failure, language)
    return refusal(_STATUS.get(failure.code, 403), failure.code, failure.text.render(language))


class TransferResponse(Response):
    """Sends a transfer part by part; one that is cut is never ended, so that its reader sees that it was.

    # INVARIANT: chunked, and without the last chunk of nothing unless the transfer is whole.
    """

    def __init__(self, request: Request, transfer: Transfer, held: AsyncExitStack, headers: Mapping[str, str]) -> None:
        chosen, number = transfer.order.style.format, transfer.progress.number
        name = f"{transfer.order.state.entry.identifier}-{number}.{chosen.value}"
        super().__init__(
            status_code=200,
            headers={
                **_HEADERS,
                **headers,
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Type": FRAMES_TYPE if transfer.order.framed else chosen.media_type,
                "Portal-Transfer": number,
                "Portal-Rows": str(transfer.progress.wanted),
                "Portal-Watermark": transfer.watermark,
            },
        )
        # There is no telling beforehand how long it will be.
        del self.headers["content-length"]
        self._request = request
        self._transfer = transfer
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the transfer."""
        async with self._held:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            try:
                async for content in self._transfer.content():
                    await send({"type": "http.response.body", "body": content, "more_body": True})
                    # Nothing is decided ahead: this waits until most of what was sent is taken.
                    await send({"type": "http.response.body", "body": b"", "more_body": True})
                    if await self._request.is_disconnected():
                        return
            except Cut as cut:
                observation_of(self._request).code = cut.code
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
