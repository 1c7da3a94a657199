"""A transfer: part after part down the one road, each decided and recorded before it leaves, until it is whole.

What stops it in between stops it for good: then there is no end, no manifest, and the connection is broken, so that no
client takes a part for the whole (T16).
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

import orjson

from portal.access.asker import Asker, identify
from portal.access.pipeline import Answer, RefusedField, Road, answer_field
from portal.access.plan import Part
from portal.access.transferring import TransferredPart
from portal.audit.receipts import Recorded
from portal.audit.records import Act, ActRecord, render_time
from portal.errors import BadInput, ErrorCode, PortalError, Text
from portal.exchange.formats import Format, Writer, writer_of
from portal.exchange.json_lines import manifest_line
from portal.exchange.manifest import Taker, known_facts, manifest_members
from portal.exchange.order import Order, Progress, next_link
from portal.exchange.resuming import open_progress, seal_progress
from portal.exchange.spreadsheet import check_rows
from portal.json_text import JsonValue
from portal.policies.decision_point import action_for
from portal.vocabulary import Action, Mode, Purpose

PART_ROWS = 1000
"""Rows of a part (enforcement.md §4)."""


class Cut(Exception):
    """A transfer that stops in between: the code of what stopped it."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a transfer is carried out: on which road and for whom.

    `turn` waits for the department's turn; `check` raises where the token counts no more: its end isn't in the epoch.
    """

    road: Road
    asker: Asker
    turn: Callable[[], AbstractAsyncContextManager[None]]
    check: Callable[[], object]


@dataclass(slots=True)
class Transfer:
    """A transfer under way, its first part decided and recorded; `rows_in_all` are those of the whole."""

    conduct: Conduct
    order: Order
    taker: Taker
    progress: Progress
    waiting: TransferredPart
    writer: Writer
    resumed: bool
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def watermark(self) -> str:
        """The line that says whose copy this is."""
        return self.taker.watermark(self.progress.number, self.progress.began_at)

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content part by part; who takes it has let the part before leave. Raises: Cut."""
        try:
            while True:
                part = self.waiting
                is_last = self.progress.rows + len(part.rows) >= self.progress.wanted or not part.has_more
                self._count_rows(part)
                written = await asyncio.to_thread(self._write, part, is_last)
                self._count_octets(written)
                if is_last:
                    self._check_count()
                    break
                yield self._framed(written, len(part.rows))
                self.waiting = await self._next()
            # INVARIANT: the last octets leave once it is on record that the transfer is whole, never before.
            ending = await self._end()
            yield self._framed(written, len(part.rows)) + ending
        except PortalError as failure:
            raise Cut(failure.code) from failure

    def _check_count(self) -> None:
        """Refuse an end that comes before or behind what was counted. Raises: Cut."""
        if self.progress.rows != self.progress.wanted:
            raise Cut(ErrorCode.CONFLICT)

    def _write(self, part: TransferredPart, is_last: bool) -> bytes:
        """Return what of the content comes with the part, which is counted already. Raises: BadInput."""
        is_first = self.progress.parts == 1
        written = (self.writer.begin() if is_first else b"") + self.writer.rows(part.rows)
        return written + self.writer.end(known_facts(self.order, self.progress, self.taker)) if is_last else written

    def _count_rows(self, part: TransferredPart) -> None:
        done = self.progress
        self.progress = replace(
            done,
            cursor=part.cursor or done.cursor,
            rows=done.rows + len(part.rows),
            parts=done.parts + 1,
            policies=tuple(dict.fromkeys((*done.policies, *part.note.policies))),
        )

    def _count_octets(self, written: bytes) -> None:
        self._hash.update(written)
        done = self.progress
        self.progress = replace(done, octets=done.octets + len(written), chain=next_link(done.chain, written))

    def _framed(self, written: bytes, rows: int) -> bytes:
        if not self.order.framed:
            return written
        done, road = self.progress, self.conduct.road
        token = None
        if self.order.style.format.is_resumable:
            token = seal_progress(road.keys.cursor_secret, self.taker.subject, self.order, done)
        members = {
            "bytes": len(written),
            "rows": rows,
            "sha256": hashlib.sha256(written).hexdigest(),
            "rowsInAll": done.wanted,
            "after": token,
        }
        return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE) + written

    async def _next(self) -> TransferredPart:
        done = self.progress
        part = Part(PART_ROWS, done.rows, done.wanted, done.basis)
        answer = await _answer(self.conduct, self.order, part, done.cursor)
        if not isinstance(answer, TransferredPart):
            code = answer.refusal.code if isinstance(answer, RefusedField) else ErrorCode.INTERNAL
            raise Cut(code)
        return answer

    async def _end(self) -> bytes:
        """Put on record that the transfer is whole, and return what tells its reader so."""
        now = self.conduct.road.now()
        whole = None if self.resumed else self._hash.hexdigest()
        manifest = manifest_members(self.order, self.progress, self.taker, render_time(now), whole)
        subject, asker = self.taker.subject, self.conduct.asker
        recorded = await self.conduct.road.recorder.record_act(
            ActRecord(
                time=now,
                subject=subject.name,
                department=subject.department,
                application=subject.application,
                user=subject.user,
                act=Act.TRANSFER_ENDED,
                target=self.progress.number,
                entry=self.order.state.entry.code,
                details=manifest,
                client_address=None if asker.client_address is None else str(asker.client_address),
                request_id=asker.request_id,
            )
        )
        return self._ending(manifest, recorded)

    def _ending(self, manifest: dict[str, JsonValue], recorded: Recorded) -> bytes:
        told = {**manifest, "receipt": recorded.receipt}
        if self.order.framed:
            return orjson.dumps({"manifest": told}, option=orjson.OPT_APPEND_NEWLINE)
        return manifest_line(told) if self.order.style.format is Format.JSON_LINES else b""


