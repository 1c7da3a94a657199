import pytest

from portal.bundles.manifest import parse_manifest

GOOD = 'profile = "nantong-2015"\ntitle = "测试门户"\n'


@pytest.mark.parametrize("text", [GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n")])
def test_manifest_names_profile_and_title(text: str) -> None:
    manifest, faults = parse_manifest(text.encode())
    assert faults == []
    assert manifest.profile is not None
    assert (manifest.profile.name, manifest.title) == ("nantong-2015", "测试门户")


@pytest.mark.parametrize(
    ("content", "places"),
    [
        (None, [("", "the file is missing")]),
        (b"", [("profile", "unknown profile `None`"), ("title", "the title is missing, or no text")]),
        (GOOD.replace("nantong-2015", "nantong").encode(), [("profile", "unknown profile `nantong`")]),
        (GOOD.replace('"nantong-2015"', "2015").encode(), [("profile", "unknown profile `2015`")]),
        (b'profile = "nantong-2015"\n', [("title", "the title is missing, or no text")]),
        (b'profile = "nantong-2015"\ntitle = ""\n', [("title", "the title is missing, or no text")]),
        (b'profile = "nantong-2015"\ntitle = ["x"]\n', [("title", "the title is missing, or no text")]),
        (b'profile = "nantong-2015"\ntitle = "\\u0000"\n', [("title", "the title is missing, or no text")]),
        ((GOOD + "theme = 1\n[more]\n").encode(), [("theme", "unknown key `theme`"), ("more", "unknown key `more`")]),
        ((GOOD + 'title = "x"\n').encode(), [("", "this is no TOML")]),
        ((GOOD + "x = " + "[" * 5000 + "]" * 5000).encode(), [("", "this is no TOML")]),
        ((GOOD + "x = 1\0").encode(), [("", "this is no TOML")]),
        (GOOD.encode("gb18030"), [("", "the text isn't UTF-8 but seems to be GB18030")]),
    ],
)
def test_manifest_has_exactly_the_planted_faults(content: bytes | None, places: list[tuple[str, str]]) -> None:
    _, faults = parse_manifest(content)
    assert [fault.file for fault in faults] == ["bundle.toml"] * len(places)
    assert [fault.column for fault in faults] == [place for place, _ in places]
    assert all(what in fault.what.en for fault, (_, what) in zip(faults, places, strict=True))


def test_wrong_encoding_is_told_with_its_line() -> None:
    _, [fault] = parse_manifest(GOOD.encode("gb18030"))
    assert fault.row == 2
