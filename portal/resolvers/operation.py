"""One GraphQL request: parse, bound, validate against the subject's view, execute, and put the errors in order."""

import inspect
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from time import monotonic

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute, parse
from graphql.language import OperationType
from graphql.utilities import get_operation_ast

from portal.access.asker import Asker, identify
from portal.access.bounds import Bounds, check_bounds
from portal.access.catalog_cells import CatalogSizes, catalog_sizes, check_catalog_cells
from portal.access.cells import check_cells
from portal.access.folding import fold_document
from portal.access.kept import Kept
from portal.access.pipeline import Road
from portal.errors import (
    ErrorCode,
    Language,
    PolicyUnavailable,
    PortalError,
    RateLimited,
    Text,
    TooComplex,
    Unauthenticated,
    report_failure,
)
from portal.identity.proofs import ALGORITHMS, NonceNeeded
from portal.policies.decision_point import DecisionPoint
from portal.policies.duties import Actor
from portal.policies.snapshot import View
from portal.regulations.profiles import load_profile
from portal.resolvers.context import Office, RequestContext, actor_of
from portal.resolvers.introspection import check_introspection
from portal.resolvers.notices import render_notices
from portal.resolvers.root import ShapedExecutor
from portal.resolvers.schemas import Schemas
from portal.resolvers.shelves import CatalogShelves
from portal.resolvers.validation import ERRORS_SHOWN, validate_document
from portal.schema.assembly import AssembledSchema, linked_entries, named_views
from portal.schema.catalog_values import is_in_catalog, shown_items
from portal.vocabulary import Purpose, Subject