async def _answer(conduct: Conduct, order: Order, part: Part, cursor: str | None) -> Answer:
    """Return the answer of a part, of a token that still counts once it is recorded."""
    field = order.counting if part.wanted is None or cursor is None else order.field
    arguments = {**field.arguments, **({} if cursor is None else {"after": cursor})}
    async with conduct.turn():
        point = await conduct.road.keeper.current()
        conduct.check()
        current = point.snapshot.state_by_code.get(order.state.entry.code, order.state)
        answer = await answer_field(
            conduct.road, conduct.asker, point, current, replace(field, arguments=arguments, part=part)
        )
        conduct.check()
    return answer


async def begin_transfer(conduct: Conduct, order: Order, after: str | None) -> Transfer | RefusedField:
    """Return a transfer with its first part decided, recorded and read, or why that is refused.

    `after` is the token to go on with. Raises: BadInput, Unauthenticated, PolicyUnavailable, AuditUnavailable.
    """
    taker = await _taker(conduct, order)
    before = None if after is None else _open(conduct, order, taker, after)
    if before is None:
        part, cursor = Part(PART_ROWS, 0, order.wanted), None
    else:
        part, cursor = Part(PART_ROWS, before.rows, before.wanted, before.basis), before.cursor
    answer = await _answer(conduct, order, part, cursor)
    if isinstance(answer, RefusedField):
        return answer
    if not isinstance(answer, TransferredPart):
        raise AssertionError(type(answer))
    progress = before or _first_progress(conduct, order, answer)
    if order.style.format is Format.SPREADSHEET:
        check_rows(progress.wanted)
    watermark = taker.watermark(progress.number, progress.began_at)
    # In a thread: a format may have something to import first.
    writer = await asyncio.to_thread(writer_of, order.style, order.columns, watermark)
    return Transfer(conduct, order, taker, progress, answer, writer, before is not None)


async def _taker(conduct: Conduct, order: Order) -> Taker:
    subject, _ = identify(conduct.asker, (await conduct.road.keeper.current()).snapshot.registry)
    purpose = order.field.arguments.get("purpose")
    matter = order.field.arguments.get("matter")
    stated = Action(Mode.EXCHANGE, None if purpose is None else Purpose(str(purpose)), matter)  # type: ignore[arg-type]
    return Taker(subject, action_for(stated, subject) or stated)


def _open(conduct: Conduct, order: Order, taker: Taker, after: str) -> Progress:
    if not order.style.format.is_resumable or not order.framed:
        raise BadInput(
            Text(
                en="only `csv` and `jsonl` in frames can be gone on with; begin this transfer anew",
                zh="只有分帧的 `csv` 和 `jsonl` 可以续传；请重新开始该传输",
            )
        )
    road = conduct.road
    return open_progress(road.keys.cursor_secret, taker.subject, order, after, road.now())


def _first_progress(conduct: Conduct, order: Order, part: TransferredPart) -> Progress:
    """Return the beginning of a transfer; its number says where its first record is, and can't be guessed."""
    found = part.total or 0
    wanted = found if order.wanted is None else min(order.wanted, found)
    number = f"{part.note.receipt}-{secrets.token_hex(8)}"
    return Progress(number, render_time(conduct.road.now()), wanted, part.basis)
