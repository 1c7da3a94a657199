"""policies/ID.json and agreements/ID.json: the records of a bundle, and the signed agreements that give the others."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import PurePosixPath

from portal.agreements.agreement import Agreement
from portal.agreements.verification import Circumstances, verify_agreement
from portal.bundles.bundle import WrittenRecord
from portal.bundles.json_files import parse_json_file
from portal.catalog.entries import CatalogEntry
from portal.catalog.members import shorten
from portal.errors import Fault, Text
from portal.identity.registry import Registry
from portal.json_text import JsonValue
from portal.policies.consistency import validate_references
from portal.policies.derivation import PROVIDER_PREFIX
from portal.policies.reading import agreement_document, parse_record
from portal.policies.record_parts import RecordDocument
from portal.policies.records import PolicyKind, PolicyRecord
from portal.vocabulary import EntryCode, Purpose

_UNWRITTEN: Mapping[str, Text] = {
    PolicyKind.PROVIDER.value: Text(
        en="remove the file: every entry has its provider's record", zh="请删除该文件：每个条目自带提供方记录"
    ),
    PolicyKind.AGREEMENT.value: Text(
        en="remove the file: a signed agreement in agreements/ gives its record",
        zh="请删除该文件：agreements/ 中已签署的协议会生成记录",
    ),
}
"""Kinds of record that no file in policies/ may have, and what to do instead."""

_OF_ENTRY = ("resource", "terms.resource", "parties.provider")
_MEANT = 0.9
"""How alike two codes are of which one is probably the other, mistyped in a character."""
_NOT_OF_TERMS = ("id", "effect", "kind", "consumer", "basis")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What records are held against: the catalog, the register, the profile's purposes.

    `doubtful` are codes of entries whose code or provider is in doubt.
    """

    entries: Mapping[EntryCode, CatalogEntry]
    registry: Registry
    purposes: Collection[Purpose]
    doubtful: Collection[EntryCode] = ()

    def without_consequences(self, faults: Iterable[Fault], resource: object) -> list[Fault]:
        """Return the faults without those that only follow from a fault of the entry that is meant by `resource`."""
        if not isinstance(resource, str) or not get_close_matches(resource, self.doubtful, n=1, cutoff=_MEANT):
            return list(faults)
        return [fault for fault in faults if fault.column not in _OF_ENTRY]


def read_policy(content: bytes, file: str, surroundings: Surroundings) -> tuple[WrittenRecord | None, list[Fault]]:
    """Return the record of a file in policies/, or None and its faults."""
    document, faults = parse_json_file(content, file)
    if not isinstance(document, dict):
        what = Text(en="a policy record is one JSON object", zh="策略记录应为一个 JSON 对象")
        return None, faults or [Fault(file, None, "", what, Text(en="write it as `{…}`", zh="请写成 `{…}`"))]
    record, faults = read_record(document, file, surroundings)
    name = document.get("id")
    if isinstance(name, str) and "id" not in [fault.column for fault in faults]:
        faults += _validate_id(name, file)
    if record is None or faults:
        return None, faults
    return WrittenRecord(record, document), []


def read_record(
    document: RecordDocument, file: str, surroundings: Surroundings
) -> tuple[PolicyRecord | None, list[Fault]]:
    """Return the record that a person wrote, or None, and every fault in it; whether its id is free isn't asked."""
    kind = document.get("kind")
    unwritten = _UNWRITTEN.get(kind) if isinstance(kind, str) else None
    if unwritten is not None:
        # What else is wrong is told as if the kind were one that may be written.
        document = {**document, "kind": PolicyKind.UNCONDITIONAL.value}
    record, found = parse_record(document, file, surroundings.entries)
    faults = surroundings.without_consequences(found, document.get("resource"))
    if unwritten is not None:
        what = Text(en=f"a record of kind {kind} isn't written by hand", zh=f"{kind} 类记录不能手工编写")
        faults.append(Fault(file, None, "kind", what, unwritten))
    if record is not None:
        faults += validate_references(record, file, surroundings.registry, surroundings.purposes)
    return record, faults


def _validate_id(name: str, file: str) -> list[Fault]:
    stem = PurePosixPath(file).stem
    if name == stem:
        return validate_prefix(name, file)
    what = Text(en=f"the id `{shorten(name)}` isn't the file's name", zh=f"编号 `{shorten(name)}` 与文件名不一致")
    mend = Text(en=f"write `{stem}`, or rename the file", zh=f"请改为 `{stem}`，或重命名文件")
    return [Fault(file, None, "id", what, mend)]


def validate_prefix(name: str, file: str) -> list[Fault]:
    """Return a fault where the id is one that the portal gives itself."""
    if not name.startswith(PROVIDER_PREFIX):
        return []
    what = Text(
        en=f"ids with `{PROVIDER_PREFIX}` are the portal's own", zh=f"以 `{PROVIDER_PREFIX}` 开头的编号由平台专用"
    )
    return [Fault(file, None, "id", what, Text(en="choose another id", zh="请另取编号"))]


@dataclass(frozen=True, slots=True)
class AgreementReading:
    """A verified agreement with its record; both None where there are faults."""

    agreement: Agreement | None
    record: PolicyRecord | None
    faults: tuple[Fault, ...]
    remarks: tuple[Text, ...]


def read_agreement_file(
    content: bytes, file: str, circumstances: Circumstances, surroundings: Surroundings
) -> AgreementReading:
    """Return the agreement of a file in agreements/: its signatures verified, its terms read as a record."""
    agreement, faults, remarks = verify_agreement(content, file, circumstances)
    if agreement is None:
        faults = surroundings.without_consequences(faults, _resource(content))
        return AgreementReading(None, None, tuple(faults), tuple(remarks))
    record, found = parse_record(agreement_document(agreement), file, surroundings.entries)
    found += validate_prefix(agreement.id, file)
    if record is not None:
        found += validate_references(record, file, surroundings.registry, surroundings.purposes)
    if found:
        return AgreementReading(None, None, tuple(map(_in_terms, found)), tuple(remarks))
    return AgreementReading(agreement, record, (), tuple(remarks))


def _resource(content: bytes) -> JsonValue:
    """Return the code of the entry that an agreement is about, null where the file doesn't say."""
    document, _ = parse_json_file(content, "")
    terms = document.get("terms") if isinstance(document, dict) else None
    return terms.get("resource") if isinstance(terms, dict) else None


def _in_terms(fault: Fault) -> Fault:
    """Return the fault at its place in the agreement, whose terms are the record's members."""
    if fault.column in _NOT_OF_TERMS:
        return fault
    return replace(fault, column=f"terms.{fault.column}")


def validate_ids(policies: Collection[str], agreements: Collection[str]) -> list[Fault]:
    """Return a fault for each file in agreements/ whose id a file in policies/ has too."""
    taken = {PurePosixPath(file).name: file for file in policies}
    return [
        Fault(
            file,
            None,
            "id",
            Text(en=f"{taken[name]} has the same id", zh=f"与 {taken[name]} 编号相同"),
            Text(en="give the policy record another id", zh="请为策略记录另取编号"),
        )
        for file in agreements
        if (name := PurePosixPath(file).name) in taken
    ]
