"""What every refusal looks like: a 4xx or a GraphQL error, with a code and a sentence, and nothing of the inside."""

import re

from tests.fixtures.portal_world import Answer

CODES = {
    *("ITEM_DENIED", "MODE_DENIED", "PURPOSE_DENIED", "PURPOSE_REQUIRED", "EXPIRED", "CONDITION_FAILED"),
    *("MASKED_ITEM", "QUOTA_EXCEEDED", "BAD_INPUT", "NOT_VALID", "TOO_COMPLEX", "UNAUTHENTICATED"),
}
_INSIDE = re.compile(r"Traceback|\.py\b|Error\(|sqlite|dataset_|SELECT |portal\.|<class|0x[0-9a-f]{6}")


def assert_refused(answer: Answer, *codes: str) -> None:
    """Hold the answer to the form of a refusal, with one of the codes if any are given."""
    assert answer.status in (200, *range(400, 500)), (answer.status, answer.content)
    assert answer.headers["content-type"].split(";")[0] in ("application/json", "application/graphql-response+json")
    assert answer.errors, answer.content
    for error in answer.errors:
        assert error["message"].strip(), error
        assert error["extensions"]["code"] in (codes or CODES), error
        assert not _INSIDE.search(error["message"]), error
    assert holds_nothing(answer.payload.get("data")), answer.content


def holds_nothing(data: object) -> bool:
    """Return whether nothing was answered but nulls: no part that could be taken for the whole."""
    if isinstance(data, dict):
        return all(holds_nothing(member) for member in data.values())
    return data is None
