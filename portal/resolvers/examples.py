"""Example queries of an entry that the subject who asks is permitted, as they stand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from graphql.language.print_string import print_string

from portal.catalog.entries import CatalogEntry, InformationItem, Link
from portal.conditions.tree import ValueType
from portal.policies.decision import Decision, Permit, Use
from portal.policies.matching import Request
from portal.policies.snapshot import EntryView
from portal.resolvers.context import RequestContext
from portal.schema.generated import grouped_items, key_field_names
from portal.schema.links import visible_links
from portal.vocabulary import Action, ItemIdentifier, Mode

_SHOWN = 6
_LINKS = 3
_ROWS = 10
_VALUES: Mapping[ValueType, str] = {
    ValueType.STRING: '"1"',
    ValueType.INTEGER: "1",
    ValueType.DECIMAL: '"1.5"',
    ValueType.BOOLEAN: "true",
    ValueType.DATE: '"2026-01-31"',
    ValueType.DATETIME: '"2026-01-31T08:00:00Z"',
}


@dataclass(frozen=True, slots=True)
class Examples:
    """GraphQL documents that are answered: a page, a row by key and groups where there are any, and linked entries."""

    page: str
    by_key: str | None
    groups: str | None
    linked: tuple[str, ...]


def find_examples(context: RequestContext, view: EntryView) -> Examples | None:
    """Return the examples for the purpose and matter under which most items are permitted; None where none are."""
    found = max((_Finder(context, action) for action in _actions(context)), key=lambda one: len(one.readable(view)))
    return found.examples(view) if found.readable(view) else None


def _actions(context: RequestContext) -> Iterator[Action]:
    """Yield what may be stated, the least first: `max` takes the first of those that permit as much."""
    for purpose, matter in product((None, *context.purposes), (None, *context.subject.matters)):
        yield Action(Mode.QUERY, purpose, matter)


@dataclass(frozen=True, slots=True)
class _Finder:
    context: RequestContext
    action: Action

    def readable(self, view: EntryView) -> tuple[InformationItem, ...]:
        """Return the items that may be shown: what is refused of several is what is refused of each."""
        refused = self._refused(view.entry, [item.identifier for item in view.items])
        return tuple(item for item in view.items if item.identifier not in refused)

    def examples(self, view: EntryView) -> Examples:
        """Return the examples; at least one item is readable."""
        linked = tuple(islice(self._linked(view), _LINKS))
        return Examples(self._page(view), self._by_key(view), self._groups(view), linked)

    def _decide(
        self, entry: CatalogEntry, items: Sequence[ItemIdentifier], compared: Iterable[ItemIdentifier] = ()
    ) -> Decision:
        environment = self.context.asker.environment(self.context.now, self.context.network_zone)
        request = Request(self.context.subject, self.action, environment)
        return self.context.point.decide(request, Use(entry.code, tuple(items), frozenset(compared)))

    def _permit(
        self, entry: CatalogEntry, items: Sequence[ItemIdentifier], compared: Iterable[ItemIdentifier] = ()
    ) -> Permit | None:
        decision = self._decide(entry, items, compared)
        return decision if isinstance(decision, Permit) else None

    def _refused(
        self, entry: CatalogEntry, items: Sequence[ItemIdentifier], compared: Iterable[ItemIdentifier] = ()
    ) -> frozenset[ItemIdentifier]:
        decision = self._decide(entry, items, compared)
        return frozenset() if isinstance(decision, Permit) else frozenset(decision.items)

    def _page(self, view: EntryView) -> str:
        shown = self.readable(view)[:_SHOWN]
        names = [item.identifier for item in shown]
        arguments = self._stated()
        masked = self._refused(view.entry, names, names)
        compared = [item for item in shown if item.identifier not in masked]
        if compared:
            arguments.append(f"where: {{{compared[0].identifier}: {{isNull: false}}}}")
        ordered = [item for item in compared if item.type is not ValueType.JSON]
        if ordered:
            arguments.append(f"orderBy: [{{{ordered[0].identifier}: ASC}}]")
        arguments += [f"first: {self._rows(view.entry, names)}", "after: $after"]
        return f"""query ($after: String) {{
  shared {{
    {view.entry.identifier}({", ".join(arguments)}) {{
      nodes {{ {" ".join(names)} }}
      pageInfo {{ hasNextPage endCursor }}
      totalCount
      access {{ policies validUntil receipt }}
    }}
  }}
}}"""

    def _by_key(self, view: EntryView) -> str | None:
        entry, types = view.entry, {item.identifier: item.type for item in view.items}
        names = [item.identifier for item in self.readable(view)[:_SHOWN]]
        offered = key_field_names(view, self.context.view)
        if f"{entry.identifier}_by_key" not in offered or not self._permit(entry, names, entry.key):
            return None
        arguments = [*(f"{name}: {_VALUES[types[name]]}" for name in entry.key), *self._stated()]
        return f"""{{
  shared {{
    {entry.identifier}_by_key({", ".join(arguments)}) {{ {" ".join(names)} }}
  }}
}}"""

    def _groups(self, view: EntryView) -> str | None:
        """Return a count by an item that is shown unmasked; by one of the key, which counts little, at last."""
        entry, readable = view.entry, {item.identifier for item in self.readable(view)}
        offered = [item.identifier for item in grouped_items(view, self.context.view) if item.identifier in readable]
        masked = self._refused(entry, offered, offered)
        names = sorted((name for name in offered if name not in masked), key=lambda name: name in entry.key)
        if not names:
            return None
        arguments = self._stated()
        stated = f"({', '.join(arguments)})" if arguments else ""
        return f"""{{
  shared {{
    {entry.identifier}{stated} {{ groups(by: [{names[0]}], first: {self._rows(entry, names[:1])}) {{ key count }} }}
  }}
}}"""

    def _linked(self, view: EntryView) -> Iterator[str]:
        for link, target in visible_links(view, self.context.view):
            below = [item.identifier for item in self.readable(target)[:_SHOWN]]
            if below and self._follows(view, link, target, below):
                yield self._link(view, link, below)

    def _link(self, view: EntryView, link: Link, below: Sequence[ItemIdentifier]) -> str:
        arguments = ", ".join([*self._stated(), f"first: {self._rows(view.entry, link.items)}"])
        names = " ".join(below)
        linked = f"(first: 1) {{ nodes {{ {names} }} }}" if link.many else f" {{ {names} }}"
        return f"""{{
  shared {{
    {view.entry.identifier}({arguments}) {{
      nodes {{ {" ".join(link.items)} {link.identifier}{linked} }}
    }}
  }}
}}"""

    def _follows(self, view: EntryView, link: Link, target: EntryView, below: Sequence[ItemIdentifier]) -> bool:
        permit = self._permit(target.entry, below, link.target_items)
        # Where the target's rows are limited, an example could ask for more of them than are permitted.
        return permit is not None and not permit.max_rows and bool(self._permit(view.entry, link.items, link.items))

    def _rows(self, entry: CatalogEntry, names: Sequence[ItemIdentifier]) -> int:
        permit = self._permit(entry, names)
        return min([_ROWS, *(rows for _, rows in permit.max_rows)]) if permit else _ROWS

    def _stated(self) -> list[str]:
        purpose, matter = self.action.purpose, self.action.matter
        stated = [] if purpose is None else [f"purpose: {purpose.upper()}"]
        return stated if matter is None else [*stated, f"matter: {print_string(matter)}"]
