"""When the rows of each entry last came, by a load or a delivery."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, select, true

from portal.storage.tables import changes, datasets


def read_arrivals(connection: Connection, entries: Sequence[str] | None = None) -> Mapping[str, str]:
    """Return by entry the instant, as tables hold it, at which its rows came that hold now: of these entries, or all.

    Rows that were only laid out anew, for a link of another entry perhaps, are as old as before.
    """
    before, change, earlier = datasets.alias("before"), changes.alias("change"), changes.alias("earlier")
    statement = (
        select(
            datasets.c.entry,
            change.c.made_at,
            earlier.c.made_at,
            and_(before.c.digest == datasets.c.digest, before.c.layout != datasets.c.layout),
        )
        .join(change, change.c.id == datasets.c.added_in)
        .join(
            before,
            and_(before.c.entry == datasets.c.entry, before.c.version == datasets.c.version - 1),
            isouter=True,
        )
        .join(earlier, earlier.c.id == before.c.added_in, isouter=True)
        .where(datasets.c.withdrawn_in.is_(None), true() if entries is None else datasets.c.entry.in_(entries))
    )
    return {
        entry: earlier_at if is_layout_alone else at
        for entry, at, earlier_at, is_layout_alone in connection.execute(statement)
    }
