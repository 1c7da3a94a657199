"""The portal that faults happen to: synthetic content, loaded once and copied for each lane; tokens; what is asked."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal.app import token_authority
from portal.bundles.loading import LoadOrder, load_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.identity.claims import SubjectKind
from portal.identity.keys import load_keys, load_or_create_keys
from portal.identity.tokens import TokenGrant, issue_token
from portal.settings import Settings, load_settings
from portal.storage.migrating import upgrade_database
from portal.vocabulary import NetworkZone
from tests.fixtures.small_bundle import BundleDraft, small_bundle, statutory
from tests.unit.audit.logs import public_pem

ROWS = 40
LARGE_ROWS = 5000
VALID_DAYS = 30
TOKEN_SECONDS = 86_400
POLICY = "statute-1"
ITEMS = ["name", "division"]
DOCUMENT = (
    "{ shared {"
    " villages(purpose: WORK_REFERENCE, first: 20) { access { receipt } nodes { code name } }"
    " residents(purpose: VERIFICATION, first: 7) { access { receipt } nodes { name } } } }"
)
ASKED = json.dumps({"query": DOCUMENT}).encode()
CATALOG = json.dumps({"query": "{ catalog(first: 5) { nodes { name } } }"}).encode()


def expiring_bundle(now: datetime, until: datetime) -> BundleDraft:
    """Return the same content, with a policy on residents that ends then."""
    draft = faulty_bundle(now)
    since = now - timedelta(days=1)
    draft.policies = {
        POLICY: statutory(POLICY, items=ITEMS, valid_from=since.isoformat(), valid_until=until.isoformat())
    }
    return draft


def faulty_bundle(now: datetime, *, granted: bool = True) -> BundleDraft:
    """Return villages for everyone, and residents for a month under one policy, or under none."""
    draft = small_bundle()
    since, until = now - timedelta(days=1), now + timedelta(days=VALID_DAYS)
    draft.policies = (
        {POLICY: statutory(POLICY, items=ITEMS, valid_from=since.isoformat(), valid_until=until.isoformat())}
        if granted
        else {}
    )
    draft.rows["villages"] = ["code,name,note", *(f"999999{number:02},村{number}," for number in range(ROWS))]
    header = draft.rows["residents"][0]
    draft.rows["residents"] = [header, *(f"r{number},甲{number},,,,,,," for number in range(ROWS))]
    return draft


@dataclass(frozen=True, slots=True)
class World:
    """A loaded portal's folder, to be copied, and the token of an application that may read all of it."""

    home: Path
    token: str
    public_key: bytes
    bundle: Path
    revoked: Path
    """The same content without the policy on residents."""
    large: Path
    """The same content with other villages, of which there are many."""

    def copy_to(self, home: Path) -> Path:
        """Copy the portal into a new folder and return it."""
        shutil.copytree(self.home, home)
        return home


def settings_of(home: Path) -> Settings:
    """Return the settings of a portal in the folder."""
    return load_settings({"PORTAL_HOME": str(home)}, None)


def load(home: Path, bundle: Path) -> None:
    """Load a bundle into the portal; when this returns the change is acknowledged."""
    load_with(settings_of(home), bundle)


def load_with(settings: Settings, bundle: Path) -> None:
    """Load a bundle into the portal of the settings; when this returns the change is acknowledged."""
    keys = load_or_create_keys(settings.key_file)
    now = datetime.now(UTC)
    read = read_bundle(bundle, now)
    assert read.bundle is not None, [str(fault) for fault in read.faults]
    upgrade_database(settings.owner_database_url)
    load_bundle(
        read.bundle,
        PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret),
        LoadOrder(now, derive=True),
    )


def make_world(folder: Path) -> World:
    """Return a new portal with its content, in the folder."""
    now = datetime.now(UTC).replace(microsecond=0)
    home = folder / "home"
    home.mkdir(parents=True)
    bundle = faulty_bundle(now).write(folder / "bundle")
    revoked = faulty_bundle(now, granted=False).write(folder / "revoked")
    large = faulty_bundle(now)
    large.rows["villages"] = ["code,name,note", *(f"v{number:06},村{number}," for number in range(LARGE_ROWS))]
    load(home, bundle)
    settings = settings_of(home)
    keys = load_keys(settings.key_file)
    return World(home, token_of(home, now), public_pem(keys.audit), bundle, revoked, large.write(folder / "large"))


def token_of(home: Path, now: datetime) -> str:
    """Return a token of the application, good for a day from then on."""
    settings = settings_of(home)
    grant = TokenGrant(
        SubjectKind.APPLICATION, "checker", TOKEN_SECONDS, auth_level=2, network_zone=NetworkZone.GOVERNMENT
    )
    return issue_token(grant, token_authority(settings, load_keys(settings.key_file)), now)
