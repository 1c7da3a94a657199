import re
import tomllib
from typing import Any

import pytest

from portal.agreements.agreement import SigningRole
from portal.errors import ConfigurationError
from portal.regulations.profiles import load_profile, profile_names
from portal.resources import PACKAGE_FOLDER

NAMES = ("fujian-2010", "kaifeng-2019", "nantong-2015", "national-2025", "weihai-2016", "wuhai")
PREFIXES = dict(zip(NAMES, ("FJ", "KF", "NT", "ND", "WH", "WU"), strict=True))
NAMED_PURPOSES = ("administrative_basis", "work_reference", "verification", "business_collaboration")
UNITS = {
    "log_retention": "years",
    "smallest_group": "rows",
    "fault_answer": "working_days",
    "wish_answer": "working_days",
}


def rules_of(name: str) -> dict[str, Any]:
    document = tomllib.loads((PACKAGE_FOLDER / "regulations" / f"{name}.toml").read_text(encoding="utf-8"))
    return {key: rule for key, rule in document.items() if key != "title"}


def test_there_is_a_profile_for_each_of_the_six_regulations() -> None:
    assert profile_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_profile_has_its_title_the_named_purposes_and_three_signing_roles(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert re.search("共享", profile.title)
    assert profile.purposes[:4] == NAMED_PURPOSES
    assert set(profile.signing_roles) == set(SigningRole)
    assert profile.log_retention_years == 5
    assert profile.smallest_group == 5


@pytest.mark.parametrize("name", NAMES)
def test_rule_has_a_clause_of_its_regulation_or_is_marked_as_the_portal_s_default(name: str) -> None:
    rules = rules_of(name)
    assert set(rules) == {"purposes", "signing_roles", "log_retention", "smallest_group", "fault_answer", "wish_answer"}
    for key, rule in rules.items():
        source = {member: rule[member] for member in rule if member not in ("value", "unit")}
        clause = load_profile(name).clauses.get(key)
        assert source == ({"clause": clause} if clause else {"portal_default": True})
        assert clause is None or re.fullmatch(rf"{PREFIXES[name]}-\d+(-\d+)?", clause)
        assert rule.get("unit") == UNITS.get(key)


@pytest.mark.clause("NT-30")
def test_nantong_has_its_three_parties_sign_by_clause_30() -> None:
    profile = load_profile("nantong-2015")
    assert profile.signing_roles == ("consumer", "provider", "authority")
    assert profile.clauses["signing_roles"] == "NT-30"


@pytest.mark.clause("NT-26")
def test_nantong_keeps_logs_for_five_years_by_clause_26() -> None:
    profile = load_profile("nantong-2015")
    assert (profile.log_retention_years, profile.clauses["log_retention"]) == (5, "NT-26")


@pytest.mark.clause("KF-14")
def test_kaifeng_names_the_purposes_by_clause_14() -> None:
    assert load_profile("kaifeng-2019").clauses == {"purposes": "KF-14"}


@pytest.mark.parametrize("name", ["", "nantong", "../regulations/nantong-2015", "nantong-2015.toml", "NANTONG-2015"])
def test_unknown_profile_is_refused_naming_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_profile(name)
    assert ", ".join(NAMES) in refused.value.text.en
    assert "、".join(NAMES) in refused.value.text.zh
