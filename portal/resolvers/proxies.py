"""The reverse proxy that ends TLS: what it tells of a client's certificate, and by what it is known (T9)."""

import stat
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from starlette.requests import Request

from portal.access.kept import Kept
from portal.certificates.certificates import parse_pem_certificates, thumbprint
from portal.errors import BadInput, ConfigurationError, Text, Unauthenticated
from portal.resolvers.over_http import parse_address
from portal.settings import Settings

SECRET_HEADER = "x-proxy-secret"  # noqa: S105  # the name of a header
MIN_SECRET_CHARACTERS = 32
MAX_HEADER_CHARACTERS = 16 << 10
_KEPT_CERTIFICATES = 1000


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A client's certificate, and its SHA-256 as tokens name it."""

    certificate: x509.Certificate
    thumbprint: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy in front of the portal, None of it where none tells certificates."""

    settings: Settings
    secret: bytes | None = field(default=None, repr=False)
    known: Kept[ShownCertificate] = field(default_factory=lambda: Kept(_KEPT_CERTIFICATES), repr=False)
    """Certificates by the text that the proxy sends: to parse one takes as long as all else about a token."""

    def certificate_of(self, request: Request) -> x509.Certificate | None:
        """Return the certificate that the client showed to the proxy, None where it showed none.

        Raises: Unauthenticated.
        """
        shown = self.shown_by(request)
        return None if shown is None else shown.certificate

    def shown_by(self, request: Request) -> ShownCertificate | None:
        """Return the certificate that the client showed to the proxy with its thumbprint, None where it showed none.

        INVARIANT: the header counts from the proxy alone: by its address and its secret. Sent by anybody else it is
        refused, and never ignored, so that nobody is taken for one who asks without.
        Raises: Unauthenticated.
        """
        name = self.settings.client_certificate_header
        values = [] if name is None else [value for value in request.headers.getlist(name) if value]
        if not values:
            return None
        if not self._sent(request):
            raise Unauthenticated(
                Text(
                    en=f"the header `{name}` is taken from the portal's proxy alone",
                    zh=f"请求头 `{name}` 仅接受来自门户代理的",
                )
            )
        try:
            if len(values) > 1 or len(values[0]) > MAX_HEADER_CHARACTERS:
                raise BadInput(Text(en="it is there twice, or too long", zh="重复或过长"))
            return self.known.find(values[0]) or self.known.keep(values[0], _parse(values[0]))
        except (BadInput, ValueError):
            raise Unauthenticated(
                Text(
                    en=f"the proxy's header `{name}` isn't one certificate in PEM, URL-encoded",
                    zh=f"代理的请求头 `{name}` 不是 URL 编码的单个 PEM 证书",
                )
            ) from None

    def _sent(self, request: Request) -> bool:
        """Return whether the proxy sent the request."""
        peer = parse_address(request.client.host if request.client else "")
        secrets = request.headers.getlist(SECRET_HEADER)
        is_near = peer is not None and any(peer in network for network in self.settings.trusted_proxies)
        return (
            is_near
            and self.secret is not None
            and len(secrets) == 1
            and compare_digest(secrets[0].encode(), self.secret)
        )


def _parse(text: str) -> ShownCertificate:
    (certificate,) = parse_pem_certificates(unquote(text, errors="strict").encode("ascii"))
    return ShownCertificate(certificate, thumbprint(certificate))


def load_proxy(settings: Settings) -> Proxy:
    """Return the proxy that is set.

    Raises: ConfigurationError where its secret is missing, short, or others may read it.
    """
    if settings.client_certificate_header is None:
        return Proxy(settings)
    path = settings.proxy_secret_file
    if path is None or not settings.trusted_proxies:
        raise _bad(
            "`PORTAL_CLIENT_CERTIFICATE_HEADER` needs `PORTAL_PROXY_SECRET_FILE` and `PORTAL_TRUSTED_PROXIES`: "
            "set them",
            "设置 `PORTAL_CLIENT_CERTIFICATE_HEADER` 时，须同时设置 `PORTAL_PROXY_SECRET_FILE` 和 "
            "`PORTAL_TRUSTED_PROXIES`",
        )
    return Proxy(settings, _read_secret(path))


def _read_secret(path: Path) -> bytes:
    try:
        mode, secret = stat.S_IMODE(path.stat().st_mode), path.read_bytes().strip()
    except OSError as fault:
        raise _bad(f"`{path}` can't be read ({fault.strerror})", f"无法读取 `{path}`（{fault.strerror}）") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _bad(
            f"others may read `{path}` (mode {mode:04o}); run `chmod 600 {path}`",
            f"他人可读取 `{path}`（权限 {mode:04o}）；请运行 `chmod 600 {path}`",
        )
    if len(secret) < MIN_SECRET_CHARACTERS or not secret.isascii():
        raise _bad(
            f"the secret in `{path}` is shorter than {MIN_SECRET_CHARACTERS} characters; "
            "make one with `openssl rand -hex 32`",
            f"`{path}` 中的凭据不足 {MIN_SECRET_CHARACTERS} 个字符；请用 `openssl rand -hex 32` 生成",
        )
    return secret


def _bad(en: str, zh: str) -> ConfigurationError:
    return ConfigurationError(Text(en, zh))
