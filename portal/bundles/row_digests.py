"""The digest of a dataset: of its entry's item list and its typed rows in order."""

import hashlib
from collections.abc import Sequence

from portal.bundles.bundle import RowBatch
from portal.bundles.typed_columns import digest_text
from portal.catalog.entries import InformationItem


class RowDigest:
    """A digest that rows are put into, in their order, by batches of any size; and how many they were."""

    def __init__(self, items: Sequence[InformationItem]) -> None:
        self._digest = hashlib.sha256()
        for item in items:
            self._digest.update(f"{item.identifier}\0{item.type}\0{item.scale}\0".encode())
        self.row_count = 0

    def add(self, batch: RowBatch) -> None:
        """Put rows into it."""
        if batch.row_count:
            self._digest.update(digest_text(batch.texts))
            self.row_count += batch.row_count

    def hexdigest(self) -> str:
        """Return the digest of the rows so far, as hex."""
        return self._digest.hexdigest()
