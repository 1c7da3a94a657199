"""Starting a process's recorder as the settings say, for servers and for commands alike."""

from portal.audit.recorder import Recorder
from portal.audit.signing import SigningKeys
from portal.audit.witnessing import Witnessing
from portal.identity.keyring import KeyRing
from portal.settings import Settings


def start_recorder(settings: Settings, ring: KeyRing) -> Recorder:
    """Begin a chain in the log of the settings and return its recorder; rotated keys sign from then on.

    Raises: AuditUnavailable where the log can't be written, or isn't the one that keys and witness know.
    """
    keys = SigningKeys(ring.keys.audit_keys, lambda: (key for lying in ring.lying() for key in lying.audit_keys))
    ring.subscribe(lambda rotated: keys.use(rotated.audit_keys))
    witnessing = Witnessing.start(settings.database_url, settings.audit_witnesses, keys, settings.audit_witness_seconds)
    try:
        return Recorder.start(settings.database_url, keys, settings.witness_file, witnessing)
    except BaseException:
        witnessing.close()
        raise
