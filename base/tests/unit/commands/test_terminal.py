import io
import json

import pytest

from portal.commands.terminal import Terminal, without_controls
from portal.errors import Language, Text


class Screen(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("常住人口\u3000登记\n\ttab", "常住人口\u3000登记\n\ttab"),
        ("\x1b[31mred\x07", "\\u001b[31mred\\u0007"),
        ("a\r\u202eb\u200b\u2028", "a\\u000d\\u202eb\\u200b\\u2028"),
        ("\x9b1m\x00", "\\u009b1m\\u0000"),
    ],
)
def test_text_cannot_drive_a_terminal(text: str, shown: str) -> None:
    assert without_controls(text) == shown


def test_messages_go_to_their_stream_in_the_language() -> None:
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(Language.CHINESE, out, err)
    terminal.say(Text(en="done", zh="完成\x1b"))
    terminal.complain(Text(en="wrong", zh="错误\x1b"))
    assert (out.getvalue(), err.getvalue()) == ("完成\\u001b\n", "错误\\u001b\n")


@pytest.mark.parametrize("stream", [io.StringIO, Screen])
def test_json_is_as_it_is_in_a_pipe_and_indented_on_a_terminal(stream: type[io.StringIO]) -> None:
    payload = '{"data":{"name":"东村","note":"\\u001b"}}'
    out = stream()
    Terminal(Language.ENGLISH, out, io.StringIO()).write_json(payload.encode())
    assert json.loads(out.getvalue()) == json.loads(payload)
    assert (out.getvalue() == payload + "\n") is (stream is io.StringIO)
    assert "东村" in out.getvalue()
