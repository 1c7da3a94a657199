"""Documents asked for by their SHA-256: those that the operator registered, and those that were sent whole before.

Two forms are taken: `documentId: "sha256:…"`, and `extensions.persistedQuery` as Apollo Client and urql send it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from portal.access.kept import Kept
from portal.errors import BadInput, ConfigurationError, Text
from portal.json_text import decode_text, parse_json
from portal.resolvers.endpoint import Operation

_DIGEST = re.compile("[0-9a-f]{64}")
_REMEMBERED = 512
_REMEMBERED_LENGTH = 8192
"""Longer ones aren't remembered: a few hundred of them would fill the memory."""


class UnknownDocument(BadInput):
    """A hash that no document is known by: what clients send it whole upon."""

    def __init__(self) -> None:
        # The protocol's own word, which clients look for, in every language.
        super().__init__(Text(en="PersistedQueryNotFound", zh="PersistedQueryNotFound"))


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents by their SHA-256 in hexadecimal: `registered` ones for everybody, others for those who sent them.

    What a department asks is nobody else's to find out, and the public can't push its documents out.
    """

    registered: Mapping[str, str] = field(default_factory=dict)
    of_subjects: Kept[str] = field(default_factory=lambda: Kept(_REMEMBERED))
    of_public: Kept[str] = field(default_factory=lambda: Kept(_REMEMBERED))

    def complete(self, operation: Operation, subject: str | None) -> Operation:
        """Return the operation with its document's text, where it came by hash alone; no subject is the public.

        Raises: UnknownDocument; BadInput where text and hash disagree.
        """
        digest = operation.digest
        if digest is None:
            return operation
        remembered = self.of_public if subject is None else self.of_subjects
        if operation.document:
            _check_digest(digest, operation.document)
            if len(operation.document) <= _REMEMBERED_LENGTH:
                remembered.keep((subject, digest), operation.document)
            return operation
        own = remembered.find((subject, digest))
        if own is not None:
            return replace(operation, document=own)
        if digest not in self.registered:
            raise UnknownDocument
        return replace(operation, document=self.registered[digest], is_own=False)


def _check_digest(digest: str, text: str) -> None:
    # A hash that isn't the text's would make a later request mean another document.
    if _digest(text) != digest:
        raise BadInput(
            Text(
                en="the hash isn't the document's; send the SHA-256 of its UTF-8 text in hexadecimal",
                zh="散列值与文档不符；请发送文档 UTF-8 文本的 SHA-256（十六进制）",
            )
        )


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_documents(path: Path | None) -> Documents:
    """Return the registered documents of a JSON file, an object of texts by their SHA-256; none without a file.

    Raises: ConfigurationError, naming what can't be used.
    """
    if path is None:
        return Documents()
    try:
        members = parse_json(decode_text(path.read_bytes()))
    except (OSError, BadInput) as fault:
        why = fault.text if isinstance(fault, BadInput) else Text(en=str(fault), zh=str(fault))
        raise _unusable(path, why) from fault
    if not isinstance(members, dict):
        raise _unusable(path, Text(en="it must be one JSON object", zh="应为一个 JSON 对象"))
    registered = {}
    for digest, text in members.items():
        if not isinstance(text, str) or _digest(text) != digest:
            raise _unusable(
                path,
                Text(
                    en=f"`{digest[:80]}` isn't the SHA-256 of its document",
                    zh=f"`{digest[:80]}` 不是其文档的 SHA-256",
                ),
            )
        registered[digest] = text
    return Documents(registered)


def _unusable(path: Path, why: Text) -> ConfigurationError:
    return ConfigurationError(
        Text(
            en=f"the documents in `{path}` can't be used: {why.en}",
            zh=f"无法使用 `{path}` 中的文档：{why.zh}",
        )
    )


def parse_digest(identifier: object, extensions: Mapping[str, object]) -> str | None:
    """Return the hash by which a request names its document, None where it names none. Raises: BadInput."""
    persisted = extensions.get("persistedQuery")
    if identifier is None and persisted is None:
        return None
    digest = _of_identifier(identifier) if persisted is None else _of_persisted(persisted)
    if not _DIGEST.fullmatch(digest):
        raise BadInput(
            Text(
                en='name a document as `"documentId": "sha256:HEX"`, or by `extensions.persistedQuery` of version 1',
                zh='文档请写作 `"documentId": "sha256:HEX"`，或用版本 1 的 `extensions.persistedQuery`',
            )
        )
    return digest


def _of_identifier(identifier: object) -> str:
    scheme, _, digest = str(identifier).partition(":")
    return digest if scheme == "sha256" else ""


def _of_persisted(persisted: object) -> str:
    members = persisted if isinstance(persisted, Mapping) else {}
    return str(members.get("sha256Hash")) if members.get("version") == 1 else ""
