"""Who is registered, looked up by what records name."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from portal.identity.registry import Registry
from portal.policies.circumstances import Party, parties_of
from portal.policies.records import Consumer, ConsumerKind, PolicyRecord
from portal.policies.snapshot import subject_consumers


@dataclass(frozen=True)
class Directory:
    """The register, with the parties that each consumer stands for."""

    registry: Registry

    @cached_property
    def _parties(self) -> Mapping[Consumer, tuple[Party, ...]]:
        parties: defaultdict[Consumer, list[Party]] = defaultdict(list)
        for party in parties_of(self.registry):
            for consumer in subject_consumers(party.subject):
                parties[consumer].append(party)
        return {consumer: tuple(members) for consumer, members in parties.items()}

    def named_by(self, record: PolicyRecord) -> tuple[Party, ...]:
        """Return the parties that the record names."""
        return tuple(party for party in self._parties.get(record.consumer, ()) if party.is_named_by(record))

    def stands_for_all_of(self, wider: Consumer, narrower: Consumer) -> bool:
        """Return whether whoever the one consumer stands for, the other does too."""
        if wider == narrower or wider.kind is ConsumerKind.PUBLIC:
            return True
        if narrower.kind in (ConsumerKind.PUBLIC, ConsumerKind.ANY_DEPARTMENT):
            return False
        own = frozenset(self._parties.get(narrower, ()))
        return wider.kind is ConsumerKind.ANY_DEPARTMENT or (
            bool(own) and own <= frozenset(self._parties.get(wider, ()))
        )
