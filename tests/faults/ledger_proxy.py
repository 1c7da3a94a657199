"""The release ledger: a proxy before the portal that writes down each answer, durably, before it passes it on (H4).

`python ledger_proxy.py PORT LEDGER` listens on 127.0.0.1. Lines of its input are ports of the portal to ask from then
on; it says `ready` after each and once it listens, and ends with its input. LEDGER is a line of JSON for each answer:
`at` (seconds since 1970), `status`, `hash` (SHA-256 of the bytes), `whole`, `receipts` (rows by receipt; null where
the answer broke off), `bare` (whether rows came without a receipt).
"""

import asyncio
import hashlib
import json
import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_RECEIPT = re.compile(rb'"receipt":"([^"]+)"')
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_LIMIT = 1 << 24


@dataclass(slots=True)
class LedgerProxy:
    """Passes requests to the portal at `target`, and answers back."""

    ledger: Path
    target: int = 0
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, port: int) -> None:
        """Pass on until the input ends."""
        async with await asyncio.start_server(self._accept, "127.0.0.1", port, limit=_LIMIT):
            say_ready()
            while line := await asyncio.to_thread(sys.stdin.readline):
                self.target = int(line)
                say_ready()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Kept here: the event loop alone would let go of a task that waits for a portal that has stopped.
        task = asyncio.create_task(self._pass(reader, writer))
        self.connections.add(task)
        task.add_done_callback(self.connections.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client's connection, on one of its own to the portal."""
        above: asyncio.StreamWriter | None = None
        with suppress(OSError, asyncio.IncompleteReadError):
            answers, above = await asyncio.open_connection("127.0.0.1", self.target, limit=_LIMIT)
            while True:
                head, body = await read_message(reader)
                above.write(head + body)
                answer = await _read_answer(answers)
                self._note(*answer)
                writer.write(b"".join(answer))
                await writer.drain()
                if not _is_whole(*answer):
                    break
        for one in (above, writer):
            if one is not None:
                one.close()

    def _note(self, head: bytes, body: bytes) -> None:
        if not head + body:
            return
        whole = _is_whole(head, body)
        receipts, bare = _receipts_of(body) if whole else _receipts_in(body)
        line = {
            "at": time.time(),
            "status": int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") and whole else 0,
            "hash": hashlib.sha256(head + body).hexdigest(),
            "whole": whole,
            "receipts": receipts,
            "bare": bare,
        }
        with self.ledger.open("ab", buffering=0) as file:
            file.write(json.dumps(line).encode() + b"\n")
            os.fdatasync(file.fileno())


def say_ready() -> None:
    """Tell the test that what it asked for is so."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return head and body of a message. Raises: asyncio.IncompleteReadError at the end."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head, await reader.readexactly(_length_of(head))


async def _read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return head and body of an answer, as far as they came."""
    head = b""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        return head, await reader.readexactly(_length_of(head))
    except asyncio.IncompleteReadError as cut:
        return (head, cut.partial) if head else (cut.partial, b"")
    except OSError:
        # A connection that was reset: what had come before is still to be read.
        return head, await reader.read(_LIMIT) if not reader.at_eof() and reader.exception() is None else b""


def _length_of(head: bytes) -> int:
    found = _LENGTH.search(head)
    return 0 if found is None else int(found[1])


def _is_whole(head: bytes, body: bytes) -> bool:
    return head.endswith(b"\r\n\r\n") and len(body) == _length_of(head)


def _receipts_of(body: bytes) -> tuple[dict[str, int | None], bool]:
    """Return the rows by receipt of a whole answer, and whether it has rows without a receipt."""
    try:
        shared = (json.loads(body).get("data") or {}).get("shared") or {}
    except (ValueError, AttributeError):
        return {}, b'"nodes"' in body
    answers = [answer for answer in shared.values() if answer]
    receipts: dict[str, int | None] = {
        answer["access"]["receipt"]: len(answer["nodes"]) for answer in answers if "access" in answer
    }
    return receipts, len(receipts) < len(answers)


def _receipts_in(body: bytes) -> tuple[dict[str, int | None], bool]:
    """Return the receipts in the part of an answer that came; documents ask for them before rows."""
    receipts: dict[str, int | None] = {match.decode(): None for match in _RECEIPT.findall(body)}
    return receipts, body.count(b'"nodes"') > len(receipts)


if __name__ == "__main__":
    asyncio.run(LedgerProxy(Path(sys.argv[2])).serve(int(sys.argv[1])))
