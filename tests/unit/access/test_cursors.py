"""Cursors tell nothing, and fit only the request that they were made for (T2)."""

import base64
from dataclasses import replace
from random import Random

import pytest

from portal.access.cursors import CursorSeal, cursor_seal
from portal.access.plan import QueryPlan
from portal.access.statement import Position
from portal.errors import BadInput, ErrorCode
from portal.vocabulary import PUBLIC, ApplicationId, DepartmentCode, Subject, UserId
from tests.fixtures.planned import entry_of, plan, state_of
from tests.fixtures.sharing_bundle import villages

SECRET = bytes(range(32))
SUBJECT = Subject(DepartmentCode("11999999MB0000019T"), application=ApplicationId("checker"))
POSITION = Position(("合成甲一", None, 5, -(2**63), "2026-01-31T08:00:00Z"), 2**62)
PLAN = plan('{residents(where: {name: {eq: "x"}}, orderBy: [{name: ASC}]) {edges {cursor}}}')


def seal_of(planned: QueryPlan = PLAN, subject: Subject = SUBJECT, secret: bytes = SECRET) -> CursorSeal:
    return cursor_seal(secret, subject, planned)


def assert_refused(seal: CursorSeal, cursor: str) -> None:
    with pytest.raises(BadInput, match="`after` is no cursor of this request") as refused:
        seal.open(cursor)
    assert refused.value.code is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("position", [POSITION, Position((), 0), Position(("\U0010ffff", ""), -1)], ids=repr)
def test_position_comes_back_from_its_cursor(position: Position) -> None:
    assert seal_of().open(seal_of().seal(position)) == position


def test_cursor_is_url_safe_text_and_never_the_same_twice() -> None:
    cursors = {seal_of().seal(POSITION) for _ in range(100)}

    assert len(cursors) == 100
    assert all(cursor.isascii() and set("+/\n ").isdisjoint(cursor) for cursor in cursors)


def test_cursor_holds_no_value_that_can_be_read() -> None:
    cursor = seal_of().seal(Position(("合成canary甲一",), 424242))
    octets = base64.urlsafe_b64decode(cursor)

    for canary in ("合成".encode(), b"canary", b"424242", "合成".encode("utf-16-le")):
        assert canary not in octets
        assert canary not in cursor.encode()


@pytest.mark.parametrize(
    "subject",
    [
        PUBLIC,
        Subject(SUBJECT.department, application=ApplicationId("planner")),
        Subject(SUBJECT.department, user=UserId("checker")),
    ],
    ids=repr,
)
def test_cursor_is_refused_when_another_subject_brings_it(subject: Subject) -> None:
    assert_refused(seal_of(subject=subject), seal_of().seal(POSITION))
    assert_refused(seal_of(), seal_of(subject=subject).seal(POSITION))


@pytest.mark.parametrize(
    "text",
    [
        "{residents(orderBy: [{name: ASC}]) {edges {cursor}}}",
        '{residents(where: {name: {eq: "y"}}, orderBy: [{name: ASC}]) {edges {cursor}}}',
        '{residents(where: {name: {ne: "x"}}, orderBy: [{name: ASC}]) {edges {cursor}}}',
        '{residents(where: {name: {eq: "x"}}) {edges {cursor}}}',
        '{residents(where: {name: {eq: "x"}}, orderBy: [{name: DESC}]) {edges {cursor}}}',
        '{residents(where: {name: {eq: "x"}}, orderBy: [{code: ASC}]) {edges {cursor}}}',
        '{residents(where: {name: {eq: "x"}}, orderBy: [{name: ASC}, {code: ASC}]) {edges {cursor}}}',
    ],
)
def test_cursor_is_refused_when_filter_or_order_is_another(text: str) -> None:
    assert_refused(seal_of(plan(text)), seal_of().seal(POSITION))


def test_cursor_is_refused_at_another_entry() -> None:
    elsewhere = replace(PLAN, state=state_of(entry_of(villages())))

    assert_refused(seal_of(elsewhere), seal_of().seal(POSITION))


def test_cursor_is_refused_when_another_portal_made_it() -> None:
    assert_refused(seal_of(), seal_of(secret=bytes(32)).seal(POSITION))


def test_cursor_fits_the_same_request_with_another_selection_and_page_size() -> None:
    text = '{residents(where: {name: {eq: "x"}}, orderBy: [{name: ASC}], first: 3) {nodes {code}}}'

    assert seal_of(plan(text)).open(seal_of().seal(POSITION)) == POSITION


def test_cursor_is_refused_when_any_octet_is_another() -> None:
    octets = bytearray(base64.urlsafe_b64decode(seal_of().seal(POSITION)))

    for place in range(len(octets)):
        changed = bytearray(octets)
        changed[place] ^= 1
        assert_refused(seal_of(), base64.urlsafe_b64encode(bytes(changed)).decode())


def test_cursor_is_refused_when_any_character_is_another() -> None:
    for size in range(3):
        cursor = seal_of().seal(Position(("x" * size,), 1))
        for place, character in enumerate(cursor):
            other = Random(place).choice([one for one in "ABab01-_=+/" if one != character])
            assert_refused(seal_of(), cursor[:place] + other + cursor[place + 1 :])


def test_cursor_is_refused_when_it_is_cut_or_added_to() -> None:
    cursor = seal_of().seal(POSITION)

    for length in range(len(cursor)):
        assert_refused(seal_of(), cursor[:length])
    for added in ("=", "A", " ", "\n", cursor):
        assert_refused(seal_of(), cursor + added)
        assert_refused(seal_of(), added + cursor)


@pytest.mark.parametrize(
    "garbage",
    ["", "=", "A", "AAAA", "....", "eyJhIjoxfQ==", "合成", "\ud800", "\0", "A" * 300, "%00", "null"],
    ids=ascii,
)
def test_cursor_is_refused_when_it_is_garbage(garbage: str) -> None:
    assert_refused(seal_of(), garbage)


def test_cursor_is_refused_unopened_when_it_is_huge() -> None:
    assert_refused(seal_of(), "A" * (256 * 1024 + 4))


def test_standard_alphabet_is_refused_though_it_stands_for_the_same_octets() -> None:
    seal = seal_of()
    cursor = next(cursor for cursor in iter(lambda: seal.seal(POSITION), None) if "-" in cursor or "_" in cursor)

    assert seal.open(cursor) == POSITION
    assert_refused(seal, cursor.replace("-", "+").replace("_", "/"))


def test_cursor_of_a_former_secret_is_opened_and_none_is_sealed_with_it() -> None:
    before, rotated = seal_of(), replace(seal_of(secret=bytes(32)), former=(bytes(range(1, 33)), SECRET))

    assert rotated.open(before.seal(POSITION)) == POSITION
    assert rotated.open(rotated.seal(POSITION)) == POSITION
    assert_refused(before, rotated.seal(POSITION))


def test_cursor_of_another_request_is_refused_under_a_former_secret_too() -> None:
    other = seal_of(subject=PUBLIC).seal(POSITION)

    assert_refused(replace(seal_of(secret=bytes(32)), former=(SECRET,)), other)
