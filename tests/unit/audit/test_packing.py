"""Evidence from a page isn't longer than a page takes."""

import pytest

from portal.audit.packing import MAX_OCTETS, check_octets
from portal.errors import TooComplex


def test_evidence_that_is_too_long_is_refused_with_advice() -> None:
    check_octets(MAX_OCTETS)
    with pytest.raises(TooComplex) as refused:
        check_octets(MAX_OCTETS + 1)
    assert "portal audit export" in str(refused.value)
