"""Bounds on a document, before it is validated: found in time linear in the document, fragments counted once each."""

from dataclasses import dataclass, field

from graphql.language import TokenKind
from graphql.language.ast import DocumentNode, FieldNode, OperationDefinitionNode, SelectionSetNode, Token

from portal.access.spreading import (
    Fragments,
    fields_within,
    fragments_of,
    operations_of,
    response_key,
    selections_within,
)
from portal.errors import Text, TooComplex

_SHARED = "shared"
_WEIGHTS = {"catalogEntry": 10, "explain": 2}
"""Root fields that count for more: each may decide on every item of an entry for every purpose."""
_COUNTED = 4
"""Characters of a token that count: a long name or text costs little more than a short one."""
_WORDS = frozenset({TokenKind.NAME, TokenKind.INT, TokenKind.FLOAT})
"""Kinds of tokens of which two need something between them."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a document may have, all its operations together; `selections` with fragments in their places.

    `tokens` by their length, each up to 4: no more than the document has bytes, whatever its tokens are.
    `introspection` is for each part of the schema (see `introspection`); `cells` rows times fields (see `cells`).
    """

    tokens: int
    depth: int
    selections: int
    root_fields: int = 100
    introspection: int = 20
    cells: int = 10**15
    catalog_cells: int = 100_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How deep and how wide a selection set is."""

    depth: int
    selections: int


_NOTHING = Extent(0, 0)


def check_bounds(document: DocumentNode, bounds: Bounds) -> None:
    """Raise TooComplex, saying which bound and by how much, for a document beyond its bounds."""
    if document.loc is not None:
        length = _length(document.loc.start_token)
        _hold("characters of tokens, up to 4 of each,", "词元字符数（每个词元至多计 4 个）", length, bounds.tokens)
    fragments, operations = fragments_of(document), operations_of(document)
    measuring = _Measuring(fragments, bounds)
    extents = [measuring.extent(operation.selection_set) for operation in operations]
    _hold("levels of fields", "字段层数", max((extent.depth for extent in extents), default=0), bounds.depth)
    _hold("selections", "选择数", sum(extent.selections for extent in extents), bounds.selections)
    roots = sum(_root_fields(operation, fragments) for operation in operations)
    _hold(
        "root fields (`catalogEntry` counts 10, `explain` 2)",
        "根字段数（`catalogEntry` 计 10，`explain` 计 2）",
        roots,
        bounds.root_fields,
    )


def _hold(en: str, zh: str, found: int, allowed: int, at_least: tuple[str, str] = ("", "")) -> None:
    if found > allowed:
        raise TooComplex(
            Text(
                en=f"{at_least[0]}{found} {en} are more than the {allowed} allowed; "
                "ask for less, or in several requests",
                zh=f"{zh}{at_least[1]}为 {found}，超过上限 {allowed}；请减少内容，或分几次请求",
            )
        )


def _length(token: Token) -> int:
    """Return how many characters the tokens after the first one have, up to 4 of each, and what must part them."""
    length, former = 0, token.kind
    while token.next is not None and token.next.kind is not TokenKind.EOF:
        token = token.next
        length += min(token.end - token.start, _COUNTED) + (token.kind in _WORDS and former in _WORDS)
        former = token.kind
    return length


@dataclass(slots=True)
class _Measuring:
    """Measures selection sets, each once; a fragment adds to a selection set once, as it does when executed."""

    fragments: Fragments
    bounds: Bounds
    measured: dict[int, Extent] = field(default_factory=dict)
    walked: int = 0

    def extent(self, selections: SelectionSetNode) -> Extent:
        """Return the extent of a selection set with its fragments in their places."""
        key = id(selections)
        if key not in self.measured:
            # A fragment inside itself counts as nothing here: validation refuses it.
            self.measured[key] = _NOTHING
            self.measured[key] = self._sum(selections)
        return self.measured[key]

    def _sum(self, selections: SelectionSetNode) -> Extent:
        depth = count = 0
        for node in selections_within((selections,), self.fragments):
            self._walk()
            count += 1
            if isinstance(node, FieldNode):
                below = _NOTHING if node.selection_set is None else self.extent(node.selection_set)
                depth, count = max(depth, below.depth + 1), count + below.selections
        return Extent(depth, count)

    def _walk(self) -> None:
        # A wide fragment in many places: what is walked is selected too, so there is no need to walk on.
        self.walked += 1
        _hold("selections", "选择数", self.walked, self.bounds.selections, ("at least ", "至少"))


def _root_fields(operation: OperationDefinitionNode, fragments: Fragments) -> int:
    """Return how many fields are answered or refused each for itself: those of `shared` are. One key counts once."""
    found: dict[str, int] = {}
    shared: dict[str, list[SelectionSetNode]] = {}
    for node in fields_within((operation.selection_set,), fragments):
        if node.name.value == _SHARED and node.selection_set is not None:
            shared.setdefault(response_key(node), []).append(node.selection_set)
        else:
            found[response_key(node)] = _WEIGHTS.get(node.name.value, 1)
    entries = sum(len(set(map(response_key, fields_within(sets, fragments)))) for sets in shared.values())
    return entries + sum(found.values())
