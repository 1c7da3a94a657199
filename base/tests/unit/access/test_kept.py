"""A bounded keeper: what was used last stays, up to a number."""

from portal.access.kept import Kept


def test_kept_value_is_found_and_another_is_not() -> None:
    kept: Kept[str] = Kept(2)

    assert kept.keep("a", "A") == "A"
    assert kept.find("a") == "A"
    assert kept.find("b") is None


def test_value_unused_for_longest_goes_when_there_are_too_many() -> None:
    kept: Kept[int] = Kept(2)
    kept.keep("a", 1)
    kept.keep("b", 2)
    kept.find("a")

    kept.keep("c", 3)

    assert list(kept) == ["a", "c"]


def test_value_kept_again_replaces_the_first() -> None:
    kept: Kept[int] = Kept(2)
    kept.keep("a", 1)
    kept.keep("a", 2)

    assert kept.find("a") == 2
    assert len(kept) == 1
