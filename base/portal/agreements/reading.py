"""Reading an agreement file: strictly, so that what was signed and what is enforced are one text (bundle.md; T21)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TypeVar

from portal.agreements.agreement import Agreement, Signature, SigningRole
from portal.agreements.canonical import canonical_form
from portal.agreements.wording import shown
from portal.conditions.values import parse_instant
from portal.errors import BadInput, Fault, Text
from portal.json_text import JsonValue, NotJson, parse_json, render_json
from portal.vocabulary import DepartmentCode, EntryCode

MAX_FILE_BYTES = 1 << 20
_AS_SIGNED = Text(en="write the file as the parties signed it", zh="请按各方签名时的文本重写文件")
SIGN_ANEW = Text(en="mend it and have every party sign the new text", zh="请改正，并由各方对新文本重新签名")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_MEMBERS = ("id", "version", "parties", "terms", "text", "signatures")
_TERMS = ("resource", "items", "purposes", "modes", "valid_from", "valid_until", "disposal")
_TERMS_LEFT_OUT = ("applications", "matters", "condition", "scope", "obligations")
_NO_INSTANT = datetime.min.replace(tzinfo=UTC)

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class UnverifiedAgreement:
    """What an agreement file says, and the octets that its parties have to have signed.

    INVARIANT: both come from one parse, so nothing is enforced that isn't what was signed.
    """

    content: Agreement
    signed_octets: bytes


def read_agreement(file_content: bytes, file: str) -> tuple[UnverifiedAgreement | None, list[Fault]]:
    """Return what the file says, or None and every fault of its form; whether it is signed isn't asked."""
    try:
        document = _parse_document(file_content)
        signed_octets = canonical_form({name: value for name, value in document.items() if name != "signatures"})
    except NotJson as refused:
        return None, [Fault(file, refused.line, refused.path, refused.text, _AS_SIGNED)]
    except BadInput as refused:
        return None, [Fault(file, None, "", refused.text, SIGN_ANEW)]
    members = _Members(file, "", document, [])
    content = _read_content(members, render_json(document))
    return (None, members.faults) if members.faults else (UnverifiedAgreement(content, signed_octets), [])


def _parse_document(file_content: bytes) -> dict[str, JsonValue]:
    if len(file_content) > MAX_FILE_BYTES:
        raise BadInput(Text(en="the file is larger than 1 MiB", zh="文件大于 1 MiB"))
    document = parse_json(file_content)
    if not isinstance(document, dict):
        raise BadInput(Text(en="the file holds no JSON object", zh="文件内容不是 JSON 对象"))
    return document


@dataclass(frozen=True, slots=True)
class _Members:
    """The members of one JSON object of the file; what is faulty is noted, and read as its stand-in."""

    file: str
    path: str
    values: Mapping[str, JsonValue]
    faults: list[Fault]

    def refuse(self, name: str, what: Text) -> None:
        self.faults.append(Fault(self.file, None, self.path + name, what, SIGN_ANEW))

    def check_names(self, required: Sequence[str], optional: Sequence[str] = ()) -> "_Members":
        for name in required:
            if name not in self.values:
                self.refuse(name, Text(en=f"`{self.path}{name}` is missing", zh=f"缺少 `{self.path}{name}`"))
        for name in self.values:
            if name not in required and name not in optional:
                self.refuse(name, Text(en=f"unknown member `{self.path}{name}`", zh=f"未知成员 `{self.path}{name}`"))
        return self

    def take(self, name: str, parse: Callable[[JsonValue], _Parsed], stand_in: _Parsed) -> _Parsed:
        if name not in self.values:
            return stand_in
        try:
            return parse(self.values[name])
        except BadInput as refused:
            self.refuse(name, refused.text)
            return stand_in

    def check(self, name: str, parse: Callable[[JsonValue], object]) -> None:
        self.take(name, parse, None)

    def inner(self, name: str) -> "_Members":
        value: dict[str, JsonValue] | None = self.take(name, _parse_members, None)
        # Where there is no object that is noted, and what it lacks goes into a list that nobody reads.
        faults = [] if value is None else self.faults
        return _Members(self.file, f"{self.path}{name}.", value or {}, faults)

    def listed(self, name: str) -> "_Members":
        unlisted: list[JsonValue] = []
        values = self.take(name, _parse_list, unlisted)
        return _Members(self.file, self.path + name, {f"[{n}]": value for n, value in enumerate(values)}, self.faults)


