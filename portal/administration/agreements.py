"""Agreements as they are looked at: signatures verified anew, and what is enforced beside what was written."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from portal.access.snapshots import SnapshotKeeper
from portal.administration.acts import Person, permit
from portal.administration.database import ContentDatabase
from portal.administration.records import MOST_VERSIONS, find_record
from portal.agreements.agreement import Agreement
from portal.agreements.examining import ExaminedSignature, examine_signatures
from portal.agreements.reading import read_agreement
from portal.agreements.sentences import Named, PlacedTerm, place_terms, split_sentences
from portal.agreements.verification import Circumstances, verify_agreement
from portal.audit.recorder import Recorder
from portal.certificates.trust import load_trust_store
from portal.errors import BadInput, Fault, Text
from portal.policies.duties import Duties, Operation
from portal.policies.records import PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.regulations.profiles import load_profile
from portal.storage.history import VersionHeld, versions_of
from portal.storage.tables import agreements
from portal.vocabulary import ApplicationId, PolicyId

_SHANGHAI = timezone(timedelta(hours=8))
_PURPOSES: Mapping[str, tuple[str, ...]] = {
    "administrative_basis": ("行政依据",),
    "work_reference": ("工作参考",),
    "verification": ("数据校核", "核验", "核对", "校核"),
    "business_collaboration": ("业务协同",),
}
"""What the regulations call the purposes that all of them have."""
_MODES: Mapping[str, tuple[str, ...]] = {
    "query": ("查询",),
    "exchange": ("交换",),
    "service": ("服务",),
    "processing": ("加工",),
}


@dataclass(frozen=True, slots=True)
class ShownAgreement:
    """An agreement as it stands: its signatures, what is wrong with it now, its text and where that names each term.

    `record` is what it is enforced as, None where it was withdrawn. `versions` are newest first.
    """

    agreement: Agreement
    record: PolicyRecord | None
    signatures: tuple[ExaminedSignature, ...]
    faults: tuple[Fault, ...]
    remarks: tuple[Text, ...]
    sentences: tuple[str, ...]
    terms: tuple[PlacedTerm, ...]
    versions: tuple[VersionHeld, ...]
    snapshot: Snapshot
    now: datetime


@dataclass(frozen=True)
class AgreementDesk:
    """Shows agreements to those who may view changes. Nothing here changes anything."""

    database: ContentDatabase
    keeper: SnapshotKeeper
    recorder: Recorder
    duties: Duties

    async def show(self, person: Person, name: PolicyId) -> ShownAgreement | None:
        """Return an agreement, verified by what holds now; None where there never was one of that id.

        Raises: Forbidden, BadInput for one that can't be read any more.
        """
        await permit(self, person, Operation.VIEW_CHANGES, f"agreement:{name}")
        point, now = await self.keeper.current(), self.keeper.now()
        versions = await self.database.read(lambda connection: versions_of(connection, agreements, name, MOST_VERSIONS))
        if not versions:
            return None
        return await asyncio.to_thread(_shown, point.snapshot, name, versions, now)


def _shown(snapshot: Snapshot, name: PolicyId, versions: tuple[VersionHeld, ...], now: datetime) -> ShownAgreement:
    content, file = versions[0].row.text("document").encode(), f"agreements/{name}.json"
    unverified, faults = read_agreement(content, file)
    if unverified is None:
        raise BadInput(faults[0].what)
    circumstances, trust_faults = _circumstances(snapshot, now)
    _, found, remarks = verify_agreement(content, file, circumstances)
    sentences = split_sentences(unverified.content.text)
    return ShownAgreement(
        agreement=unverified.content,
        record=None if versions[0].ended is not None else find_record(snapshot, name),
        signatures=examine_signatures(unverified, circumstances),
        faults=(*trust_faults, *found),
        remarks=tuple(remarks),
        sentences=sentences,
        terms=place_terms(sentences, _terms(unverified.content, snapshot)),
        versions=versions,
        snapshot=snapshot,
        now=now,
    )


def _circumstances(snapshot: Snapshot, now: datetime) -> tuple[Circumstances, list[Fault]]:
    trust, faults, _ = load_trust_store(snapshot.content.key_files, now)
    providers = {state.entry.code: state.entry.provider for state in snapshot.content.entries}
    roles = load_profile(snapshot.content.profile).signing_roles
    return Circumstances(trust, snapshot.registry.departments, providers, roles, now), faults


def _terms(agreement: Agreement, snapshot: Snapshot) -> Iterator[Named]:
    """Yield each value of the terms with what a text may call it."""
    state = snapshot.state_by_code.get(agreement.resource)
    for role, code in agreement.parties.items():
        department = snapshot.registry.departments.get(code)
        yield Named(f"parties.{role}", code, (code, "" if department is None else department.name))
    known = () if state is None else (state.entry.identifier, state.entry.name)
    yield Named("resource", agreement.resource, (agreement.resource, *known))
    for name in _texts(agreement, "items"):
        item = None if state is None else next((one for one in state.entry.items if one.identifier == name), None)
        yield Named("items", name, (name, "" if item is None else item.name))
    for name in _texts(agreement, "purposes"):
        yield Named("purposes", name, (name, *_PURPOSES.get(name, ())))
    for name in _texts(agreement, "modes"):
        yield Named("modes", name, (name, *_MODES.get(name, ())))
    for name in _texts(agreement, "matters"):
        yield Named("matters", name, (name,))
    for name in _texts(agreement, "applications"):
        application = snapshot.registry.applications.get(ApplicationId(name))
        yield Named("applications", name, (name, "" if application is None else application.name))
    for term, moment in (("valid_from", agreement.valid_from), ("valid_until", agreement.valid_until)):
        yield Named(term, str(agreement.terms[term]), _days(moment, is_end=term == "valid_until"))


def _texts(agreement: Agreement, term: str) -> tuple[str, ...]:
    members = agreement.terms.get(term, ())
    return tuple(map(str, members)) if isinstance(members, list | tuple) else ()


def _days(moment: datetime, *, is_end: bool) -> tuple[str, ...]:
    """Return how a text may write the day; who writes until when names the last day on which it holds."""
    local = moment.astimezone(_SHANGHAI)
    days = [local, local - timedelta(seconds=1)] if is_end else [local]
    return tuple(word for day in days for word in (f"{day:%Y-%m-%d}", f"{day.year}年{day.month}月{day.day}日"))
