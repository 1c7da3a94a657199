"""Whether fields of one response key can be one field, in time linear in the selections (T67).

The schema has neither interfaces nor unions, so two fields under one key merge exactly if name and arguments are the
same, whatever stands around them. graphql-core's own rule compares every field with every other.
"""

from collections.abc import Hashable, Iterator, Sequence
from itertools import islice

from graphql import GraphQLError
from graphql.language.ast import DocumentNode, FieldNode, SelectionSetNode

from portal.access.folding import arguments_key
from portal.access.spreading import Fragments, fields_within, fragments_of, operations_of, response_key


def validate_merging(document: DocumentNode, most: int) -> list[GraphQLError]:
    """Return the first `most` faults, each a pair of fields that can't be one.

    # INVARIANT: the document is valid but for this, and within its bounds: no fragment is within itself.
    """
    fragments, keys = fragments_of(document), dict[int, Hashable]()
    faults = (
        fault
        for operation in operations_of(document)
        for fault in _conflicts((operation.selection_set,), fragments, keys)
    )
    return list(islice(faults, most))


def _conflicts(
    sets: Sequence[SelectionSetNode], fragments: Fragments, keys: dict[int, Hashable]
) -> Iterator[GraphQLError]:
    fields: dict[str, list[FieldNode]] = {}
    for field in fields_within(sets, fragments):
        fields.setdefault(response_key(field), []).append(field)
    for key, same in fields.items():
        yield from _differences(key, same, keys)
        below = [field.selection_set for field in same if field.selection_set is not None]
        if below:
            yield from _conflicts(below, fragments, keys)


def _differences(key: str, same: Sequence[FieldNode], keys: dict[int, Hashable]) -> Iterator[GraphQLError]:
    first, *others = same
    for other in others:
        if other.name.value != first.name.value:
            why = f"'{first.name.value}' and '{other.name.value}' are different fields"
        elif _arguments(other, keys) != _arguments(first, keys):
            why = "they have differing arguments"
        else:
            continue
        yield GraphQLError(f"Fields '{key}' conflict because {why}. Use different aliases.", [first, other])


def _arguments(field: FieldNode, keys: dict[int, Hashable]) -> Hashable:
    # A fragment's fields are met wherever it is spread; their arguments may be long.
    if id(field) not in keys:
        keys[id(field)] = arguments_key(field)
    return keys[id(field)]
