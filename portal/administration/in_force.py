"""Bringing what was approved into force: one transaction writes content, digest, epoch and the change set's state."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from portal.administration.assessing import broken_after
from portal.administration.change_sets import ChangeSet, Step, advance, check_seal
from portal.administration.change_store import StepNote, read_change, store_step
from portal.administration.database import ContentDatabase
from portal.administration.documents import ChangeDocument
from portal.administration.editing import History
from portal.administration.loads import wanted_of_load
from portal.administration.revising import Faulty, Revised, present_base, revise, revised_to
from portal.administration.superseding import supersede
from portal.administration.wording import render_broken
from portal.conditions.values import render_instant
from portal.errors import Conflict, Language, Text
from portal.policies.casbin_models import Matcher, ModelName
from portal.storage.content import StoredContent, read_content
from portal.storage.content_changes import ChangeNote, ContentChange, ContentChanged, store_change
from portal.storage.database import hold_writer_lock
from portal.storage.history import read_version


class NoLongerFits(Conflict):
    """What was approved can't be made of the content that holds now, and never will."""


def present_content(connection: Connection, secret: bytes) -> StoredContent:
    """Return the content that holds now. Raises: PolicyUnavailable; Conflict while it waits for reconciliation."""
    content = read_content(connection, secret)
    if content.quarantine is not None:
        raise Conflict(
            Text(
                en="the portal was restored from a backup; nothing is changed before `portal reconcile`",
                zh="门户由备份恢复；在执行 `portal reconcile` 之前不能变更",
            )
        )
    return content


def revise_stored(
    connection: Connection, present: StoredContent, document: ChangeDocument, now: datetime
) -> Revised | Faulty:
    """Return the content after a change, with what it brings back read from the history."""
    versions = [(one.table, one.key, one.version) for one in document.restorations if one.version is not None]
    history: History = {version: row for version in versions if (row := read_version(connection, version)) is not None}
    return revise(present, document, history, now)


def revise_change(connection: Connection, present: StoredContent, change: ChangeSet, now: datetime) -> Revised | Faulty:
    """Return the content after a change set, a load or one that a person wrote."""
    if change.rows is None:
        return revise_stored(connection, present, change.document, now)
    wanted = wanted_of_load(present, change.rows)
    return revised_to(present, wanted, change.base)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A change set taken on to `active`, and the content that it leads to, made ready outside of any transaction."""

    following: ChangeSet
    change: ContentChange


def bring_into_force(database: ContentDatabase, secret: bytes, number: int, clock: Callable[[], datetime]) -> ChangeSet:
    """Bring an approved change set into force and return it.

    INVARIANT: it is what two people approved (its seal), upon what they saw (its base), by the database's clock not
    before its time; and it is in force whole, from one epoch on.
    Raises: Conflict, PolicyUnavailable.
    """
    with hold_writer_lock(database.url):
        # What takes time is done before the transaction, which the audit, and with it every answer, waits for.
        ready = database.read_here(lambda connection: _make_ready(connection, secret, number, clock()))
        write = partial(_bring, ready=ready, secret=secret, now=clock())
        with suppress(ContentChanged):
            return database.write_here(write)
        # Loads wait for the lock, so it was a freeze; nothing comes in between now.
        return database.write_here(lambda connection: _bring_present(connection, secret, number, clock()))


def _bring_present(connection: Connection, secret: bytes, number: int, now: datetime) -> ChangeSet:
    return _bring(connection, _make_ready(connection, secret, number, now), secret, now)


def _make_ready(connection: Connection, secret: bytes, number: int, now: datetime) -> _Ready:
    change = read_change(connection, number)
    following = advance(change, Step.ACTIVATE)
    check_seal(change, secret)
    if change.activates_at is not None and now < change.activates_at:
        raise Conflict(
            Text(
                en=f"change set {number} is to be in force from `{render_instant(change.activates_at)}` on",
                zh=f"变更单 {number} 自 `{render_instant(change.activates_at)}` 起生效",
            )
        )
    present = present_content(connection, secret)
    return _Ready(following, _content_change(connection, present, change, now))


def _bring(connection: Connection, ready: _Ready, secret: bytes, now: datetime) -> ChangeSet:
    """Write what was made ready; whoever took the change set or the content on meanwhile was first."""
    following = ready.following
    note = ChangeNote(render_instant(now), f"{following.author}, {following.approved_by}", following.reason)
    active = replace(following, epoch=store_change(connection, ready.change, note, secret))
    step = StepNote(active.approved_by or active.author, now)
    store_step(connection, active, Step.ACTIVATE, step)
    supersede(connection, active, step)
    return active


def _content_change(connection: Connection, present: StoredContent, change: ChangeSet, now: datetime) -> ContentChange:
    _check_base(present, change)
    revised = revise_change(connection, present, change, now)
    if isinstance(revised, Faulty):
        what = revised.faults[0]
        raise NoLongerFits(
            Text(
                en=f"change set {change.id} can't be brought into force: {what.render(Language.ENGLISH)}",
                zh=f"变更单 {change.id} 无法生效：{what.render(Language.CHINESE)}",
            )
        )
    _check_expectations(revised, change, now)
    return revised.change


def _check_expectations(revised: Revised, change: ChangeSet, now: datetime) -> None:
    """Raise Conflict where an expectation is broken by now: others may have changed what it rests on since."""
    matchers = {name: Matcher(name) for name in ModelName}
    for broken in broken_after(revised, matchers, now):
        what = render_broken(broken)
        raise NoLongerFits(
            Text(
                en=f"change set {change.id} can't be brought into force: {what.en}",
                zh=f"变更单 {change.id} 无法生效：{what.zh}",
            )
        )


def _check_base(present: StoredContent, change: ChangeSet) -> None:
    now = present_base(present, change.base)
    if now != change.base:
        places = sorted(place for place in change.base if now[place] != change.base[place])
        raise NoLongerFits(
            Text(
                en=f"what change set {change.id} was approved upon has changed since: {', '.join(places)}",
                zh=f"变更单 {change.id} 批准时所依据的内容已发生变化：{'、'.join(places)}",
            )
        )
