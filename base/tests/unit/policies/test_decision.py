from portal.errors import ErrorCode
from portal.policies.decision import Deny
from portal.vocabulary import ItemIdentifier

NAME, NOTE = ItemIdentifier("name"), ItemIdentifier("note")


def test_deny_names_the_code_of_its_first_item() -> None:
    refused = Deny(((NOTE, ErrorCode.EXPIRED), (NAME, ErrorCode.ITEM_DENIED)))
    assert refused.code is ErrorCode.EXPIRED


def test_deny_lists_its_items_in_their_order() -> None:
    assert Deny(((NOTE, ErrorCode.EXPIRED), (NAME, ErrorCode.ITEM_DENIED))).items == (NOTE, NAME)
