"""T10 to T12: whatever text a record holds, it is compared as it is written, and never evaluated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import casbin
import pytest

from portal.conditions.values import check_text
from portal.errors import BadInput
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision_point import DecisionPoint
from portal.policies.records import PolicyRecord
from portal.vocabulary import ApplicationId, Environment, GroupCode, Matter, NetworkZone, Subject
from tests.fixtures.hostile_text import FRAGMENTS, hostile_text
from tests.policies.building import (
    CONSUMER,
    MATCHERS,
    NOW,
    Document,
    entry,
    is_permitted_in,
    item,
    record,
    request,
    restriction,
    snapshot,
    use,
)

OF = entry([item("name")])
CANARY = "canary()"
EXPRESSIONS = (
    CANARY,
    f"eval({CANARY})",
    f"x') or {CANARY} or ('",
    f'"] or {CANARY} or ["',
    f"{{{CANARY}}}",
    f"%({CANARY})s",
    "r.subject.canary",
    "r_subject.canary",
    "p.record",
    "eval(p.record)",
    "True",
    "1 or 1",
    "not False",
    "__import__('os').system('true')",
    "(lambda: canary())()",
    "[canary() for _ in (1,)]",
    "9**3999999",
    "'a' * 99999999999",
    "regexMatch('x', '.*')",
    "g(r.subject, p.record)",
    "allow",
    "p, alice, data, read",
    "deny\np, 0, allow",
)
REWRITTEN = (
    "R&&D",
    "R&D",
    "a||b",
    "Urgent!",
    "!",
    "!=",
    "p.q",
    "a r.sub x",
    "r.subject",
    "p.eft == allow",
    "p2.x",
    "r2.sub",
    "a,b",
    "a, b",
    '"a"',
    "'a'",
    "a\\b",
    "a#b",
    "# a",
    " a",
    "a ",
    "a\tb",
    "a\r\nb",
    "(a)",
    "[a]",
    "{a}",
    "科（室）",
    "甲、乙，丙",
    "null",
    "NaN",
    "0",
    "-0",
    "1e3",
    "%",
    "_",
    "*",
    "?",
    "^a$",
    ".*",
    "a.b",
)


def rewritten(text: str) -> Iterator[str]:
    """Yield what a policy engine, a store or a pattern might take the text for; never the text itself."""
    replaced = (
        ("&&", "and"),
        ("&&", " and "),
        ("||", "or"),
        ("!", "not "),
        ("p.", "p_"),
        ("r.", "r_"),
        (",", ""),
        (".", "x"),
        ("*", "x"),
        ("%", "x"),
        ("_", "x"),
        ("?", "x"),
        ('"', ""),
        ("'", ""),
        ("\\", ""),
        ("\r\n", "\n"),
        ("（", "("),
        ("，", ","),
    )
    forms = [text.replace(old, new) for old, new in replaced]
    forms += [text.partition(sign)[0] for sign in "#,"]
    forms += [text.strip(), text.lower(), text.upper(), text + "x", "x" + text]
    yield from dict.fromkeys(form for form in forms if form and form != text)


@dataclass(frozen=True, slots=True)
class Said:
    """The text in each place of a request and row."""

    group: str
    application: str
    purpose: str
    matter: str
    name: str

    def subject(self) -> Subject:
        return Subject(
            department=CONSUMER,
            groups=(GroupCode(self.group),),
            application=ApplicationId(self.application),
            region="999999",
            matters=(Matter(self.matter),),
        )


def as_purpose(text: str) -> str:
    """Return the text as a purpose; a lone star is every purpose, and none."""
    return "star" if text == "*" else text


def texts_of(text: str) -> Document:
    """Return the members of a record that say the text wherever they may."""
    return {
        "consumer": f"group:{text}",
        "applications": [text],
        "purposes": [as_purpose(text)],
        "matters": [text],
        "condition": {"application": {"eq": text}, "groups": {"contains": text}, "region": {"notIn": [text]}},
        "scope": {"name": {"in": [text, "合成" + text]}},
        "basis": text,
    }


def permits(records: Mapping[str, PolicyRecord], said: Said, matchers: Mapping[ModelName, Matcher]) -> bool:
    asked = request(said.subject(), purpose=as_purpose(said.purpose))
    decision = DecisionPoint(snapshot([OF], records.values()), matchers).decide(asked, use("name"))
    return is_permitted_in(decision, {"name": said.name})


def check_text_decides_as_written(
    text: str, forms: list[str], matchers: Mapping[ModelName, Matcher] = MATCHERS
) -> None:
    """Check that a record applies where the text is said everywhere, and not where one place says another form."""
    free = record(OF, id="free", purposes=["*"])
    allow = {"allow": record(OF, **texts_of(text))}
    deny = {"free": free, "deny": restriction(OF, **texts_of(text))}
    same = Said(text, text, text, text, text)
    assert permits(allow, same, matchers)
    assert not permits(deny, same, matchers)
    for form in forms:
        for place in ("group", "application", "purpose", "matter", "name"):
            other = replace(same, **{place: form})
            assert not permits(allow, other, matchers), (place, form)
            assert permits(deny, other, matchers), (place, form)


def can_be_stored(text: str) -> bool:
    try:
        return bool(check_text(text))
    except BadInput:
        return False


def some_forms(text: str, draw: Random, count: int) -> list[str]:
    forms = list(rewritten(text))
    return draw.sample(forms, min(count, len(forms)))


@pytest.mark.parametrize("text", FRAGMENTS, ids=ascii)
@pytest.mark.clause("T10")
def test_t10_text_keeps_its_meaning_when_it_is_hostile(text: str) -> None:
    check_text_decides_as_written(text, list(rewritten(text))[:4])


@pytest.mark.heavy
@pytest.mark.clause("T10")
def test_t10_text_keeps_its_meaning_when_2000_hostile_texts_are_drawn() -> None:
    draw = Random("T10")
    for _ in range(2000):
        text = hostile_text(draw)
        check_text_decides_as_written(text, some_forms(text, draw, 2))


@pytest.mark.parametrize("text", REWRITTEN, ids=ascii)
@pytest.mark.clause("T12")
def test_t12_literal_decides_as_it_is_written_when_casbin_would_rewrite_it(text: str) -> None:
    check_text_decides_as_written(text, list(rewritten(text)))


@pytest.mark.heavy
@pytest.mark.clause("T12")
def test_t12_literal_decides_as_it_is_written_in_5000_drawn_cases() -> None:
    draw = Random("T12")
    for _ in range(5000):
        text = "".join(draw.choices((*REWRITTEN, "a", "Z", " "), k=draw.randint(1, 3)))
        check_text_decides_as_written(text, some_forms(text, draw, 1))


@dataclass(eq=False)
class Canary:
    """Counts how often it is called; a policy's text names it."""

    calls: int = 0

    def __call__(self, *_: object) -> bool:
        self.calls += 1
        return True


