import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from portal.audit.records import (
    RecordPart,
    canonical_filter,
    hash_value,
    quota_day,
    render_record,
    render_time,
)
from portal.conditions.tree import Value
from portal.errors import ErrorCode
from portal.vocabulary import CaseReference, EntryCode, EntryIdentifier, ItemIdentifier, PolicyId
from tests.unit.audit.logs import ENTRY, PERMITTED, REFUSED

PART = RecordPart(
    entry=EntryCode("303001001/00002"),
    identifier=EntryIdentifier("villages"),
    items=("code",),
    filter='{"code":{"eq":"1"}}',
    rows=2,
    policies=((PolicyId("statute-0008"), 1),),
)


def test_permitted_record_is_rendered_in_its_canonical_form() -> None:
    assert render_record(PERMITTED).decode() == (
        '{"time":"2026-01-31T08:00:00.000000Z","subject":"application:demo-app","department":"11999999MB0000019T",'
        '"application":"demo-app","user":null,"entry":"303001001/00001","decision":"permit","rows":3,'
        '"identifier":"residents","mode":"query","purpose":"verification","matter":null,"items":["code","name"],'
        '"filter":{"name":{"eq":"hmac-sha256:00"}},"policies":[["statute-0007",2]],"code":null,"reasons":[],"epoch":7,'
        '"client_address":"192.0.2.1","duration_microseconds":812,"request_id":"4f3a","parts":[],'
        '"case":null,"operator":null}'
    )


def test_refused_record_holds_code_and_reasons() -> None:
    document = json.loads(render_record(REFUSED))
    assert document["decision"] == "deny"
    assert document["code"] == ErrorCode.ITEM_DENIED
    assert document["reasons"] == [["name", "ITEM_DENIED"]]
    assert document["filter"] is None


def test_linked_entry_is_a_part_of_its_record() -> None:
    document = json.loads(render_record(replace(PERMITTED, parts=(PART,))))
    assert document["parts"] == [
        {
            "entry": "303001001/00002",
            "identifier": "villages",
            "items": ["code"],
            "filter": {"code": {"eq": "1"}},
            "rows": 2,
            "policies": [["statute-0008", 1]],
        }
    ]


def test_every_field_of_a_record_is_rendered() -> None:
    changes: dict[str, object] = {
        "time": PERMITTED.time + timedelta(microseconds=1),
        "decision": REFUSED.decision,
        "code": ErrorCode.EXPIRED,
        "reasons": ((ItemIdentifier("code"), ErrorCode.EXPIRED),),
        "policies": (),
        "items": ("code",),
        "filter": None,
        "parts": (PART,),
        "rows": 4,
        "epoch": 8,
        "duration_microseconds": 1,
        "reference": CaseReference(operator="other"),
    }
    for name in PERMITTED.__dataclass_fields__:
        changed = replace(PERMITTED, **{name: changes.get(name, "other")})  # type: ignore[arg-type]
        assert render_record(changed) != render_record(PERMITTED), name


def test_text_that_utf_8_cannot_hold_is_never_recorded() -> None:
    with pytest.raises(TypeError):
        render_record(replace(PERMITTED, purpose="\ud800"))


def test_times_sort_as_text_and_are_utc() -> None:
    moment = datetime(2026, 1, 31, 16, 0, tzinfo=timezone(timedelta(hours=8)))
    assert render_time(moment) == "2026-01-31T08:00:00.000000Z"
    assert render_time(moment + timedelta(microseconds=1)) == "2026-01-31T08:00:00.000001Z"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 31, 15, 59, 59, 999999, tzinfo=UTC), date(2026, 1, 31)),
        (datetime(2026, 1, 31, 16, 0, tzinfo=UTC), date(2026, 2, 1)),
        (datetime(2026, 1, 31, 0, 0, tzinfo=timezone(timedelta(hours=-12))), date(2026, 1, 31)),
    ],
)
def test_quota_day_is_that_of_shanghai(moment: datetime, day: date) -> None:
    assert quota_day(moment) == day


def test_filter_has_one_text_whatever_the_order_of_its_members() -> None:
    assert canonical_filter({"b": [1, None], "a": "人口"}) == canonical_filter({"a": "人口", "b": [1, None]})
    assert canonical_filter({"b": [1, None], "a": "人口"}) == '{"a":"人口","b":[1,null]}'


def test_hashed_value_is_equal_for_equal_values_under_one_secret_alone() -> None:
    assert hash_value(b"secret", "张三") == hash_value(b"secret", "张三")
    assert hash_value(b"secret", "张三") != hash_value(b"other", "张三")
    assert hash_value(b"secret", "张三") != hash_value(b"secret", "张三 ")


def test_hashed_value_tells_types_apart() -> None:
    values: list[Value] = ["1", 1, True, Decimal(1), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01"]
    assert len({hash_value(b"secret", value) for value in values}) == len(values)


def test_hashed_value_is_hmac_sha_256_of_type_and_text() -> None:
    # printf 'str:name' | openssl dgst -sha256 -hmac secret
    assert hash_value(b"secret", "name") == (
        "hmac-sha256:1265517676595f1b77a228a8022160dd5e213c38a7c72b5d167f09d1cdfa8d77"
    )


def test_hashed_value_shows_nothing_of_the_value() -> None:
    assert ENTRY not in hash_value(b"secret", ENTRY)
