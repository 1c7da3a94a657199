"""`portal fetch`: takes a transfer of any portal into a file, goes on where it was cut, and checks the whole."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import httpx2
import orjson

from portal.commands.fetch_options import FetchOptions
from portal.commands.parsing import parse_whole
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, PortalError, Text
from portal.exchange.receiving import Damaged, Frames, Receiver
from portal.identity.application_client import ApplicationClient, load_application_client
from portal.identity.nonces import NONCE_HEADER
from portal.json_text import JsonValue, parse_json

_TIMEOUT_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_SHOWN_EVERY_SECONDS = 0.5
_ERROR_BYTES = 1 << 16


class _Refused(PortalError):
    """An answer that refuses: its status and sentence."""

    def __init__(self, status: int, message: str, again_after: float | None) -> None:
        super().__init__(Text(en=message, zh=message))
        self.status = status
        self.again_after = again_after


@dataclass(slots=True)
class _Sender:
    """Sends requests as the application that a key file is of, with a token from a file, or as the public."""

    client: httpx2.Client
    site: str
    token: str | None
    signing: ApplicationClient | None
    nonce: str | None = None

    def headers(self, url: str) -> dict[str, str]:
        """Return the headers that say who asks; a token of one's own is fetched where there is none."""
        if self.signing is None:
            return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if self.token is None:
            self.token = self._fetch_token(self.signing)
        proof = self.signing.proof(("POST", url), datetime.now(UTC), self.token, self.nonce)
        return {"Authorization": f"DPoP {self.token}", "DPoP": proof}

    def _fetch_token(self, signing: ApplicationClient) -> str:
        url = f"{self.site}/token"
        while True:
            had, now = self.nonce, datetime.now(UTC)
            proof = signing.proof(("POST", url), now, None, self.nonce)
            answer = self.client.post(url, data=signing.token_form(url, now), headers={"DPoP": proof})
            self.nonce = answer.headers.get(NONCE_HEADER, self.nonce)
            if answer.status_code == HTTPStatus.OK:
                return str(answer.json()["access_token"])
            if answer.json().get("error") != "use_dpop_nonce" or self.nonce == had:
                raise _Refused(
                    answer.status_code, str(answer.json().get("error_description", answer.status_code)), None
                )

    def renew(self) -> bool:
        """Let another token be fetched; return whether there is a way to."""
        if self.signing is not None:
            self.token = None
        return self.signing is not None


def fetch(session: Session, options: FetchOptions) -> ExitCode:
    """Fetch a transfer into a file; print what it is known by. Cut and refused too often, it ends with exit code 1."""
    site = _parse_site(options.site)
    wish, file = _wish(options), Path(options.out)
    if file.exists():
        raise BadInput(Text(en=f"`{file}` is there already; name another file", zh=f"`{file}` 已存在；请指定另一文件"))
    url = f"{site}/exchange/{options.identifier}"
    request = hashlib.sha256(orjson.dumps([url, wish], option=orjson.OPT_SORT_KEYS)).hexdigest()
    receiver = Receiver(file, request)
    tries = 1 + parse_whole("--retries", options.retries, 0, 1000)
    with _sender(site, options) as sender:
        _Fetching(session, sender, receiver, url, wish).run(tries)
    manifest = receiver.finish()
    session.terminal.write_json(orjson.dumps(manifest))
    return ExitCode.DONE


@contextmanager
def _sender(site: str, options: FetchOptions) -> Iterator[_Sender]:
    signing = None
    if options.key_file:
        signing = load_application_client(options.application, Path(options.key_file))
    if bool(options.application) != bool(options.key_file) or (options.key_file and options.token_file):
        raise BadInput(
            Text(
                en="say who asks by `--application` with `--key-file`, or by `--token-file`, or by neither",
                zh="请以 `--application` 加 `--key-file`，或以 `--token-file` 表明身份，或都不写",
            )
        )
    token = _read(Path(options.token_file)).decode("ascii", "replace").strip() if options.token_file else None
    verify: bool | str = options.ca_file or True
    with httpx2.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False, verify=verify) as client:
        yield _Sender(client, site, token, signing)


