"""Asking the identity provider over HTTP, with bounds: so long, so much, no redirect, no proxy of the environment."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx2

from portal.errors import ConfigurationError, Text
from portal.identity.sign_in_faults import SignInReason, SignInRefused

FETCH_SECONDS = 5.0
"""So long one request may take from its first byte to its last, whatever the pace."""
MAX_BYTES = 128 << 10


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its status, body and media type, without parameters and in small letters."""

    status: int
    body: bytes = field(repr=False)
    media_type: str = ""


class Fetcher(Protocol):
    """Asks the identity provider."""

    async def get(self, address: str) -> Fetched:
        """Return what is at the address. Raises: SignInRefused where nobody answers in time."""
        ...

    async def post(self, address: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Fetched:
        """Return the answer to a form. Raises: SignInRefused where nobody answers in time."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class HttpFetcher:
    """Asks over HTTP; for one event loop. Addresses are those of metadata that were read strictly."""

    def __init__(self, authorities: Path | None = None, seconds: float = FETCH_SECONDS) -> None:
        """`authorities`: PEM file of who vouches for the provider's address. Raises: ConfigurationError."""
        self._seconds = seconds
        self._client = httpx2.AsyncClient(
            verify=_trusting(authorities), timeout=seconds, follow_redirects=False, trust_env=False
        )

    async def get(self, address: str) -> Fetched:
        """Return what is at the address."""
        return await self._ask(self._client.build_request("GET", address, headers={"Accept": "application/json"}))

    async def post(self, address: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Fetched:
        """Return the answer to a form."""
        asked = {"Accept": "application/json", **headers}
        return await self._ask(self._client.build_request("POST", address, data=dict(form), headers=asked))

    async def _ask(self, request: httpx2.Request) -> Fetched:
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._client.send(request, stream=True)
                try:
                    # The octets as they came: what is small on the way may be large when unpacked.
                    async for chunk in response.aiter_raw():
                        body += chunk
                        if len(body) > MAX_BYTES:
                            raise SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, "an answer that is too long")
                finally:
                    await response.aclose()
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as fault:
            raise SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, type(fault).__name__) from None
        media_type, _, _ = response.headers.get("content-type", "").partition(";")
        return Fetched(response.status_code, bytes(body), media_type.strip().lower())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _trusting(authorities: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    except (OSError, ssl.SSLError) as fault:
        raise ConfigurationError(
            Text(
                en=f"the certificates in `{authorities}` can't be used ({fault.strerror or 'no PEM'}); name a PEM file "
                "in `PORTAL_OIDC_CA_FILE`",
                zh=f"无法使用 `{authorities}` 中的证书（{fault.strerror or '不是 PEM'}）；"
                "请在 `PORTAL_OIDC_CA_FILE` 中指定 PEM 文件",
            )
        ) from None
