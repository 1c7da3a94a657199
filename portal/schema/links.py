"""Links of a view: which of an entry's links a subject may know of."""

from collections.abc import Iterator, Mapping

from portal.catalog.entries import Link
from portal.policies.snapshot import EntryView
from portal.vocabulary import EntryIdentifier


def visible_links(view: EntryView, among: Mapping[EntryIdentifier, EntryView]) -> Iterator[tuple[Link, EntryView]]:
    """Yield those links of an entry whose target is `among` the given, and whose join items are in both views."""
    shown = {item.identifier for item in view.items}
    for link in view.entry.links:
        target = among.get(link.target)
        if target is None or not shown.issuperset(link.items):
            continue
        if {item.identifier for item in target.items}.issuperset(link.target_items):
            yield link, target
