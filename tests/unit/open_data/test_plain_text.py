"""Text between tags: no character of it is markup, and none is one that XML can't hold."""

from random import Random
from xml.etree import ElementTree as ET

from portal.open_data.plain_text import clean, marked_up
from tests.fixtures.hostile_text import hostile_text
from tests.fixtures.open_data import HOSTILE


def test_text_and_attribute_are_read_back_as_they_were() -> None:
    random = Random(20260301)
    for text in [*HOSTILE, *(hostile_text(random) for _ in range(500))]:
        shown = ET.fromstring(f'<a b="{marked_up(text)}">{marked_up(text)}</a>')  # noqa: S314  it was written here
        assert len(shown) == 0
        assert shown.text == clean(text).replace("\r\n", "\n").replace("\r", "\n")


def test_every_character_is_one_that_xml_can_hold() -> None:
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x10100)]))
    assert ET.fromstring(f"<a>{marked_up(every)}</a>").text  # noqa: S314  it was written here
    assert clean("\x00\ud800\uffff\x1f") == "\ufffd" * 4
    assert clean("\t停车场\U0001f600\n") == "\t停车场\U0001f600\n"
