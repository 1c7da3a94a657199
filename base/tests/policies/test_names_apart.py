"""T32 and T34: names are opaque; what is nearly a name, or one of another kind, is none."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import pytest

from portal.conditions.tree import Membership
from portal.errors import ErrorCode
from portal.policies.decision import Decision, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.records import Consumer, ConsumerKind, PolicyRecord
from portal.vocabulary import (
    ApplicationId,
    DepartmentCode,
    EntryCode,
    GroupCode,
    ItemIdentifier,
    Matter,
    Role,
    Subject,
    UserId,
)
from tests.policies.building import (
    CHECKER,
    CODE,
    CONSUMER,
    MATCHERS,
    changed,
    code_of,
    entry,
    is_permitted_in,
    open_entry,
    permitted,
    point,
    record,
    request,
    restriction,
    snapshot,
    use,
)
from tests.policies.drawing import Names, draw_asked, draw_world, use_names
from tests.policies.plain_enforcer import both_permit

# What a single namespace would mix up: effects, kinds of consumers, roles, purposes, modes, Casbin's own words.
MEANINGFUL = (
    *("allow", "deny", "*", "any_department", "public", "department", "group", "application", "user"),
    *map(str, Role),
    *("verification", "work_reference", "query", "exchange", "999999-0001"),
    *("p", "g", "r", "e", "m", "eft", "p.eft", "r.subject", "True", "None", "null", "0", "1", "-1", "statute-1"),
    *("inspectors", "readers", "checker", "keeper", "clerk", "303001001/00001", "name", "residents"),
    *("department:x", "group:readers", "application:checker", "user:clerk", "role:auditor"),
)


def draw_names(draw: Random) -> Names:
    """Return names for everyone, different within a kind, and often the same across kinds."""
    few = draw.sample(MEANINGFUL, 4)
    return Names(
        departments=tuple(draw.sample(few, 3)),
        groups=tuple(draw.sample(few, 2)),
        applications=tuple(draw.sample(few, 3)),
        users=tuple(draw.sample(few, 2)),
    )


def decide(seed: str, names: Names) -> list[tuple[ErrorCode | None, bool]]:
    """Return the codes of decisions on a drawn world in which everyone is called so, and whether the row is in."""
    draw = Random(seed)
    world = draw_world(draw, names, 4)
    decider = DecisionPoint(snapshot(world.entries, world.records), MATCHERS)

    def verdict() -> tuple[ErrorCode | None, bool]:
        asked = draw_asked(draw, world, 1)
        decision: Decision = decider.decide(asked.request, Use(asked.entry.code, use_names(asked.items)))
        return code_of(decision), is_permitted_in(decision, asked.row)

    return [verdict() for _ in range(20)]


def check_renames(worlds: int, seed: str) -> Counter[ErrorCode | None]:
    """Check that verdicts are the same whatever everyone is called; return how many there were of each."""
    seen: Counter[ErrorCode | None] = Counter()
    for number in range(worlds):
        names = draw_names(Random(f"names {seed} {number}"))
        plain = decide(f"{seed} {number}", Names())
        assert decide(f"{seed} {number}", names) == plain, names
        seen.update(code for code, _ in plain)
    return seen


@pytest.mark.clause("T32")
def test_t32_verdicts_are_the_same_when_everyone_is_renamed() -> None:
    seen = check_renames(20, "light")
    assert seen[None] > 10
    assert len(seen) >= 4


@pytest.mark.heavy
@pytest.mark.clause("T32")
def test_t32_verdicts_are_the_same_when_everyone_is_renamed_10000_times() -> None:
    seen = check_renames(500, "heavy")
    assert seen.total() == 10_000
    assert min(seen.values()) >= 100, seen


@pytest.mark.parametrize("name", MEANINGFUL)
@pytest.mark.clause("T32")
def test_t32_subject_gets_nothing_by_its_name(name: str) -> None:
    # It is called like the consumer of each record in one way, and is none of them.
    everyone = (
        Subject(user=UserId(name), department=DepartmentCode("d"), auth_level=3),
        Subject(application=ApplicationId(name), department=DepartmentCode("d"), auth_level=3),
        Subject(groups=(GroupCode(name),), department=DepartmentCode("d"), auth_level=3),
        Subject(department=DepartmentCode(name), auth_level=3),
    )
    by_kind = {
        "user": record(condition={"user": {"eq": name}}, consumer=f"department:{CONSUMER}"),
        "application": record(consumer=f"application:{name}"),
        "group": record(consumer=f"group:{name}"),
        "department": record(consumer=f"department:{name}"),
    }
    for kind, found in by_kind.items():
        allowed = [subject for subject in everyone if both_permit([found], request(subject), "name")]
        own = {"user": [], "application": everyone[1:2], "group": everyone[2:3], "department": everyone[3:4]}[kind]
        assert allowed == list(own)


@pytest.mark.parametrize("role", Role)
@pytest.mark.clause("T32")
def test_t32_user_named_like_a_role_does_not_have_it(role: Role) -> None:
    found = record(condition={"roles": {"contains": role.value}})
    named = changed(CHECKER, user=UserId(role.value), application=ApplicationId(role.value), groups=(role.value,))
    holding = changed(CHECKER, roles=(role,))
    assert code_of(point(found).decide(request(named), use("name"))) is ErrorCode.CONDITION_FAILED
    assert code_of(point(found).decide(request(holding), use("name"))) is None


@pytest.mark.parametrize("name", ["public", "any_department"])
@pytest.mark.clause("T32")
def test_t32_consumer_of_that_name_is_not_everyone(name: str) -> None:
    for kind in ("group", "application", "department"):
        assert code_of(point(record(consumer=f"{kind}:{name}")).decide(request(), use("name"))) is not None


INVISIBLE = ("\u200b", "\u00a0", "\ufeff", "\u00ad", "\u2060", "\x00", "\n", "\t", " ")
GLOBS = ("*", "?", ".", "%", "_", ".*", "[a-z]", "\\d", "^", "$")


def _full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


def near_misses(name: str) -> list[str]:
    """Return at least a hundred texts that are nearly the name."""
    forms = [name[:cut] for cut in range(len(name))] + [name[cut:] for cut in range(1, len(name))]
    for place in range(len(name) + 1):
        head, tail = name[:place], name[place:]
        forms += [head + sign + tail for sign in INVISIBLE]
        forms += [head + sign + tail[1:] for sign in GLOBS if tail]
        forms += [head + _full_width(tail[0]) + tail[1:]] if tail else []
        forms += [head + tail[0].swapcase() + tail[1:]] if tail else []
    forms += [
        name + name,
        name + "_secret",
        name + "/..",
        f"/{name}",
        f"{name},",
        f'"{name}"',
        name[::-1],
        name + "\r\n",
    ]
    forms += ["*", ".*", "%", "", "^" + name + "$", name + "|x", name + "\u0301"]
    return list(dict.fromkeys(form for form in forms if form != name))


NAMES = {
    "department": CONSUMER,
    "group": "inspectors",
    "application": "checker",
    "purpose": "verification",
    "matter": "999999-0001",
    "item": "name",
    "constant": "999999",
}


def is_permitted(place: str, form: str) -> bool:
    """Return whether the request is permitted in which one place holds the form instead of the name."""
    named = {"applications": ["checker"], "matters": ["999999-0001"], "scope": {"division": {"eq": "999999"}}}
    consumer = f"department:{CONSUMER}" if place == "department" else "group:inspectors"
    subject = Subject(
        department=DepartmentCode(form if place == "department" else CONSUMER),
        groups=(GroupCode(form if place == "group" else "inspectors"),),
        application=ApplicationId(form if place == "application" else "checker"),
        matters=(Matter(form if place == "matter" else "999999-0001"),),
    )
    asked = request(subject, purpose=form if place == "purpose" else "verification")
    row = {"division": form if place == "constant" else "999999"}
    return both_permit([record(consumer=consumer, **named)], asked, form if place == "item" else "name", row)


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.clause("T34")
def test_t34_near_miss_is_denied(place: str) -> None:
    misses = near_misses(NAMES[place])
    assert len(misses) >= 100 or place in ("item", "constant")
    assert is_permitted(place, NAMES[place])
    assert [form for form in misses if is_permitted(place, form)] == []


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.clause("T34")
def test_t34_near_miss_of_a_deny_takes_nothing(place: str) -> None:
    denied: Mapping[str, Callable[[str], PolicyRecord]] = {
        "department": lambda form: changed(restriction(), consumer=Consumer(ConsumerKind.DEPARTMENT, form)),
        "group": lambda form: changed(restriction(), consumer=Consumer(ConsumerKind.GROUP, form)),
        "application": lambda form: changed(restriction(), applications=(form,)),
        "purpose": lambda form: changed(restriction(), purposes=(form,)),
        "matter": lambda form: changed(restriction(), matters=(form,)),
        "item": lambda form: changed(restriction(), items=(ItemIdentifier(form),)),
        "constant": lambda form: changed(restriction(), condition=Membership("region", (form,))),
    }
    one_matter = changed(CHECKER, matters=(Matter("999999-0001"),))
    for form in [NAMES[place], *near_misses(NAMES[place])]:
        permitted = both_permit([record(), denied[place](form)], request(one_matter), "name")
        assert permitted is (form != NAMES[place]), form


@pytest.mark.clause("T34")
def test_t34_near_miss_of_an_entry_is_another_entry() -> None:
    misses = [EntryCode(form) for form in near_misses(CODE)]
    assert len(misses) >= 100
    of = entry()
    others = [changed(of, code=code, identifier=f"e{place}") for place, code in enumerate(misses)]
    decider = DecisionPoint(snapshot([of, *others], [record()]), MATCHERS)
    assert code_of(decider.decide(request(), use("name"))) is None
    for code in misses:
        assert code_of(decider.decide(request(), replace(use("name"), entry=code))) is ErrorCode.ITEM_DENIED
    # And the other way round: records on the others give nothing here.
    strays = [changed(record(id=f"r{place}"), resource=code) for place, code in enumerate(misses)]
    decider = DecisionPoint(snapshot([of, *others], strays), MATCHERS)
    assert code_of(decider.decide(request(), use("name"))) is ErrorCode.ITEM_DENIED


@pytest.mark.clause("T34")
def test_t34_near_miss_of_a_region_is_outside_the_scope() -> None:
    found = record(scope={"division": {"startsWith": {"subject": "region"}}})
    decision = permitted(point(found).decide(request(), use("name")))
    assert is_permitted_in(decision, {"division": "99999901"})
    for form in ("99999", "9999 99", " 999999", _full_width("999999"), "99999%", "%999999", "*"):
        assert not is_permitted_in(decision, {"division": form})


@pytest.mark.clause("T34")
def test_t34_near_miss_of_a_providers_code_is_not_the_provider() -> None:
    of = open_entry(status=entry().status)
    own = record(of, id="own", kind="provider", consumer=f"department:{of.provider}", items=["*"], purposes=["*"])
    for form in near_misses(of.provider):
        asked = request(Subject(department=DepartmentCode(form)))
        assert code_of(point(own, of=of).decide(asked, use("note"))) is ErrorCode.ITEM_DENIED
