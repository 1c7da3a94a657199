"""What a read that failed is refused with: words for people, none of the database's."""

import errno

import asyncpg
import pytest

from portal.access.executing import unreadable
from portal.errors import Language


@pytest.mark.clause("threats.md R5")
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "canary"), asyncpg.DiskFullError("canary")])
def test_full_disk_is_called_a_full_disk(failure: Exception) -> None:
    text = unreadable(failure).text
    assert "while the disk of the data is full" in text.en
    assert "磁盘已满" in text.zh
    assert "canary" not in text.render(Language.ENGLISH) + text.render(Language.CHINESE)


def test_any_other_failure_tells_nothing_of_itself() -> None:
    assert unreadable(ValueError("canary")).text.en == "the entry's rows can't be read now; try again later"
