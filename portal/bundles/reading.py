"""Reading a bundle folder: its content as typed values, or every fault in it at once (bundle.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TypeVar

from portal.agreements.agreement import Agreement
from portal.agreements.verification import Circumstances
from portal.bundles.bundle import Bundle, Dataset, WrittenRecord
from portal.bundles.catalog_files import CatalogReading, read_catalog
from portal.bundles.data_files import DataFile, empty_dataset, read_dataset
from portal.bundles.folder import files_inside, scan_folder
from portal.bundles.key_files import read_keys
from portal.bundles.manifest import MANIFEST, parse_manifest
from portal.bundles.record_files import Surroundings, read_agreement_file, read_policy, validate_ids
from portal.bundles.registry_files import read_registry
from portal.catalog.consistency import unknown_related
from portal.certificates.trust import load_trust_store
from portal.errors import Fault, Text
from portal.policies.consistency import uncovered_items
from portal.policies.records import PolicyRecord
from portal.regulations.profiles import load_profile
from portal.vocabulary import EntryCode

_STAND_IN_PROFILE = "nantong-2015"
"""What records and agreements are held against where the bundle names no known profile, which is a fault itself."""
_SOURCES = "sources.toml"

_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True, slots=True)
class ReadBundle:
    """The bundle, None where there are faults; every fault, by file and row; what else a person should know."""

    bundle: Bundle | None
    faults: tuple[Fault, ...]
    remarks: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class _Findings:
    """What was found so far."""

    faults: list[Fault] = field(default_factory=list)
    remarks: list[Text] = field(default_factory=list)

    def take(self, outcome: tuple[_Outcome, Iterable[Fault]]) -> _Outcome:
        """Return what a step read, and keep its faults."""
        self.faults.extend(outcome[1])
        return outcome[0]

    def judge(self, bundle: Bundle | None) -> ReadBundle:
        """Return the bundle if nothing is at fault."""
        faults = sorted(self.faults, key=lambda fault: (fault.file, fault.row or 0, fault.column, fault.what.en))
        return ReadBundle(None if faults else bundle, tuple(faults), tuple(self.remarks))


def read_bundle(folder: Path, now: datetime) -> ReadBundle:
    """Return the content of the folder, or every fault in it; bad content never raises.

    `now` is the moment for which agreements and revocation lists are looked at.
    """
    findings = _Findings()
    if not folder.is_dir():
        findings.faults.append(_no_folder(folder))
        return findings.judge(None)
    files = findings.take(scan_folder(folder))
    return findings.judge(_read(files, findings, now))


def _no_folder(folder: Path) -> Fault:
    what = Text(en="there is no such folder", zh="没有这个文件夹")
    return Fault(str(folder), None, "", what, Text(en="name the folder of a bundle", zh="请指定数据包所在的文件夹"))


def _read(files: Mapping[str, Path], findings: _Findings, now: datetime) -> Bundle:
    contents = _read_contents(files, findings)
    manifest = findings.take(parse_manifest(contents.get(MANIFEST)))
    profile = manifest.profile or load_profile(_STAND_IN_PROFILE)
    keys = findings.take(read_keys(contents))
    registry = findings.take(read_registry(contents, keys))
    catalog = findings.take(read_catalog(files_inside(contents, "catalog"), registry.departments))
    findings.remarks.extend(unknown_related(catalog.entries.values()))
    surroundings = Surroundings(catalog.entries, registry, profile.purposes, catalog.doubtful)
    trust, faults, remarks = load_trust_store(keys, now)
    findings.faults.extend(faults)
    findings.remarks.extend(remarks)
    providers = {code: entry.provider for code, entry in catalog.entries.items()}
    circumstances = Circumstances(trust, registry.departments, providers, profile.signing_roles, now)
    findings.faults.extend(validate_ids(files_inside(files, "policies"), files_inside(files, "agreements")))
    return Bundle(
        profile=profile.name,
        title=manifest.title,
        departments=_in_order(registry.departments),
        groups=_in_order(registry.groups),
        applications=_in_order(registry.applications),
        users=_in_order(registry.users),
        keys=keys,
        entries=tuple(catalog.entries.values()),
        records=_read_policies(files_inside(contents, "policies"), surroundings, findings),
        agreements=_read_agreements(files_inside(contents, "agreements"), circumstances, surroundings, findings),
        datasets=_read_datasets(files_inside(files, "data"), catalog, findings),
    )


_Key = TypeVar("_Key", bound=str)


def _in_order(members: Mapping[_Key, _Outcome]) -> tuple[_Outcome, ...]:
    return tuple(members[key] for key in sorted(members))


def _read_contents(files: Mapping[str, Path], findings: _Findings) -> dict[str, bytes]:
    """Return the bytes of every file but those in data/, which may be large, and sources.toml, which is refused."""
    contents: dict[str, bytes] = {}
    for file, path in files.items():
        if file == _SOURCES:
            findings.faults.append(_refuse_sources())
        elif not file.startswith("data/"):
            try:
                contents[file] = path.read_bytes()
            except OSError as refused:
                findings.faults.append(_unreadable(file, refused))
    return contents


def _refuse_sources() -> Fault:
    return Fault(
        _SOURCES,
        None,
        "",
        Text(en="the portal can't read from outside databases yet", zh="平台目前不能从外部数据库读取"),
        Text(en="put the rows into data/ and remove this file", zh="请将数据行放入 data/，并删除该文件"),
    )


def _unreadable(file: str, refused: OSError) -> Fault:
    what = Text(en=f"the file can't be read: {refused.strerror}", zh=f"无法读取该文件：{refused.strerror}")
    return Fault(file, None, "", what, Text(en="check who may read it", zh="请检查读取权限"))


def _read_policies(
    contents: Mapping[str, bytes], surroundings: Surroundings, findings: _Findings
) -> tuple[WrittenRecord, ...]:
    records = [findings.take(read_policy(content, file, surroundings)) for file, content in contents.items()]
    written = [record for record in records if record is not None]
    for each in written:
        _remark_on_uncovered(each.record, surroundings, findings)
    return tuple(written)


def _read_agreements(
    contents: Mapping[str, bytes], circumstances: Circumstances, surroundings: Surroundings, findings: _Findings
) -> tuple[Agreement, ...]:
    agreements = []
    for file, content in contents.items():
        reading = read_agreement_file(content, file, circumstances, surroundings)
        findings.faults.extend(reading.faults)
        findings.remarks.extend(reading.remarks)
        if reading.agreement is not None and reading.record is not None:
            agreements.append(reading.agreement)
            _remark_on_uncovered(reading.record, surroundings, findings)
    return tuple(agreements)


def _remark_on_uncovered(record: PolicyRecord, surroundings: Surroundings, findings: _Findings) -> None:
    items = uncovered_items(record, surroundings.entries[record.resource])
    if items:
        findings.remarks.append(
            Text(
                en=f"`{record.id}` doesn't cover {', '.join(items)}: the catalog doesn't let it",
                zh=f"`{record.id}` 不适用于 {'、'.join(items)}：目录不允许",
            )
        )


def _read_datasets(files: Mapping[str, Path], catalog: CatalogReading, findings: _Findings) -> dict[EntryCode, Dataset]:
    datasets: dict[EntryCode, Dataset] = {}
    for file, path in files.items():
        name = PurePosixPath(file).stem
        entry = catalog.entry_by_name.get(name)
        if entry is not None:
            datasets[entry.code] = findings.take(_read_data_file(DataFile(file, path, entry)))
        elif name in catalog.absent:
            findings.remarks.append(
                Text(
                    en=f"{file} wasn't checked: its catalog entry can't be read",
                    zh=f"{file} 未检查：其目录条目无法读取",
                )
            )
        else:
            what = Text(en=f"no catalog entry `{name}`", zh=f"没有目录条目 `{name}`")
            mend = Text(
                en=f"write catalog/{name}.json, or remove this file", zh=f"请编写 catalog/{name}.json，或删除该文件"
            )
            findings.faults.append(Fault(file, None, "", what, mend))
    return {code: datasets.get(code) or empty_dataset(entry) for code, entry in catalog.entries.items()}


def _read_data_file(source: DataFile) -> tuple[Dataset, list[Fault]]:
    try:
        return read_dataset(source)
    except OSError as refused:
        return empty_dataset(source.entry), [_unreadable(source.file, refused)]
