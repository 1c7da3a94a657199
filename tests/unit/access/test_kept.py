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


def test_values_go_when_they_weigh_too_much_together() -> None:
    kept: Kept[str] = Kept(10)
    for name in "abcd":
        kept.keep(name, name, 3)
    assert list(kept) == ["b", "c", "d"]

    kept.keep("c", "C", 4)
    assert list(kept) == ["b", "c", "d"]

    kept.keep("e", "e", 6)
    assert list(kept) == ["d", "e"]
