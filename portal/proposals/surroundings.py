"""What an entry's draft must fit in with: codes and identifiers that were given, departments that are registered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from portal.bundles.catalog_files import read_catalog
from portal.bundles.folder import files_inside, scan_folder
from portal.bundles.manifest import MANIFEST
from portal.bundles.registry_files import DEPARTMENTS, read_registry
from portal.errors import BadInput, Text
from portal.identity.rows import load_registry
from portal.storage.content import StoredContent
from portal.storage.tables import catalog_entries


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A catalog beside the draft: provider by code, identifiers, and the names of departments by code.

    `profile` and `title` are those of the portal, None where there is none.
    """

    provider_by_code: Mapping[str, str] = field(default_factory=dict)
    identifiers: frozenset[str] = frozenset()
    departments: Mapping[str, str] = field(default_factory=dict)
    profile: str | None = None
    title: str | None = None

    def joined(self, other: "Surroundings") -> "Surroundings":
        """Return both together; whatever one of them holds is taken."""
        return Surroundings(
            provider_by_code={**self.provider_by_code, **other.provider_by_code},
            identifiers=self.identifiers | other.identifiers,
            departments={**self.departments, **other.departments},
            profile=self.profile or other.profile,
            title=self.title or other.title,
        )


def surroundings_in_portal(content: StoredContent) -> Surroundings:
    """Return what the portal holds, entries that were taken out of its catalog too: their codes aren't given again."""
    rows = content.active(catalog_entries)
    registry = load_registry(content)
    return Surroundings(
        provider_by_code={code: row.text("provider") for code, row in rows.items()},
        identifiers=frozenset(row.text("identifier") for row in rows.values()),
        departments={code: department.name for code, department in registry.departments.items()},
        profile=content.identity.profile,
        title=content.identity.title,
    )


def surroundings_in_folder(folder: Path) -> Surroundings | None:
    """Return what the bundle in the folder holds, as far as it can be read; None where there is no bundle yet.

    Raises: BadInput for a folder that holds something else; OSError.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    if not (folder / MANIFEST).is_file():
        raise BadInput(
            Text(
                en=f"`{folder}` is no bundle: it has no {MANIFEST}; name a bundle's folder or a new one with `--into`",
                zh=f"`{folder}` 不是数据包：没有 {MANIFEST}；请用 `--into` 指定数据包目录或新目录",
            )
        )
    files, _ = scan_folder(folder)
    catalog_files = files_inside(files, "catalog")
    # Whatever is wrong in the bundle is for the load to tell; here it matters what is named in it.
    catalog, _ = read_catalog({file: path.read_bytes() for file, path in catalog_files.items()}, ())
    register = {file: files[file].read_bytes() for file in (DEPARTMENTS,) if file in files}
    registry, _ = read_registry(register, {})
    names = [*catalog_files, *files_inside(files, "data")]
    return Surroundings(
        provider_by_code={code: entry.provider for code, entry in catalog.entries.items()},
        identifiers=frozenset(catalog.entry_by_name) | {PurePosixPath(name).stem for name in names},
        departments={code: department.name for code, department in registry.departments.items()},
    )
