"""The interface description of an entry: what it says, to whom, and that its examples run as they stand."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.fixtures.linked_bundle import linked_bundle
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import (
    BYSTANDER,
    CHECKER,
    CLERK,
    HIDDEN_ITEM,
    KEEPER,
    OUTSIDER,
    PLANNER,
    RESIDENTS,
    ROAMER,
    VILLAGES,
    allow,
    sharing_bundle,
)
from tests.fixtures.small_bundle import CONSUMER, entry, item

pytestmark = pytest.mark.clause("A10")

DOCUMENT = "query ($code: String!) { catalogEntry(code: $code) { interfaceDescription } }"
EVERYONE = (None, CHECKER, PLANNER, OUTSIDER, ROAMER, CLERK, KEEPER, "application:quoting")
ODD = "303001001/00077"
MARKS = "303001001/00078"
TAKEN = "303001001/00079"
QUOTING = "application:quoting"
SECRETS = "303001001/00080"
"""All that may be read of it is masked."""
TYPES = ("string", "integer", "decimal", "boolean", "date", "datetime")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    keys = [item(f"a_{kind}", kind, **({"scale": 2} if kind == "decimal" else {})) for kind in TYPES]
    draft.entries["odd"] = entry(
        "odd", ODD, keys, key=[one["identifier"] for one in keys], name="a|b\n# c `d` <script>", abstract="*x* [y](z)"
    )
    draft.entries["cases"]["items"][1]["name"] = "嫌|疑"
    # Names of a key that arguments have too, and a name that another entry would have for its rows by key.
    marks = [item("after"), item("first"), item("where"), item("case")]
    draft.entries["marks"] = entry("marks", MARKS, marks, key=["after", "first", "where", "case"])
    draft.rows["marks"] = ["after,first,where,case", "1,1,1,1"]
    draft.entries["villages_by_key"] = entry("villages_by_key", TAKEN, [item("code"), item("other")])
    conditional = {"share_class": "conditional", "share_condition": "按三方协议"}
    draft.entries["secrets"] = entry("secrets", SECRETS, [item("code", **conditional)], **conditional)
    draft.policies["secret"] = {
        "id": "secret",
        **allow(SECRETS, f"department:{CONSUMER}", ["code"], obligations={"mask": {"code": {"hash": {}}}}),
    }
    draft.applications.append(f'quoting,引号应用,{BYSTANDER},"99""9;1",2,government,')
    draft.policies["quoted"] = {
        "id": "quoted",
        **allow(
            RESIDENTS, "application:quoting", ["code", "name", "born"], matters=['99"9'], purposes=["verification"]
        ),
    }
    with open_world(draft, tmp_path_factory.mktemp("world")) as opened:
        yield opened


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(linked_bundle(), tmp_path_factory.mktemp("linked")) as opened:
        yield opened


def description(world: PortalWorld, code: str, by: str | None, language: str = "en") -> str:
    answer = world.ask(DOCUMENT, by=by, variables={"code": code}, headers={"Accept-Language": language})
    found = answer.data["catalogEntry"]
    return "" if found is None else found["interfaceDescription"]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(f"```{language}\n(.*?)\n```", text, re.DOTALL)


def codes_of(world: PortalWorld) -> list[str]:
    return list(world.portal.road.keeper._kept.snapshot.state_by_code)  # type: ignore[union-attr]


def examples_run(world: PortalWorld, by: str | None) -> int:
    """Run every example of every entry as they stand; return how many there were."""
    assert world.ask("{ me { user } }", by=by).data
    count = 0
    for code in codes_of(world):
        text = description(world, code, by)
        for document in blocks(text, "graphql"):
            assert world.ask(document, by=by).data["shared"], document
            count += 1
        for command in blocks(text, "sh"):
            words = shlex.split(command)
            body = words[words.index("-d") + 1].encode()
            assert world.send(by=by, content=body).data["shared"]
            assert ("Authorization: Bearer $TOKEN" in words) is (by is not None)
    return count


@pytest.mark.parametrize("by", EVERYONE, ids=str)
def test_every_example_is_answered_to_whom_it_is_shown(world: PortalWorld, by: str | None) -> None:
    assert examples_run(world, by) >= 2


@pytest.mark.parametrize("by", [None, CHECKER, OUTSIDER], ids=str)
def test_every_example_with_links_is_answered_to_whom_it_is_shown(linked: PortalWorld, by: str | None) -> None:
    assert examples_run(linked, by) >= 3


def test_links_are_in_the_examples(linked: PortalWorld) -> None:
    texts = [description(linked, code, CHECKER) for code in codes_of(linked)]
    shown = [document for text in texts for document in blocks(text, "graphql")]
    assert any("street { " in document for document in shown)
    assert any("villages(first: 1) { nodes {" in document for document in shown)


def test_key_of_items_that_are_called_as_arguments_is_asked_for_as_it_stands(world: PortalWorld) -> None:
    (document,) = (one for one in blocks(description(world, MARKS, CHECKER), "graphql") if "_by_key" in one)
    assert world.ask(document, by=CHECKER).data["shared"]["marks_by_key"]["after"] == "1"


def test_rows_by_key_are_no_example_where_another_entry_has_the_name(world: PortalWorld) -> None:
    assert "villages_by_key" not in description(world, VILLAGES, CHECKER)
    assert "villages_by_key(" in description(world, TAKEN, CHECKER)


def test_groups_are_counted_by_an_item_that_is_shown_unmasked(world: PortalWorld) -> None:
    def grouped(code: str, by: str | None) -> list[tuple[str, str]]:
        return re.findall(r"groups\(by: \[(\w+)\], first: (\d+)\)", description(world, code, by))

    # For the purpose of the examples name, division, birth and income are shown masked.
    assert grouped(RESIDENTS, CHECKER) == [("seen", "10")]
    assert grouped(VILLAGES, None) == [("name", "10")]
    assert grouped(RESIDENTS, OUTSIDER) == [("name", "3")]
    assert grouped(SECRETS, CHECKER) == []


def test_matter_is_written_as_a_text(world: PortalWorld) -> None:
    assert 'matter: "99\\"9"' in description(world, RESIDENTS, QUOTING)


def test_rows_of_the_examples_stay_within_the_limit(world: PortalWorld) -> None:
    # The outsider may have three rows at once.
    assert "first: 3" in description(world, RESIDENTS, OUTSIDER)


def test_description_says_what_each_item_takes_and_whether_it_may_be_read(world: PortalWorld) -> None:
    lines = description(world, RESIDENTS, CHECKER).splitlines()
    name = next(line for line in lines if line.startswith("| `name`"))
    assert "| String(60) |" in name
    assert "`startsWith`" in name
    assert name.endswith("| conditional | for `WORK_REFERENCE`, `VERIFICATION` |")
    assert "| Decimal(.2) |" in next(line for line in lines if line.startswith("| `income`"))
    hidden = next(line for line in lines if line.startswith(f"| `{HIDDEN_ITEM}`"))
    assert "apply to the provider" in hidden
    assert "| `isNull` | no |" in next(line for line in lines if line.startswith("| `details`"))
    assert "| `code` | " in next(line for line in description(world, VILLAGES, None).splitlines() if "| `code`" in line)


def test_description_is_in_the_language_of_the_request(world: PortalWorld) -> None:
    text = description(world, RESIDENTS, CHECKER, "zh")
    assert "## 信息项" in text
    assert "| 有条件共享 | 用途：`WORK_REFERENCE`, `VERIFICATION` |" in text
    assert "Items" not in text


def test_subject_that_may_read_nothing_is_told_how_to_apply_and_shown_no_example(world: PortalWorld) -> None:
    text = description(world, RESIDENTS, KEEPER)
    assert blocks(text, "graphql")
    none = description(world, "303001001/00003", CHECKER)
    assert blocks(none, "graphql") == []
    assert "apply to the provider for `303001001/00003`" in none


def test_public_is_told_of_open_items_alone(world: PortalWorld) -> None:
    text = description(world, VILLAGES, None)
    assert "`name`" in text
    assert "`note`" not in text
    assert description(world, RESIDENTS, None) == ""


def test_words_of_the_catalog_mean_nothing_in_the_markdown(world: PortalWorld) -> None:
    text = description(world, ODD, CHECKER)
    assert text.startswith("# a\\|b \\# c \\`d\\` \\<script\\> `odd`\n\n\\*x\\* \\[y\\](z)\n")
    assert "嫌\\|疑" in description(world, "303001001/00003", CHECKER)


def test_entries_of_a_list_have_no_description(world: PortalWorld) -> None:
    nodes = world.ask("{ catalog { nodes { interfaceDescription } } }", by=CHECKER).data["catalog"]["nodes"]
    assert {node["interfaceDescription"] for node in nodes} == {None}