_MESSAGE_LENGTH = 2000
"""Characters of a message: graphql-core repeats in it what was asked, however long that is."""
_PLACES_SHOWN = 10
_TOO_MANY_TOKENS = "contains more than"
_TOO_DEEP = frozenset({"Syntax Error: Document is nested too deeply. Parsing aborted.", "Validation aborted."})
"""How graphql-core says that a document is beyond its own bounds: 200 levels, or a chain of as many fragments."""
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
_KEPT_TEXT = 262_144
"""Characters of documents that are kept: parsed, each may take 600 bytes of memory."""
_KEPT_LENGTH = 8192
"""Longer documents aren't kept."""
_KEPT_VIEWS = 1024
_UNAVAILABLE = frozenset({ErrorCode.POLICY_UNAVAILABLE, ErrorCode.AUDIT_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Operation:
    """A request as it came: the document's text, its variables, and which of its operations is meant.

    `only_query`: it came by a method that changes nothing, so nothing but a query may be executed. `digest`: the
    document's SHA-256 where the client named it; then the text may be empty, until it is looked up. `is_own`: the
    text is the client's, so that a refusal may quote it.
    """

    document: str
    variables: dict[str, object] | None = None
    name: str | None = None
    only_query: bool = False
    digest: str | None = None
    is_own: bool = True


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


@dataclass(frozen=True)
class Endpoint:
    """What requests are answered with; made once a process."""

    road: Road
    bounds: Bounds
    office: Office
    schemas: Schemas = field(default_factory=Schemas)
    documents: Kept[DocumentNode] = field(default_factory=lambda: Kept(_KEPT_TEXT))
    validated: Kept[DocumentNode] = field(default_factory=lambda: Kept(_KEPT_TEXT))
    views: Kept[tuple[View, datetime, datetime | None]] = field(default_factory=lambda: Kept(_KEPT_VIEWS))
    purposes: dict[str, tuple[Purpose, ...]] = field(default_factory=dict)
    sizes: Kept[CatalogSizes] = field(default_factory=lambda: Kept(4))
    shelves: CatalogShelves = field(default_factory=CatalogShelves)

    def view_of(self, subject: Subject, point: DecisionPoint, now: datetime) -> View:
        """Return the subject's view, kept until the epoch or time alone changes it."""
        key = (point.snapshot.epoch, subject)
        kept = self.views.find(key)
        # From when it was made until time changes it: a clock that ran ahead is set back some day.
        if kept is None or now < kept[1] or (kept[2] is not None and kept[2] <= now):
            kept = self.views.keep(key, (point.snapshot.view(subject, now), now, point.snapshot.next_view_change(now)))
        return kept[0]

    def purposes_of(self, profile: str) -> tuple[Purpose, ...]:
        """Return the purposes that a profile knows."""
        if profile not in self.purposes:
            self.purposes[profile] = load_profile(profile).purposes
        return self.purposes[profile]

    def sizes_of(self, subject: Subject, point: DecisionPoint) -> CatalogSizes:
        """Return how long the catalog's lists are to the subject: to the public those of what is open."""
        content = point.snapshot.content
        key = (content.epoch, subject.is_public)
        kept = self.sizes.find(key)
        if kept is None:
            entries = [state.entry for state in content.entries if is_in_catalog(state.entry, subject)]
            shown = {entry: len(shown_items(entry, subject)) for entry in entries}
            kept = self.sizes.keep(key, catalog_sizes(shown, len(self.purposes_of(content.profile))))
        return kept

    def schema_for(self, text: str, view: View, profile: str, actor: Actor) -> AssembledSchema:
        """Return the schema that a document is held against: its entries of the view, no others."""
        views, whole = named_views(text, view)
        return self.schemas.assemble(views, self.purposes_of(profile), self.office.duties, actor, whole=whole)

    def whole_schema(self, view: View, profile: str, actor: Actor) -> AssembledSchema:
        """Return the whole schema of a view, as introspection shows it."""
        views, purposes = tuple(view.values()), self.purposes_of(profile)
        return self.schemas.assemble(views, purposes, self.office.duties, actor, whole=True)


async def answer_operation(endpoint: Endpoint, asker: Asker, operation: Operation, language: Language) -> Outcome:
    """Return the answer of one request; whatever fails, it fails as a GraphQL error with a code."""
    begun = monotonic()
    try:
        point = await endpoint.road.keeper.current()
        endpoint.road.check_token(asker.claims)
        now = endpoint.road.now()
        subject, zone = identify(asker, point.snapshot.registry)
        view = endpoint.view_of(subject, point, now)
        document = _parse(endpoint, operation.document)
        check_cells(document, operation.name, operation.variables, endpoint.bounds.cells)
        sizes, catalog_cells = endpoint.sizes_of(subject, point), endpoint.bounds.catalog_cells
        check_catalog_cells(document, operation.name, operation.variables, sizes, catalog_cells)
        if operation.only_query and _changes(document, operation.name):
            return _by_post_alone(language)
        assembled = endpoint.schema_for(
            operation.document, view, point.snapshot.content.profile, actor_of(asker, subject)
        )
        faults = _validate(endpoint, assembled, document, operation)
        if not faults:
            _check_introspection(endpoint, assembled, document, operation)
    except GraphQLError as failure:
        return _refuse_document([failure], operation, language)
    except PortalError as failure:
        return refuse_request(failure, language)
    if faults:
        return _refuse_document(faults, operation, language)
    purposes = endpoint.purposes_of(point.snapshot.content.profile)
    context = RequestContext(
        endpoint.road, asker, subject, zone, point, view, now, language, purposes, endpoint.shelves, endpoint.office
    )
    result = await _execute(assembled.schema, document, operation, context)
    try:
        await _check_contact(endpoint.road, begun)
    except PortalError as failure:
        return refuse_request(failure, language)
    outcome = replace(conclude(result, language), session_secret=next(iter(context.made.secrets), None))
    entries = linked_entries(operation.document, context.made.asked, view)
    notices = render_notices(context, entries)
    return replace(outcome, payload={**outcome.payload, "extensions": notices}) if notices else outcome


async def _check_contact(road: Road, begun: float) -> None:
    """Ask the portal's database once more, if the answer took long. Raises: PolicyUnavailable.

    INVARIANT: no answer leaves a portal that was cut off from it for 2 s (R9): a field whose record was made before
    that may have waited for another one, which ran into its time limit.
    """
    if monotonic() - begun > _CONTACT_SECONDS:
        await road.keeper.epochs.read()


def _parse(endpoint: Endpoint, text: str) -> DocumentNode:
    kept = endpoint.documents.find(text)
    if kept is not None:
        return kept
    try:
        document = parse(text, max_tokens=endpoint.bounds.tokens)
        check_bounds(document, endpoint.bounds)
        document = fold_document(document)
    except RecursionError:
        raise _too_deep(endpoint.bounds.depth) from None
    except GraphQLError as failure:
        if _TOO_MANY_TOKENS in failure.message:
            raise _too_many_tokens(endpoint.bounds.tokens) from None
        if _is_too_deep(failure):
            raise _too_deep(endpoint.bounds.depth) from None
        raise
    return _keep(endpoint.documents, text, text, document)


def _changes(document: DocumentNode, name: str | None) -> bool:
    chosen = get_operation_ast(document, name)
    return chosen is not None and chosen.operation is not OperationType.QUERY


def _by_post_alone(language: Language) -> Outcome:
    text = Text(en="send by POST what isn't a query", zh="查询以外的操作请以 POST 发送")
    return refusal(405, ErrorCode.NOT_VALID, text.render(language), {"Allow": "POST"})


def _too_many_tokens(allowed: int) -> TooComplex:
    return TooComplex(
        Text(
            en=f"the document has more than {allowed} tokens, and may have as many characters of tokens; "
            "ask for less, or use variables",
            zh=f"查询文档超过 {allowed} 个词元，而词元字符数的上限即为此数；请减少内容，或改用变量",
        )
    )


def _is_too_deep(failure: GraphQLError) -> bool:
    return failure.message in _TOO_DEEP


def _too_deep(allowed: int) -> TooComplex:
    return TooComplex(
        Text(
            en="fields, fragments or values are nested in more than 200 levels, "
            f"and fields may be in {allowed}; nest less",
            zh=f"字段、片段或值的嵌套超过 200 层，其中字段至多 {allowed} 层；请减少嵌套",
        )
    )


def _validate(
    endpoint: Endpoint, assembled: AssembledSchema, document: DocumentNode, operation: Operation
) -> list[GraphQLError]:
    if get_operation_ast(document, operation.name) is None:
        return [GraphQLError("name one of the document's operations in `operationName`")]
    key = (assembled.key, operation.document)
    if endpoint.validated.find(key) is document:
        return []
    faults = validate_document(assembled.schema, document)
    if any(map(_is_too_deep, faults)):
        raise _too_deep(endpoint.bounds.depth)
    if not faults:
        _keep(endpoint.validated, key, operation.document, document)
    return faults


def _check_introspection(
    endpoint: Endpoint, assembled: AssembledSchema, document: DocumentNode, operation: Operation
) -> None:
    variables, allowed = operation.variables or {}, endpoint.bounds.introspection
    check_introspection(assembled.schema, document, operation.name, variables, allowed)


def _keep(kept: Kept[DocumentNode], key: Hashable, text: str, document: DocumentNode) -> DocumentNode:
    return kept.keep(key, document, len(text)) if len(text) <= _KEPT_LENGTH else document


async def _execute(
    schema: GraphQLSchema, document: DocumentNode, operation: Operation, context: RequestContext
) -> ExecutionResult:
    result = execute(
        schema,
        document,
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
    if result.data is None and not any(error.path for error in result.errors or ()):
        return Outcome({"errors": errors[:ERRORS_SHOWN]}, 400)
    payload: dict[str, object] = {"data": result.data}
    if errors:
        payload["errors"] = errors
    codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
    return Outcome(payload, 503 if codes & _UNAVAILABLE else 200)


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
