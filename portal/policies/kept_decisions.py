"""Decisions of one snapshot, kept for requests that no record of it tells apart.

What a decision depends on is its key: the subject, the action, the use, the circumstances that a condition on the entry
tests, and between which two beginnings and ends of records the moment lies. So nothing kept grows old: a later moment
is another key, and another epoch another snapshot with another keeper.
"""

from collections.abc import Callable, Hashable, Set
from dataclasses import dataclass, field

from portal.policies.decision import Decision, Use
from portal.policies.matching import Request
from portal.policies.snapshot import Snapshot
from portal.vocabulary import Action, EntryCode, Subject

_Key = tuple[Subject, Action, Use, Hashable]
MOST = 20_000
"""So many are kept; then all are let go, and those that are asked for are made again."""


@dataclass(slots=True)
class KeptDecisions:
    """Keeps what was decided. Safe to share between threads: at worst two of them decide the same."""

    most: int = MOST
    _decisions: dict[_Key, Decision] = field(default_factory=dict)

    def decide(self, snapshot: Snapshot, request: Request, use: Use, decide: Callable[[], Decision]) -> Decision:
        """Return what was decided on the snapshot for a request like this one; what `decide` returns, the first time.

        What it raises is kept for nobody.
        """
        circumstances = _circumstances(snapshot, use.entry, request)
        if circumstances is None:
            return decide()
        key = (request.subject, request.action, use, circumstances)
        kept = self._decisions.get(key)
        if kept is None:
            kept = decide()
            if len(self._decisions) >= self.most:
                self._decisions = {}
            self._decisions[key] = kept
        return kept

    def untouched(self, touched: Set[EntryCode]) -> "KeptDecisions":
        """Return a keeper of the decisions on other entries, for a snapshot that differs in these alone."""
        kept = {key: decision for key, decision in self._decisions.copy().items() if key[2].entry not in touched}
        return KeptDecisions(self.most, kept)


def _circumstances(snapshot: Snapshot, code: EntryCode, request: Request) -> Hashable | None:
    """Return what of the request's circumstances matters to records on the entry; None where each moment does."""
    tested, environment = snapshot.tested_on(code), request.environment
    if "now" in tested:
        return None
    return (
        snapshot.period_on(code, environment.now),
        environment.network_zone if "network_zone" in tested else None,
        environment.client_address if "client_address" in tested else None,
        environment.reference.case if "case" in tested else None,
        environment.reference.operator if "operator" in tested else None,
    )