def watched_matchers(canary: Canary) -> Mapping[ModelName, Matcher]:
    """Return matchers in which the canary is a function of the models."""
    matchers = {name: Matcher(name) for name in ModelName}
    for matcher in matchers.values():
        matcher._enforcer.add_function("canary", canary)
    return matchers


def test_t11_canary_is_called_when_a_model_evaluates_stored_text(tmp_path: Path) -> None:
    # The positive control: this is what happens to a text in a model with `eval(`.
    canary, model = Canary(), tmp_path / "model.conf"
    model.write_text(
        "[request_definition]\nr = subject\n[policy_definition]\np = rule, eft\n"
        "[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\nm = eval(p.rule)\n"
    )
    enforcer = casbin.Enforcer(str(model))
    enforcer.add_function("canary", canary)
    enforcer.add_policy(CANARY, "allow")
    assert enforcer.enforce("anyone")
    assert canary.calls == 1


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.clause("T11")
def test_t11_text_is_never_evaluated_when_it_is_an_expression(text: str) -> None:
    canary = Canary()
    check_text_decides_as_written(text, list(rewritten(text))[:6], watched_matchers(canary))
    assert canary.calls == 0


@pytest.mark.heavy
@pytest.mark.clause("T11")
def test_t11_text_is_never_evaluated_in_2000_drawn_expressions() -> None:
    canary, draw = Canary(), Random("T11")
    matchers = watched_matchers(canary)
    parts = (*EXPRESSIONS, *REWRITTEN, *FRAGMENTS, " and ", " or ", "(", ")")
    for _ in range(2000):
        text = "".join(draw.choices(parts, k=draw.randint(1, 4)))
        check_text_decides_as_written(text, some_forms(text, draw, 1), matchers)
    assert canary.calls == 0


class WatchedSubject(Subject):
    """A subject with an attribute that nothing but evaluated text would read."""

    __slots__ = ()
    reads: int = 0

    @property
    def canary(self) -> bool:
        WatchedSubject.reads += 1
        return True


@pytest.mark.clause("T11")
def test_t11_attribute_is_never_read_when_a_text_names_it() -> None:
    watched = WatchedSubject(department=CONSUMER, groups=(GroupCode("r.subject.canary"),))
    found = record(OF, consumer="group:r.subject.canary", condition={"groups": {"contains": "r.subject.canary"}})
    decision = DecisionPoint(snapshot([OF], [found]), MATCHERS).decide(request(watched), use("name"))
    assert is_permitted_in(decision, {"name": "x"})
    assert WatchedSubject.reads == 0
    assert watched.canary


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\udfff"])
@pytest.mark.clause("T10")
def test_t10_text_that_cannot_be_stored_is_refused_by_the_reader(text: str) -> None:
    assert not can_be_stored(text)


@pytest.mark.clause("T10")
def test_t10_environment_is_compared_by_its_closed_values() -> None:
    found = record(OF, condition={"network_zone": {"eq": "government"}})
    zones = {zone: DecisionPoint(snapshot([OF], [found]), MATCHERS) for zone in (*NetworkZone, None)}
    asked = request()
    permitted = {
        zone
        for zone, point in zones.items()
        if is_permitted_in(point.decide(replace(asked, environment=Environment(NOW, zone)), use("name")), {})
    }
    assert permitted == {NetworkZone.GOVERNMENT}