@dataclass(slots=True)
class _Fetching:
    """A transfer being fetched, as often as it takes."""

    session: Session
    sender: _Sender
    receiver: Receiver
    url: str
    wish: Mapping[str, object]
    _shown_at: float = 0.0

    def run(self, tries: int) -> None:
        """Receive until the manifest is there. Raises: PortalError where it was cut or refused too often."""
        left = tries
        while True:
            before = self.receiver.received.octets
            failure = self._try()
            if failure is None:
                return
            # What went on a bit is tried anew, however often.
            left = tries if self.receiver.received.octets > before else left - 1
            if left <= 0:
                raise failure
            self._say(failure.text)
            sleep(max(_PAUSE_SECONDS, getattr(failure, "again_after", None) or 0.0))

    def _try(self) -> PortalError | None:
        """Return what cut the transfer and may be tried again, None where it is whole. Raises: PortalError."""
        self.receiver.begin()
        try:
            self._receive()
        except httpx2.HTTPError as failure:
            name = type(failure).__name__
            return Damaged(Text(en=f"the connection was cut or not made ({name})", zh=f"连接中断或未能建立（{name}）"))
        except _Refused as refused:
            is_passing = refused.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
            if is_passing or (refused.status == HTTPStatus.UNAUTHORIZED and self.sender.renew()):
                return refused
            raise
        if self.receiver.manifest is None:
            return Damaged(Text(en="the transfer was cut", zh="传输中断"))
        return None

    def _receive(self) -> None:
        after = self.receiver.received.after
        asked = {**self.wish, "frames": True, **({} if after is None else {"after": after})}
        sent = self.sender.client.stream(
            "POST",
            self.url,
            content=orjson.dumps(asked),
            headers={
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
                "Accept-Language": self.session.language.value,
                **self.sender.headers(self.url),
            },
        )
        with sent as answer:
            self.sender.nonce = answer.headers.get(NONCE_HEADER, self.sender.nonce)
            if answer.status_code != HTTPStatus.OK:
                raise _refusal(answer)
            frames = Frames()
            for octets in answer.iter_raw():
                for head, content in frames.feed(octets):
                    self.receiver.take(head, content)
                    self._show()

    def _show(self) -> None:
        err, done = self.session.terminal.err, self.receiver.received
        is_last = done.rows == done.rows_in_all
        if not err.isatty() or (monotonic() - self._shown_at < _SHOWN_EVERY_SECONDS and not is_last):
            return
        self._shown_at = monotonic()
        share = 100 if done.rows_in_all == 0 else 100 * done.rows // done.rows_in_all
        end = "\n" if is_last else ""
        err.write(f"\r{share:3} %  {done.rows} / {done.rows_in_all}  {done.octets / 1e6:.1f} MB{end}")
        err.flush()

    def _say(self, text: Text) -> None:
        rows = self.receiver.received.rows
        self.session.terminal.complain(
            Text(en=f"{text.en}; going on after {rows} rows", zh=f"{text.zh}；从第 {rows} 行之后继续")
        )


def _refusal(answer: httpx2.Response) -> _Refused:
    body = bytearray()
    for octets in answer.iter_raw():
        body += octets
        if len(body) > _ERROR_BYTES:
            break
    try:
        message = str(orjson.loads(body)["errors"][0]["message"])
    except (orjson.JSONDecodeError, LookupError, TypeError):
        message = f"HTTP {answer.status_code}"
    after = answer.headers.get("retry-after", "")
    return _Refused(answer.status_code, message, float(after) if after.isdecimal() else None)


def _parse_site(text: str) -> str:
    """Return the portal's address. Raises: BadInput for one whose way would be open to others."""
    parsed = urlsplit(text)
    is_safe = parsed.scheme == "https" or (parsed.scheme == "http" and _is_this_machine(parsed.hostname))
    if not is_safe or not parsed.hostname or parsed.query or parsed.fragment or parsed.username:
        raise BadInput(
            Text(
                en=f"`--site` is `{text}`; write the address as `https://HOST` (`http` for this machine alone)",
                zh=f"`--site` 为 `{text}`；请写门户地址，如 `https://主机`（`http` 仅限本机）",
            )
        )
    return text.rstrip("/")


def _is_this_machine(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _wish(options: FetchOptions) -> dict[str, object]:
    given: dict[str, object] = {
        "items": [item for item in options.items.split(",") if item] or None,
        "where": _parse_member("--where", options.where),
        "orderBy": _parse_member("--order-by", options.order_by),
        "purpose": options.purpose.upper() or None,
        "matter": options.matter or None,
        "case": options.case or None,
        "operator": options.operator or None,
        "first": parse_whole("--first", options.first, 1, 999_999_999) if options.first else None,
        "format": options.format,
        "mark": options.mark or None,
        "raw": options.raw or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _parse_member(option: str, text: str) -> JsonValue:
    try:
        return parse_json(text) if text else None
    except BadInput as refused:
        raise BadInput(Text(en=f"`{option}`: {refused.text.en}", zh=f"`{option}`：{refused.text.zh}")) from refused


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise BadInput(
            Text(
                en=f"`{file}` can't be read ({fault.strerror}); name a file with a token",
                zh=f"无法读取 `{file}`（{fault.strerror}）；请指定含令牌的文件",
            )
        ) from None
