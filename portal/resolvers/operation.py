"""One GraphQL request: prepare its document for who asks, execute it, and put the errors in order."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from time import monotonic

import orjson
from graphql import ExecutionResult, GraphQLError, execute

from portal.access.asker import Asker, identify
from portal.access.pipeline import Road
from portal.errors import (
    ErrorCode,
    Language,
    PolicyUnavailable,
    PortalError,
    RateLimited,
    Text,
    Unauthenticated,
    report_failure,
)
from portal.identity.proofs import ALGORITHMS, NonceNeeded
from portal.resolvers.context import RequestContext, actor_of
from portal.resolvers.endpoint import Endpoint, Operation, Prepared
from portal.resolvers.notices import render_notices
from portal.resolvers.preparing import ByPostAlone, DocumentRefused, prepare
from portal.resolvers.root import ShapedExecutor
from portal.resolvers.validation import ERRORS_SHOWN
from portal.schema.assembly import linked_entries

_MESSAGE_LENGTH = 2000
"""Characters of a message: graphql-core repeats in it what was asked, however long that is."""
_PLACES_SHOWN = 10
_NOT_FOR_YOU = Text(
    en="the registered document asks for what isn't there for you", zh="该登记文档所请求的内容对您不存在"
)
"""Of a document that the client didn't write: its names may be others' to know."""
_EXACT_NUMBER = "<Decimal instance>"
"""How graphql-core shows a number of the variables that isn't written as an integer."""
_CHALLENGES = f'Bearer error="invalid_token", DPoP error="invalid_token", algs="{" ".join(ALGORITHMS)}"'
_NONCE_CHALLENGE = f'DPoP error="use_dpop_nonce", algs="{" ".join(ALGORITHMS)}"'
_NOT_AN_INT = "Int cannot represent"
"""How graphql-core says that a literal is no number, or not one of 32 bits: the value is wrong, not the document."""
_CONTACT_SECONDS = 1.0
_UNAVAILABLE = frozenset({ErrorCode.POLICY_UNAVAILABLE, ErrorCode.AUDIT_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, its HTTP status and headers. `malformed`: the HTTP request carried no operation at all.

    `session_secret`: what the cookie of the session holds from now on, None where that stays as it is.
    """

    payload: dict[str, object]
    status: int
    malformed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    session_secret: str | None = field(default=None, repr=False)

    @property
    def code(self) -> ErrorCode | None:
        """The code of its first error, None where it has none."""
        errors = self.payload.get("errors")
        return ErrorCode(errors[0]["extensions"]["code"]) if isinstance(errors, list) and errors else None


async def answer_operation(endpoint: Endpoint, asker: Asker, operation: Operation, language: Language) -> Outcome:
    """Return the answer of one request; whatever fails, it fails as a GraphQL error with a code."""
    begun = monotonic()
    try:
        point = await endpoint.road.keeper.current()
        endpoint.road.check_token(asker.claims)
        now = endpoint.road.now()
        subject, zone = identify(asker, point.snapshot.registry)
        view = endpoint.view_of(subject, point, now)
        prepared = prepare(endpoint, operation, point, actor_of(asker, subject), view)
    except DocumentRefused as refused:
        return _refuse_document(refused.faults, operation, language)
    except ByPostAlone:
        return _by_post_alone(language)
    except PortalError as failure:
        return refuse_request(failure, language)
    if prepared.is_introspection:
        return await _introspect(endpoint, prepared, operation, language)
    purposes = endpoint.purposes_of(point.snapshot.content.profile)
    context = RequestContext(
        endpoint.road, asker, subject, zone, point, view, now, language, purposes, endpoint.shelves, endpoint.office
    )
    result = await _execute(prepared, operation, context)
    try:
        await check_contact(endpoint.road, begun)
    except PortalError as failure:
        return refuse_request(failure, language)
    outcome = conclude(result, language)
    if context.made.secrets:
        outcome = replace(outcome, session_secret=context.made.secrets[0])
    entries = linked_entries(operation.document, context.made.asked, view)
    notices = render_notices(context, entries)
    return replace(outcome, payload={**outcome.payload, "extensions": notices}) if notices else outcome


async def _introspect(endpoint: Endpoint, prepared: Prepared, operation: Operation, language: Language) -> Outcome:
    """Return what a document shows of the schema: the same octets as long as the schema is the same."""
    key = (prepared.assembled.key, operation.document, operation.name, repr(operation.variables))
    kept = endpoint.introspected.find(key)
    if kept is not None:
        return Outcome({"data": kept}, 200)
    outcome = conclude(await _execute(prepared, operation, None), language)
    if outcome.status == 200 and "errors" not in outcome.payload:
        shown = orjson.dumps(outcome.payload["data"])
        endpoint.introspected.keep(key, orjson.Fragment(shown), len(shown))
    return outcome


async def check_contact(road: Road, begun: float) -> None:
    """Ask the portal's database once more, if the answer took long. Raises: PolicyUnavailable.

    INVARIANT: no answer leaves a portal that was cut off from it for 2 s (R9): a field whose record was made before
    that may have waited for another one, which ran into its time limit.
    """
    if monotonic() - begun > _CONTACT_SECONDS:
        await road.keeper.epochs.read()


def _by_post_alone(language: Language) -> Outcome:
    text = Text(en="send by POST what isn't a query", zh="查询以外的操作请以 POST 发送")
    return refusal(405, ErrorCode.NOT_VALID, text.render(language), {"Allow": "POST"})


async def _execute(prepared: Prepared, operation: Operation, context: RequestContext | None) -> ExecutionResult:
    result = execute(
        prepared.assembled.schema,
        prepared.document,
        context_value=context,
        variable_values=operation.variables,
        operation_name=operation.name,
        executor_class=ShapedExecutor,
        hide_suggestions=True,
    )
    return await result if inspect.isawaitable(result) else result


def conclude(result: ExecutionResult, language: Language) -> Outcome:
    """Return the answer of an executed document, its errors in the order of the document and of the answer."""
    # Fields that read at the same time fail in any order; who asks again, or asks another worker, sees the same answer.
    errors = [_render_error(error, language) for error in sorted(result.errors or (), key=_place)]
    for error in result.errors or ():
        _let_go(error)
    if result.data is None and not any(error.path for error in result.errors or ()):
        return Outcome({"errors": errors[:ERRORS_SHOWN]}, 400)
    payload: dict[str, object] = {"data": result.data}
    if errors:
        payload["errors"] = errors
    codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
    return Outcome(payload, 503 if codes & _UNAVAILABLE else 200)


def _let_go(error: BaseException) -> None:
    """Forget where an error came from: by its frames, which hold it, all of the request would stay in memory."""
    following: list[BaseException | None] = [error]
    while following:
        one = following.pop()
        if one is not None and one.__traceback__ is not None:
            one.__traceback__ = None
            following += [one.__cause__, one.__context__, getattr(one, "original_error", None)]


def _place(error: GraphQLError) -> tuple[list[tuple[int, int]], list[tuple[bool, str | int]]]:
    """Return where in the document an error is, and where in the answer, to be compared with others."""
    places = [(place.line, place.column) for place in error.locations or ()]
    return places, [(isinstance(step, str), step) for step in error.path or ()]


def _render_error(error: GraphQLError, language: Language) -> dict[str, object]:
    """Return an error of an executed document; what nobody foresaw is masked, with a number to report."""
    if (error.extensions or {}).get("code"):
        return _render(error, error.message, dict(error.extensions or {}))
    cause = _cause(error)
    if cause is None:
        return _render(error, error.message, {"code": ErrorCode.BAD_INPUT.value})
    text = report_failure(cause)
    return _render(error, text.render(language), {"code": ErrorCode.INTERNAL.value})


def _cause(error: GraphQLError) -> Exception | None:
    """Return what failed below a field; None where graphql-core itself refuses a variable or an argument."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _render(error: GraphQLError, message: str, extensions: dict[str, object]) -> dict[str, object]:
    message = message.replace(_EXACT_NUMBER, "a number with a point or an exponent")
    shown = message if len(message) <= _MESSAGE_LENGTH else f"{message[:_MESSAGE_LENGTH]}…"
    rendered: dict[str, object] = {"message": shown.encode("utf-8", "backslashreplace").decode()}
    if error.locations:
        places = error.locations[:_PLACES_SHOWN]
        rendered["locations"] = [{"line": place.line, "column": place.column} for place in places]
    if error.path:
        rendered["path"] = list(error.path)
    return {**rendered, "extensions": extensions}


def _refuse_document(faults: Iterable[GraphQLError], operation: Operation, language: Language) -> Outcome:
    if operation.is_own:
        return _not_valid(faults, language)
    return refusal(400, ErrorCode.NOT_VALID, _NOT_FOR_YOU.render(language))


def _not_valid(faults: Iterable[GraphQLError], language: Language) -> Outcome:
    prefix = "查询无效：" if language is Language.CHINESE else ""
    errors = [_render(fault, prefix + fault.message, {"code": _code_of(fault).value}) for fault in faults]
    return Outcome({"errors": errors}, 400)


def _code_of(fault: GraphQLError) -> ErrorCode:
    return ErrorCode.BAD_INPUT if fault.message.startswith(_NOT_AN_INT) else ErrorCode.NOT_VALID


def refuse_request(failure: PortalError, language: Language) -> Outcome:
    """Return the refusal of a whole request."""
    headers = {}
    match failure:
        case Unauthenticated():
            status = 401
            headers["WWW-Authenticate"] = _NONCE_CHALLENGE if isinstance(failure, NonceNeeded) else _CHALLENGES
        case RateLimited():
            status = 429
            headers["Retry-After"] = str(max(1, ceil(failure.retry_after_seconds)))
        case PolicyUnavailable():
            status = 503
        case _:
            status = 503 if failure.code is ErrorCode.AUDIT_UNAVAILABLE else 400
    return refusal(status, failure.code, failure.text.render(language), headers)


def refusal(
    status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None, *, malformed: bool = False
) -> Outcome:
    """Return an answer that is one error."""
    error = {"message": message, "extensions": {"code": code.value}}
    return Outcome({"errors": [error]}, status, malformed, headers or {})
