"""Twin worlds with links: cells that a subject may not read change no byte of what links, keys and refusals answer."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.fixtures.linked_bundle import VISITS, linked_bundle
from tests.fixtures.portal_world import open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, restrict
from tests.fixtures.small_bundle import BundleDraft

REQUESTS = 120
DEPTH = 4

ITEMS: Mapping[str, tuple[str, ...]] = {
    "areas": ("code", "name"),
    "streets": ("code", "name", "area_code"),
    "villages": ("code", "name", "street_code", "note"),
    "residents": ("code", "name", "division", "id_number"),
    "visits": ("number", "place", "resident", "fee", "details"),
}
LINKS: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "areas": {"streets": ("streets", True)},
    "streets": {"area": ("areas", False), "villages": ("villages", True)},
    "villages": {"street": ("streets", False), "residents": ("residents", True)},
    "residents": {"village": ("villages", False), "visits": ("visits", True)},
    "visits": {"whom": ("residents", False)},
}
KEYS: Mapping[str, tuple[str, ...]] = {name: ("number", "place") if name == "visits" else ("code",) for name in ITEMS}
FOR_CHECKER = {
    **ITEMS,
    "residents": ("code", "name", "division"),
    "visits": ("number", "place", "resident"),
}
FOR_OUTSIDER = {**{name: ITEMS[name] for name in ("areas", "streets", "villages")}, "residents": ("code", "name")}
FOR_PUBLIC = {"streets": ("code", "name"), "villages": ("code", "name", "street_code")}
OPERANDS = ["999999", "99999901", "9999990101", "9999990201", "r1", "r5", "r7", "甲", "东", "隐", ""]


def restricted() -> BundleDraft:
    """The linked bundle, where visits to r2 are kept from those who inspect, and some visits are to who isn't seen."""
    draft = linked_bundle()
    draft.policies["quiet"] = {
        "id": "quiet",
        **restrict(VISITS, "group:inspectors", scope={"resident": {"eq": "r2"}}),
    }
    draft.rows["visits"] += ["7,9999990201,r5,3.00,", "8,9999990201,r7,3.00,", "9,9999990101,r2,3.00,"]
    return draft


def change(draft: BundleDraft, name: str, before: str, after: str) -> None:
    """Change the one line of an entry's rows that begins so."""
    lines = draft.rows[name]
    (place,) = (number for number, line in enumerate(lines) if line.startswith(before))
    lines[place] = after


def for_checker(draft: BundleDraft) -> None:
    """Numbers of all, what no scope reads of r5 and r6, what masks hide of fees, all but whom of visits to r2."""
    change(draft, "residents", "r1,", "r1,合成甲一,9999990101,隐")
    change(draft, "residents", "r5,", "r7,隐,9999990201,隐")
    change(draft, "residents", "r6,", "r5,,,隐")
    change(draft, "visits", "1,", '1,9999990101,r1,17.49,"{""a"": 1.0}"')
    change(draft, "visits", "2,", "2,9999990101,r1,20.00,")
    change(draft, "visits", "9,", "99,9999990102,r2,,1")


def for_outsider(draft: BundleDraft) -> None:
    """Divisions and numbers of all residents, and every visit."""
    draft.rows["residents"] = [
        re.sub(r"^(r[0-9],[^,]*),.*", r"\1,9999990301,隐", line) for line in draft.rows["residents"]
    ]
    draft.rows["visits"] = [draft.rows["visits"][0], "1,9999990301,r1,1.00,"]


def for_public(draft: BundleDraft) -> None:
    """Whatever isn't open."""
    draft.rows["areas"] = ["code,name", "999998,隐"]
    draft.rows["streets"] = [re.sub(",99999[0-9]$", ",999998", line) for line in draft.rows["streets"]]
    draft.rows["villages"] = [re.sub(",[甲乙]?$", ",隐", line) for line in draft.rows["villages"]]
    for_outsider(draft)
    draft.rows["residents"] = draft.rows["residents"][:2]


