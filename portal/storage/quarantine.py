"""The quarantine of a restored portal: what was revoked since its backup may be permitted in it again (T31).

While it lasts, conditional and not-shared items are denied. It is part of the content: read in the content's own
transaction and covered by its digest, so whoever deletes the row by other means leaves content that nobody trusts.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from portal.storage.tables import quarantine


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The backup that the portal was restored from: when made, under which epoch, its log's last checkpoint.

    Times are texts as tables hold them; `checkpoint_hash` is hex. `restored_at` is when the quarantine began.
    """

    restored_at: str
    made_at: str
    epoch: int
    checkpoint: int
    checkpoint_hash: str
    reason: str


def read_quarantine(connection: Connection) -> Quarantine | None:
    """Return the quarantine that holds, None where there is none."""
    columns = [column for column in quarantine.columns if column.name != "id"]
    row = connection.execute(select(*columns).where(quarantine.c.id == 1)).one_or_none()
    return None if row is None else Quarantine(*row)


def replace_quarantine(connection: Connection, wanted: Quarantine | None) -> None:
    """Write the quarantine in place of any other, or take it away; the caller signs the content anew."""
    connection.execute(delete(quarantine))
    if wanted is not None:
        connection.execute(insert(quarantine).values(id=1, **asdict(wanted)))
