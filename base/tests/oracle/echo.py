"""A portal that answers by the reference itself, for trying the campaign and planting faults in what it must find."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.oracle.answer import Reference
from tests.oracle.document import Document, Json
from tests.oracle.expectation import AnyText, CursorOf, NotValid, OneOf, Refused, Reply
from tests.oracle.masks import Hashed
from tests.oracle.world import Caller

HEADERS = {"content-type": "application/graphql-response+json"}


@dataclass(slots=True)
class EchoPortal:
    """Answers what a reference of its own expects; give it another world, and it answers wrongly."""

    reference: Reference

    def send(self, caller: Caller, document: Document) -> Reply:
        """The reply that the reference would accept."""
        expected = self.reference.expect(caller, document)
        if isinstance(expected, NotValid):
            errors: Json = [{"message": "no", "extensions": {"code": "NOT_VALID"}}]
            return Reply(400, HEADERS, json.dumps({"errors": errors}).encode())
        self.reference.count(caller, expected)
        refused = {path: answer for path, answer in expected.fields.items() if isinstance(answer, Refused)}
        body: dict[str, Json] = {"data": self._plain(expected.tree)}
        if refused:
            body["errors"] = [_error(path, answer) for path, answer in refused.items()]
        return Reply(200, HEADERS, json.dumps(body).encode())

    def _plain(self, tree: object) -> Json:
        match tree:
            case Mapping():
                return {str(key): self._plain(value) for key, value in tree.items()}
            case list():
                return [self._plain(each) for each in tree]
            case OneOf():
                return self._plain(tree.readings[-1])
            case CursorOf():
                return self._cursor(tree)
            case Hashed():
                return f"{hash(tree) & (2**128 - 1):032x}"
            case AnyText():
                return "anything"
            case None | bool() | int() | float() | str():
                return tree
            case _:
                raise AssertionError(tree)

    def _cursor(self, cursor: CursorOf) -> str:
        text = f"cursor-{hash(cursor) & (2**64 - 1):016x}"
        self.reference.sightings.cursors[text] = cursor
        return text


def _error(path: tuple[str, ...], answer: Refused) -> Json:
    extensions: dict[str, Json] = {"code": min(answer.codes)}
    if answer.items is not None:
        extensions["items"] = list(answer.items)
    return {"message": "no", "path": list(path), "extensions": extensions}
