"""What is on record of who runs commands without naming anybody."""

from datetime import UTC, datetime

import pytest

from portal.audit.records import Act, Outcome
from portal.commands.operating import OPERATOR, CommandAct, account_name, account_of, record_of, user_of
from portal.errors import BadInput
from portal.identity.registry import Registry, User
from portal.vocabulary import DepartmentCode, UserId

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PERSON = User(UserId("operator"), "合成人员", DepartmentCode("D"), (), None, None)
REGISTRY = Registry(users={PERSON.id: PERSON})


def test_account_without_a_name_is_its_number() -> None:
    assert account_name(0) == "root"
    assert account_name(3_000_000_001) == "uid 3000000001"


def test_operator_is_nobody_of_the_register() -> None:
    unnamed = record_of(CommandAct(Act.AUDIT_READ, "records"), {}, NOW)
    named = record_of(CommandAct(Act.AUDIT_READ, "records", user=PERSON), {}, NOW)
    assert (unnamed.subject, unnamed.user, unnamed.department) == (OPERATOR, None, None)
    # Not even who is registered under that very name.
    assert (named.subject, named.user, named.department) == ("user:operator", "operator", "D")
    assert unnamed.decision is Outcome.PERMIT


def test_account_cannot_be_told_otherwise_by_what_a_command_adds() -> None:
    act = CommandAct(Act.AUDIT_READ, "records", {"account": "somebody", "found": 1})
    assert record_of(act, {}, NOW).details == {"found": 1, **account_of({})}


def test_by_names_who_is_registered_or_nobody() -> None:
    assert user_of("", REGISTRY) is None
    assert user_of("operator", REGISTRY) is PERSON
    with pytest.raises(BadInput, match="names no registered user"):
        user_of("operator2", REGISTRY)
