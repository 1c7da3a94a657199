"""Rows of an entry brought in by a person of its provider: whose duty it is, and the audit's record of it."""

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from portal.access.snapshots import SnapshotKeeper
from portal.administration.acts import Deed, Person, act_record, permit
from portal.administration.loads import settle_rows
from portal.audit.recorder import Recorder
from portal.audit.records import Act
from portal.bundles.data_in import DataAct, DataOrder, DataOutcome, bring_in, compare
from portal.bundles.loading import LoadOrder, Progress
from portal.bundles.store import PortalStore
from portal.errors import BadInput, Text
from portal.policies.duties import Duties, Operation, Target
from portal.vocabulary import EntryCode

_ACTS = {DataAct.REPLACE: Act.ROWS_REPLACED, DataAct.APPEND: Act.ROWS_APPENDED}


@dataclass(frozen=True)
class RowDesk:
    """Replaces rows, or puts more behind them; `store` is opened by the owner's accounts, as a load does it."""

    store: PortalStore
    keeper: SnapshotKeeper
    recorder: Recorder
    duties: Duties

    async def permit(self, person: Person, identifier: str) -> None:
        """Let a person bring in rows of the entry whose duty it is.

        Raises: Forbidden; BadInput where there is no such entry, which only a person of a department is told.
        """
        point = await self.keeper.current()
        entries = [state.entry for state in point.snapshot.content.entries if state.entry.identifier == identifier]
        target = Target(provider=entries[0].provider) if entries else Target(provider=person.actor.subject.department)
        about = f"entry:{entries[0].code}" if entries else f"entry:{identifier}"
        await permit(self, person, Operation.BRING_IN_ROWS, about, target)
        if not entries:
            raise BadInput(
                Text(
                    en=f"no catalog entry `{identifier}`; name one by its identifier",
                    zh=f"没有目录条目 `{identifier}`；请填写条目的标识符",
                )
            )

    async def look_at(self, person: Person, order: DataOrder, progress: Progress) -> DataOutcome:
        """Return what the order would do; nothing is written. Raises: as `bring_in`."""
        await self.permit(person, order.identifier)
        return await asyncio.to_thread(compare, order, self.store, progress)

    async def bring_in(self, person: Person, order: DataOrder, reason: str, progress: Progress) -> DataOutcome:
        """Carry out the order, whole or not at all, and return what became of the rows.

        It is in force before its record is written, and the record of changes has it in the same transaction.
        Raises: Forbidden, FaultyRows, BadInput, ConfigurationError, AuditUnavailable.
        """
        await self.permit(person, order.identifier)
        load = LoadOrder(self.keeper.now(), by=person.id, reason=reason)
        settle = partial(settle_rows, title=f"portal data {order.act} {order.identifier}")
        outcome = await asyncio.to_thread(bring_in, order, self.store, load, progress, settle)
        await self._record(person, order.act, outcome, reason)
        return outcome

    async def _record(self, person: Person, act: DataAct, outcome: DataOutcome, reason: str) -> None:
        deed = Deed(
            _ACTS[act],
            f"entry:{outcome.entry}",
            {
                "rows_before": outcome.before,
                "rows": outcome.after,
                "added": outcome.added,
                "removed": outcome.removed,
                "changed": outcome.changed,
                "digest": outcome.digest,
                "epoch": outcome.epoch,
                "reason": reason,
            },
        )
        record = act_record(person, deed, self.keeper.now())
        await self.recorder.record_act(replace(record, entry=EntryCode(outcome.entry)))
