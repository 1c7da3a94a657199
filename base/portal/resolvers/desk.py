"""Where HTTP requests for `/graphql` are answered: negotiate, authenticate, read, answer, render."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portal.access.pipeline import Asker
from portal.errors import Language, Text, Unauthenticated
from portal.identity.claims import SubjectKind
from portal.identity.tokens import TokenVerifier, read_authorization
from portal.resolvers.hosts import check_host
from portal.resolvers.negotiation import JSON_TYPE, RESPONSE_TYPE, wanted_language, wanted_type
from portal.resolvers.observing import observation_of
from portal.resolvers.operation import Endpoint, Outcome, answer_operation, refuse_request
from portal.resolvers.over_http import NotAnOperation, client_address, read_operation, render_response
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers HTTP requests; made once a process."""

    settings: Settings
    endpoint: Endpoint
    tokens: TokenVerifier

    async def answer(self, request: Request) -> Response:
        """Return the response to a GET, HEAD or POST request."""
        language = wanted_language(request.headers.getlist("accept-language"))
        media_type = wanted_type(request.headers.getlist("accept"))
        observation = observation_of(request)
        outcome = _not_acceptable(language) if media_type is None else await self._outcome(request, language)
        observation.code = outcome.code
        return render_response(outcome, media_type or JSON_TYPE, {"Content-Language": language.value})

    async def _outcome(self, request: Request, language: Language) -> Outcome:
        road = self.endpoint.road
        address = client_address(request, self.settings.trusted_proxies)
        try:
            check_host(request.headers.getlist("host"), self.settings.allowed_hosts)
            token = read_authorization(request.headers.getlist("authorization"))
            claims = None if token is None else self.tokens.claims_of(token, road.now())
            if claims is not None and claims.kind is SubjectKind.APPLICATION:
                observation_of(request).application = claims.id
            operation = await read_operation(request, self.settings.max_body_bytes)
        except Unauthenticated as failure:
            road.recorder.count_refused_token(str(address))
            return refuse_request(failure, language)
        except NotAnOperation as failure:
            return failure.outcome(language)
        asker = Asker(claims, address, observation_of(request).request_id)
        outcome = await answer_operation(self.endpoint, asker, operation, language)
        if outcome.status == 401:
            road.recorder.count_refused_token(str(address))
        return outcome


def _not_acceptable(language: Language) -> Outcome:
    text = Text(en=f"accept `{JSON_TYPE}` or `{RESPONSE_TYPE}`", zh=f"请接受 `{JSON_TYPE}` 或 `{RESPONSE_TYPE}`")
    return NotAnOperation(406, text).outcome(language)
