"""Asking a provider over HTTP: what is too long, too slow or elsewhere is given up (T49)."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from portal.errors import ConfigurationError
from portal.identity.fetching import MAX_BYTES, HttpFetcher
from portal.identity.sign_in_faults import SignInReason, SignInRefused

pytestmark = pytest.mark.clause("threats.md T49")

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
SECONDS = 0.5


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Answer each connection so; yield the address."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await answer(writer)
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def plain(head: bytes, body: bytes = b"") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"\r\n\r\n" + body)

    return answer


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(4096):
        writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
        await writer.drain()


async def refused(answer: Answer) -> None:
    fetcher = HttpFetcher(seconds=SECONDS)
    begun = monotonic()
    async with serving(answer) as address:
        for asking in (fetcher.get(address), fetcher.post(address, {"a": "b"}, {})):
            with pytest.raises(SignInRefused) as raised:
                await asking
            assert raised.value.reason is SignInReason.PROVIDER_UNAVAILABLE
        assert monotonic() - begun < 2 * SECONDS + 1
    await fetcher.close()


HOSTILE: dict[str, Answer] = {
    "slow": trickle,
    "silent": silence,
    "endless": endless,
    "too long": plain(b"HTTP/1.1 200 OK\r\nContent-Length: 300000", b" " * 300_000),
    "cut": plain(b"HTTP/1.1 200 OK\r\nContent-Length: 1000", b" "),
    "no HTTP": plain(b"hello"),
    "nothing": plain(b""),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_answer_is_given_up_in_time(answer: Answer) -> None:
    await refused(answer)


async def test_longest_answer_is_taken() -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BYTES}".encode()
    fetcher = HttpFetcher(seconds=5)
    async with serving(plain(head, b" " * MAX_BYTES)) as address:
        fetched = await fetcher.get(address)
    assert (fetched.status, len(fetched.body)) == (200, MAX_BYTES)
    await fetcher.close()


async def test_redirect_is_not_followed() -> None:
    fetcher = HttpFetcher(seconds=5)
    async with serving(plain(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0")) as address:
        assert (await fetcher.get(address)).status == 302
    await fetcher.close()


async def test_packed_answer_stays_packed() -> None:
    fetcher = HttpFetcher(seconds=5)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4"
    async with serving(plain(head, b"\x1f\x8b\x00\x00")) as address:
        assert (await fetcher.get(address)).body == b"\x1f\x8b\x00\x00"
    await fetcher.close()


async def test_nobody_there_is_said_so() -> None:
    fetcher = HttpFetcher(seconds=SECONDS)
    with pytest.raises(SignInRefused):
        await fetcher.get("http://127.0.0.1:9/")
    await fetcher.close()


def test_authorities_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(ConfigurationError, match="PORTAL_OIDC_CA_FILE"):
        HttpFetcher(path)
    path.write_text("no certificate")
    with pytest.raises(ConfigurationError, match="PORTAL_OIDC_CA_FILE"):
        HttpFetcher(path)
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