@dataclass(frozen=True)
class Drawing:
    """Documents that walk along links, drawn at random, mostly along what the subject knows: entries with items."""

    draw: Random
    action: str
    known: Mapping[str, tuple[str, ...]]

    def items(self, entry: str) -> tuple[str, ...]:
        """Items to draw from: now and then any."""
        return self.known[entry] if entry in self.known and self.draw.random() < 0.97 else ITEMS[entry]

    def document(self) -> str:
        """A document of one or two root fields."""
        fields = (
            f"f{number}: {self.root(self.draw.choice([*self.known]))}" for number in range(self.draw.choice([1, 1, 2]))
        )
        return f"{{shared{{{' '.join(fields)}}}}}"

    def root(self, entry: str) -> str:
        """A root field: a page, or rows by key."""
        action = self.draw.choice([self.action] * 12 + ["purpose: WORK_REFERENCE", ""])
        kind = self.draw.random()
        if kind < 0.7:
            return self.connection(entry, entry, DEPTH, action)
        if kind < 0.85:
            return f"{entry}_by_key({', '.join(filter(None, [action, self.key(entry)]))}) {self.node(entry, DEPTH)}"
        keys = ", ".join(f"{{{self.key(entry)}}}" for _ in range(3))
        return f"{entry}_by_keys({', '.join(filter(None, [action, f'keys: [{keys}]']))}) {self.node(entry, DEPTH)}"

    def key(self, entry: str) -> str:
        """The items of a key."""
        return ", ".join(f"{name}: {self.operand(name)}" for name in KEYS[entry])

    def operand(self, name: str) -> str:
        """A value of an item, perhaps a hidden one."""
        if name in ("number", "fee"):
            return str(self.draw.choice([1, 2, 7, 9, 99]))
        return json.dumps(self.draw.choice(OPERANDS), ensure_ascii=False)

    def connection(self, name: str, entry: str, depth: int, action: str = "") -> str:
        """A field that gives a connection."""
        arguments = [action] if action else []
        if self.draw.random() < 0.3:
            item = self.draw.choice(self.items(entry))
            test = (
                "isNull: false"
                if item == "details"
                else f"{self.draw.choice(['eq', 'gte', 'ne'])}: {self.operand(item)}"
            )
            arguments.append(f"where: {{{item}: {{{test}}}}}")
        if self.draw.random() < 0.3:
            arguments.append(f"orderBy: {{{self.draw.choice(self.items(entry))}: DESC}}")
        if self.draw.random() < 0.3:
            arguments.append(f"first: {self.draw.choice([1, 2, 100])}")
        shown = self.draw.sample(
            [
                "totalCount",
                "pageInfo {hasNextPage endCursor}",
                f"nodes {self.node(entry, depth)}",
                f"edges {{cursor node {self.node(entry, depth)}}}",
                "access {policies validUntil}",
            ],
            2,
        )
        return f"{name}{f'({chr(44).join(arguments)})' if arguments else ''} {{{' '.join(shown)}}}"

    def node(self, entry: str, depth: int) -> str:
        """The selections of a node: some items, and links as long as there is depth left."""
        shown = self.draw.sample(self.items(entry), self.draw.choice([1, 2]))
        for name, (target, many) in LINKS[entry].items() if depth else ():
            if self.draw.random() < (0.6 if target in self.known else 0.03):
                below = self.connection(name, target, depth - 1) if many else f"{name} {self.node(target, depth - 1)}"
                shown.append(below)
        return f"{{{' '.join(dict.fromkeys(shown))}}}"


def without_cursors(content: bytes) -> bytes:
    """The answer with cursors of the same length that say nothing: each is sealed anew."""
    return re.sub(rb'("(?:cursor|endCursor)":")([^"]*)', lambda found: found[1] + b"#" * len(found[2]), content)


@pytest.mark.clause("enforcement.md §7")
@pytest.mark.parametrize(
    ("by", "twin", "action", "known"),
    [
        (CHECKER, for_checker, 'purpose: VERIFICATION, matter: "999999-0001"', FOR_CHECKER),
        (OUTSIDER, for_outsider, "purpose: VERIFICATION", FOR_OUTSIDER),
        (None, for_public, "", FOR_PUBLIC),
    ],
    ids=["checker", "outsider", "public"],
)
def test_links_answer_alike_when_only_hidden_cells_differ(
    by: str | None,
    twin: Callable[[BundleDraft], None],
    action: str,
    known: Mapping[str, tuple[str, ...]],
    tmp_path: Path,
) -> None:
    other = restricted()
    twin(other)
    drawing = Drawing(Random(20261121), action, known)
    with open_world(restricted(), tmp_path / "one") as one, open_world(other, tmp_path / "other") as another:
        told, shown = [], 0
        for _ in range(REQUESTS):
            document = drawing.document()
            answers = [world.ask(document, by=by) for world in (one, another)]
            if without_cursors(answers[0].content) != without_cursors(answers[1].content):
                told.append((document, *(answer.content.decode() for answer in answers)))
            shown += not answers[0].errors
    assert told == []
    assert shown >= REQUESTS / 4, f"only {shown} of {REQUESTS} were answered, so the rest says little"


def test_twins_differ_where_the_hidden_is_shown(tmp_path: Path) -> None:
    """Someone who may read more tells the worlds apart: the cells are there, and links lead to them."""
    other = restricted()
    for_checker(other)
    document = "{shared{residents{nodes{code id_number}} visits{nodes{number whom{name}}}}}"
    keeper = "user:keeper"
    with open_world(restricted(), tmp_path / "one") as one, open_world(other, tmp_path / "other") as another:
        assert one.ask(document, by=keeper).data != another.ask(document, by=keeper).data
