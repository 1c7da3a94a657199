"""What becomes of a record that is handed to the recorder."""

from dataclasses import dataclass

from portal.vocabulary import EntryCode


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record is durable and was decided under the epoch that holds."""

    writer: int
    sequence: int

    @property
    def receipt(self) -> str:
        """The record's name in an answer: `WRITER-SEQUENCE`."""
        return f"{self.writer}-{self.sequence}"


@dataclass(frozen=True, slots=True)
class StaleEpoch:
    """Nothing was recorded: the decision is another epoch's. `epoch` holds now."""

    epoch: int


@dataclass(frozen=True, slots=True)
class QuotaExhausted:
    """Nothing was recorded: the subject may take `left` rows of the entry today, and these are more."""

    entry: EntryCode
    left: int


@dataclass(frozen=True, slots=True)
class ProofUse:
    """A proof was shown; `is_first` where none like it was before."""

    is_first: bool


Recording = Recorded | StaleEpoch | QuotaExhausted
"""What became of a record."""
Written = Recording | ProofUse
"""What became of whatever was handed over."""