def _read_content(members: _Members, document: str) -> Agreement:
    members.check_names(_MEMBERS)
    parties = members.inner("parties").check_names(tuple(SigningRole))
    terms = members.inner("terms").check_names(_TERMS, _TERMS_LEFT_OUT)
    _check_terms(terms)
    signatures = members.listed("signatures")
    return Agreement(
        id=members.take("id", _id_parser(PurePosixPath(members.file).stem), ""),
        version=members.take("version", _parse_version, 1),
        parties={role: DepartmentCode(parties.take(role, _parse_text, "")) for role in SigningRole},
        resource=EntryCode(terms.take("resource", _parse_text, "")),
        valid_from=terms.take("valid_from", parse_instant, _NO_INSTANT),
        valid_until=terms.take("valid_until", parse_instant, _NO_INSTANT),
        terms=terms.values,
        text=members.take("text", _parse_text, ""),
        signatures=tuple(_read_signature(signatures.inner(name)) for name in signatures.values),
        document=document,
    )


def _check_terms(terms: _Members) -> None:
    """Note what isn't of the form that a policy record has; what the names mean is the record's reading to say."""
    for name in ("items", "purposes", "modes"):
        terms.check(name, _parse_names)
    for name in ("applications", "matters"):
        terms.check(name, _parse_texts)
    for name in ("condition", "scope", "obligations"):
        terms.check(name, _parse_members)
    terms.check("disposal", _parse_text)


def _read_signature(members: _Members) -> Signature:
    members.check_names(("role", "signed_at", "jws"))
    return Signature(
        role=members.take("role", _parse_role, SigningRole.CONSUMER),
        signed_at=members.take("signed_at", parse_instant, _NO_INSTANT),
        jws=members.take("jws", _parse_text, ""),
    )


def _id_parser(file_name: str) -> Callable[[JsonValue], str]:
    def parse(raw: JsonValue) -> str:
        text = _parse_text(raw)
        if not _ID.fullmatch(text):
            raise BadInput(
                Text(
                    en=f"`{shown(text)}` is no id: up to 128 letters, digits, `.`, `_`, `-`, a letter or digit first",
                    zh=f"`{shown(text)}` 不是有效的编号：至多 128 个字母、数字、`.`、`_`、`-`，以字母或数字开头",
                )
            )
        if text != file_name:
            raise BadInput(
                Text(
                    en=f"the id `{text}` isn't the file's name `{file_name}`",
                    zh=f"编号 `{text}` 与文件名 `{file_name}` 不一致",
                )
            )
        return text

    return parse


def _parse_role(raw: JsonValue) -> SigningRole:
    for role in SigningRole:
        if raw == role.value:
            return role
    raise BadInput(
        Text(
            en=f"`{shown(raw)}` is no role; roles are {', '.join(SigningRole)}",
            zh=f"`{shown(raw)}` 不是签署角色，角色为 {'、'.join(SigningRole)}",
        )
    )


def _parse_version(raw: JsonValue) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 1:
        raise BadInput(
            Text(en=f"`{shown(raw)}` is no version; count from 1", zh=f"`{shown(raw)}` 不是版本号，请从 1 开始计数")
        )
    return raw


def _parse_text(raw: JsonValue) -> str:
    if not isinstance(raw, str):
        raise BadInput(Text(en=f"`{shown(raw)}` is no text", zh=f"`{shown(raw)}` 不是文本"))
    return raw


def _parse_list(raw: JsonValue) -> list[JsonValue]:
    if not isinstance(raw, list):
        raise BadInput(Text(en=f"`{shown(raw)}` is no list", zh=f"`{shown(raw)}` 不是列表"))
    return raw


def _parse_members(raw: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(raw, dict):
        raise BadInput(Text(en=f"`{shown(raw)}` is no object", zh=f"`{shown(raw)}` 不是对象"))
    return raw


def _parse_texts(raw: JsonValue) -> list[str]:
    return [_parse_text(member) for member in _parse_list(raw)]


def _parse_names(raw: JsonValue) -> list[str]:
    names = _parse_texts(raw)
    if not names or "*" in names:
        # `["*"]` would give what the parties couldn't know when they signed.
        raise BadInput(
            Text(en="an agreement names each one; neither empty nor `*`", zh="协议应逐一列明，不能为空，也不能用 `*`")
        )
    return names
