from time import perf_counter

import pytest

from portal.errors import Language
from portal.resolvers.negotiation import (
    JSON_TYPE,
    RESPONSE_TYPE,
    Preference,
    is_json,
    parse_preferences,
    wanted_language,
    wanted_type,
)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ([], JSON_TYPE),
        ([""], JSON_TYPE),
        (["  "], JSON_TYPE),
        (["*/*"], JSON_TYPE),
        (["application/*"], JSON_TYPE),
        (["application/json"], JSON_TYPE),
        (["APPLICATION/JSON"], JSON_TYPE),
        (["application/graphql-response+json"], RESPONSE_TYPE),
        (["application/graphql-response+json; charset=utf-8, application/json; charset=utf-8"], RESPONSE_TYPE),
        (["application/json, application/graphql-response+json"], JSON_TYPE),
        (["application/json", "application/graphql-response+json;q=0.9"], JSON_TYPE),
        (["application/json;q=0.9, application/graphql-response+json"], RESPONSE_TYPE),
        (["application/json;q=0.001, application/graphql-response+json;q=0"], JSON_TYPE),
        (["application/json;q=0, */*"], RESPONSE_TYPE),
        (["*/*, application/json;q=0"], RESPONSE_TYPE),
        (["application/graphql-response+json;q=0, */*"], JSON_TYPE),
        (["application/graphql-response+json, */*"], RESPONSE_TYPE),
        (["*/*, application/graphql-response+json"], RESPONSE_TYPE),
        (["application/graphql-response+json;q=0.5, */*"], JSON_TYPE),
        (["application/*;q=0.2, */*;q=0.9, application/graphql-response+json;q=0.1"], JSON_TYPE),
        (["text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8"], JSON_TYPE),
        (['application/graphql-response+json; profile="a,b;q=0"'], RESPONSE_TYPE),
        (["text/html"], None),
        (["application/json;q=0"], None),
        (["*/*;q=0"], None),
        (["application/json;q=2"], None),
        (["application/json;q=nan"], None),
        (["application/json;q=-1"], None),
        (["application/json;q=0.1234"], None),
        (["application/json; charset=iso-8859-1"], None),
        (["application/jsonx"], None),
        ([","], None),
    ],
)
def test_wanted_type_is_the_one_weighted_highest(accept: list[str], media: str | None) -> None:
    assert wanted_type(accept) == media


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ([], Language.ENGLISH),
        (["zh"], Language.CHINESE),
        (["zh-CN,zh;q=0.9,en;q=0.8"], Language.CHINESE),
        (["zh-Hans-CN"], Language.CHINESE),
        (["ZH-tw"], Language.CHINESE),
        (["en, zh"], Language.ENGLISH),
        (["en;q=0.1, zh;q=0.2"], Language.CHINESE),
        (["en;q=0.1", "zh;q=0.2"], Language.CHINESE),
        (["zh;q=0, en;q=0.1"], Language.ENGLISH),
        (["zh;q=0"], Language.ENGLISH),
        (["zh;q=infinity"], Language.ENGLISH),
        (["zha, zho"], Language.ENGLISH),
        (["fr, *"], Language.ENGLISH),
        (["\x00\xff;;;==,,"], Language.ENGLISH),
    ],
)
def test_wanted_language_is_the_one_weighted_highest(accept_language: list[str], language: Language) -> None:
    assert wanted_language(accept_language) is language


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        (["application/json"], True),
        (["Application/JSON"], True),
        (["application/json; charset=utf-8"], True),
        (['application/json;charset="UTF-8"'], True),
        (["application/json; profile=x"], True),
        (["application/json; charset=utf-16"], False),
        (["application/json; charset=utf-16; charset=utf-8"], False),
        (["application/json, text/plain"], False),
        (["text/plain, application/json"], False),
        (["application/json", "application/json"], False),
        (["text/plain"], False),
        (["text/plain; application/json"], False),
        (["application/x-www-form-urlencoded"], False),
        (["multipart/form-data; boundary=application/json"], False),
        ([""], False),
        ([], False),
    ],
)
def test_json_is_taken_alone(content_type: list[str], taken: bool) -> None:
    assert is_json(content_type) is taken


def test_preferences_keep_order_parameters_and_weight() -> None:
    assert parse_preferences(['A/B; X="1,2"; q=0.5;, ;q=1, c/d;q=x', "e/f"]) == (
        Preference("a/b", {"x": "1,2", "": ""}, 0.5),
        Preference("e/f", {}, 1.0),
    )


@pytest.mark.clause("T66")
@pytest.mark.parametrize("piece", ['"', "\\", '"\\', '"a', '"a"', ",", ";", "a;q=", '"\\"', "a", "=;"])
def test_preferences_take_linear_time_when_a_header_is_hostile(piece: str) -> None:
    def seconds(length: int) -> float:
        header = piece * (length // len(piece))
        started = perf_counter()
        parse_preferences([header])
        return perf_counter() - started

    seconds(1000)
    # Sixteen times the length: quadratic work would take 256 times as long.
    assert min(seconds(64_000) for _ in range(3)) < 80 * max(min(seconds(4_000) for _ in range(3)), 0.0002)
