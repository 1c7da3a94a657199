"""The digest of a dataset: of its entry's item list and its typed rows in order."""

import hashlib
from array import array
from collections.abc import Iterator, Sequence

from portal.bundles.bundle import RowBatch
from portal.bundles.typed_columns import digest_text, join_rows
from portal.catalog.entries import InformationItem


def fingerprints(batch: RowBatch) -> Iterator[int]:
    """Yield a fingerprint of each row, the same for the same values in this process alone."""
    # Of the texts, which differ where values do; `hash()` of numbers is the same for -1 and -2.
    return map(hash, join_rows(batch.texts))


class RowDigest:
    """A digest that rows are put into, in their order, by batches of any size; and how many they were.

    `keeps_fingerprints`: that of each row is kept, eight octets a row.
    """

    def __init__(self, items: Sequence[InformationItem], *, keeps_fingerprints: bool = False) -> None:
        self.fingerprints = array("q") if keeps_fingerprints else None
        self._digest = hashlib.sha256()
        for item in items:
            self._digest.update(f"{item.identifier}\0{item.type}\0{item.scale}\0".encode())
        self.row_count = 0

    def add(self, batch: RowBatch) -> None:
        """Put rows into it."""
        if batch.row_count:
            rows = list(join_rows(batch.texts))
            self._digest.update(digest_text(rows))
            self.row_count += batch.row_count
            if self.fingerprints is not None:
                self.fingerprints.extend(map(hash, rows))

    def hexdigest(self) -> str:
        """Return the digest of the rows so far, as hex."""
        return self._digest.hexdigest()
