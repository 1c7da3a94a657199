"""Policy records and agreements, as the API tells them."""

from datetime import datetime

from portal.administration.agreements import ShownAgreement
from portal.administration.records import (
    RecordDossier,
    RecordPage,
    RecordVersion,
    name_of,
    state_of,
)
from portal.agreements.examining import ExaminedSignature
from portal.conditions.tree import TRUE
from portal.conditions.values import render_instant
from portal.errors import Language
from portal.json_text import parse_json
from portal.policies.records import ANY, Any, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.schema.documents import Document
from portal.schema.policy_types import (
    AgreementDossierType,
    AgreementFaultType,
    AgreementSignatureType,
    AgreementTermType,
    PolicyConsumerType,
    PolicyDossierType,
    PolicyPageType,
    PolicyType,
    PolicyVersionType,
)
from portal.schema.scalars import DateTime
from portal.schema.static import PageInfoType
from portal.vocabulary import EntryCode


def page_value(page: RecordPage) -> PolicyPageType:
    """Return a page of records."""
    end = page.records[-1].id if page.records else None
    return PolicyPageType(
        nodes=[policy_value(record, page.snapshot, page.now) for record in page.records],
        page_info=PageInfoType(has_next_page=page.has_more, end_cursor=end),
        total_count=page.total,
    )


def policy_value(record: PolicyRecord, snapshot: Snapshot, now: datetime) -> PolicyType:
    """Return a record that holds, with the names of what it names."""
    limits = record.obligations
    return PolicyType(
        id=record.id,
        version=record.version,
        kind=record.kind,
        effect=record.effect,
        state=state_of(record, now),
        consumer=PolicyConsumerType(key=str(record.consumer), name=name_of(record.consumer, snapshot)),
        applications=[*record.applications],
        resource=record.resource,
        resource_name=_entry_name(record.resource, snapshot),
        items=_listed(record.items),
        purposes=[purpose.upper() for purpose in _listed(record.purposes)],
        modes=[mode.upper() for mode in _listed(record.modes)],
        matters=[*record.matters],
        valid_from=_moment(record.valid_from),
        valid_until=_moment(record.valid_until),
        scoped=record.scope is not None,
        conditional=record.condition != TRUE,
        masked=[item for item, _ in limits.masks],
        max_rows=limits.max_rows,
        daily_rows=limits.daily_rows,
        basis=record.basis,
    )


def _entry_name(code: EntryCode, snapshot: Snapshot) -> str | None:
    state = snapshot.state_by_code.get(code)
    return None if state is None else state.entry.name


def _listed(names: tuple[str, ...] | Any) -> list[str]:
    return [ANY.value] if isinstance(names, Any) else [str(name) for name in names]


def _moment(at: datetime | None) -> DateTime | None:
    return None if at is None else DateTime(render_instant(at))


def dossier_value(dossier: RecordDossier) -> PolicyDossierType:
    """Return everything of one record."""
    record = dossier.record
    return PolicyDossierType(
        id=dossier.id,
        policy=None if record is None else policy_value(record, dossier.snapshot, dossier.now),
        versions=[_version_value(version) for version in dossier.versions],
    )


def _version_value(version: RecordVersion) -> PolicyVersionType:
    held, ended = version.held, version.held.ended
    return PolicyVersionType(
        version=held.version,
        document=Document(version.document),
        begun_at=DateTime(held.begun.made_at),
        begun_by=held.begun.made_by,
        reason=held.begun.reason,
        change_set=version.brought_by,
        ended_at=None if ended is None else DateTime(ended.made_at),
        ended_by=None if ended is None else ended.made_by,
        end_reason=None if ended is None else ended.reason,
        end_change_set=version.ended_by,
    )


def agreement_value(shown: ShownAgreement, language: Language) -> AgreementDossierType:
    """Return an agreement with what its verification found."""
    agreement, snapshot = shown.agreement, shown.snapshot
    return AgreementDossierType(
        id=agreement.id,
        version=agreement.version,
        resource=agreement.resource,
        resource_name=_entry_name(agreement.resource, snapshot),
        valid_from=DateTime(render_instant(agreement.valid_from)),
        valid_until=DateTime(render_instant(agreement.valid_until)),
        holds=not shown.faults,
        signatures=[_signature_value(one, snapshot, language) for one in shown.signatures],
        faults=[
            AgreementFaultType(place=fault.column, what=fault.what.render(language), mend=fault.mend.render(language))
            for fault in shown.faults
        ],
        remarks=[remark.render(language) for remark in shown.remarks],
        sentences=[*shown.sentences],
        terms=[AgreementTermType(term=one.term, value=one.value, sentences=[*one.sentences]) for one in shown.terms],
        policy=None if shown.record is None else policy_value(shown.record, snapshot, shown.now),
        document=Document(parse_json(agreement.document)),
    )


def _signature_value(one: ExaminedSignature, snapshot: Snapshot, language: Language) -> AgreementSignatureType:
    department = snapshot.registry.departments.get(one.department)
    return AgreementSignatureType(
        role=one.role,
        department=one.department,
        department_name=None if department is None else department.name,
        signed_at=DateTime(render_instant(one.signed_at)),
        subject=one.subject,
        issuer=one.issuer,
        not_after=_moment(one.not_after),
        flaw=None if one.flaw is None else one.flaw.render(language),
    )
