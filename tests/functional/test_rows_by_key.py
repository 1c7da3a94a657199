"""Rows by key over HTTP: one, and many at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.linked_bundle import NAMED, linked_bundle
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER
from tests.fixtures.small_bundle import entry, item
from tests.functional.test_links import refusal, shared


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(linked_bundle(), tmp_path_factory.mktemp("keys")) as world:
        yield world


def test_row_of_a_key_is_answered_with_its_links(world: PortalWorld) -> None:
    found = shared(world, 'villages_by_key(code: "9999990101") { called: name __typename street { name } }')
    assert found == {"villages_by_key": {"called": "东一村", "__typename": "villages", "street": {"name": "东街"}}}


@pytest.mark.clause("issue 3: null where not permitted or not there (indistinguishable)")
def test_row_not_permitted_is_answered_as_one_that_is_not_there(world: PortalWorld) -> None:
    there = world.ask(f'{{shared{{residents_by_key({NAMED}, code: "r5") {{name}}}}}}', by=CHECKER)
    absent = world.ask(f'{{shared{{residents_by_key({NAMED}, code: "r9") {{name}}}}}}', by=CHECKER)
    assert there.content == absent.content
    assert there.data == {"shared": {"residents_by_key": None}}


def test_rows_of_keys_come_in_their_order_as_often_as_asked(world: PortalWorld) -> None:
    keys = [{"code": code} for code in ("r3", "r5", "r1", "r9", "r3", "")]
    document = f"query ($keys: [residents_key!]!) {{shared{{residents_by_keys({NAMED}, keys: $keys) {{code}}}}}}"
    found = shared(world, document, keys=keys)["residents_by_keys"]
    assert found == [{"code": "r3"}, None, {"code": "r1"}, None, {"code": "r3"}, None]


def test_keys_of_several_items_are_matched_whole(world: PortalWorld) -> None:
    found = shared(
        world,
        f"""visits_by_keys({NAMED}, keys: [{{number: 6, place: "9999990101"}}, {{place: "9999990102", number: "6"}},
            {{number: 1, place: "9999990102"}}]) {{ resident whom {{ code }} }}
            visits_by_key({NAMED}, number: 4, place: "9999990101") {{ resident }}""",
    )
    assert found["visits_by_keys"] == [
        {"resident": "r3", "whom": {"code": "r3"}},
        {"resident": "r4", "whom": {"code": "r4"}},
        None,
    ]
    assert found["visits_by_key"] == {"resident": "r2"}


def test_a_thousand_keys_are_taken_and_one_more_is_not(world: PortalWorld) -> None:
    document = "query ($keys: [villages_key!]!) {shared{villages_by_keys(keys: $keys) {code}}}"
    keys = [{"code": f"x{number}"} for number in range(999)] + [{"code": "9999990101"}]
    assert shared(world, document, keys=keys)["villages_by_keys"] == [None] * 999 + [{"code": "9999990101"}]
    assert world.ask(document, by=CHECKER, variables={"keys": [*keys, keys[0]]}).codes == ["BAD_INPUT"]
    assert shared(world, document, keys=[])["villages_by_keys"] == []


def test_items_of_a_row_by_key_are_refused_as_always(world: PortalWorld) -> None:
    assert refusal(world, 'residents_by_key(code: "r1") { name }') == {
        "path": ["shared", "residents_by_key"],
        "code": "PURPOSE_REQUIRED",
        "items": ["code", "name"],
    }


def test_masked_keys_are_refused_as_compared(tmp_path: Path) -> None:
    draft = linked_bundle()
    draft.policies["verify"]["obligations"] = {"mask": {"code": {"hash": {}}}}
    with open_world(draft, tmp_path) as world:
        assert refusal(world, f'residents_by_key({NAMED}, code: "r1") {{ name }}') == {
            "path": ["shared", "residents_by_key"],
            "code": "MASKED_ITEM",
            "items": ["code"],
        }


@pytest.mark.parametrize("key", ['number: "one", place: "x"', 'number: 99999999999999999999, place: "x"'])
def test_keys_of_another_type_are_refused(world: PortalWorld, key: str) -> None:
    assert refusal(world, f"visits_by_key({NAMED}, {key}) {{ fee }}")["code"] == "BAD_INPUT"


def test_keys_must_be_whole_and_without_null(world: PortalWorld) -> None:
    for key in ("number: 1", "number: 1, place: null"):
        assert world.ask(f"{{shared{{visits_by_key({NAMED}, {key}) {{fee}}}}}}", by=CHECKER).codes == ["NOT_VALID"]


def test_fields_by_key_are_there_only_where_the_key_is_in_the_view(tmp_path: Path) -> None:
    draft = linked_bundle()
    draft.policies["names"]["items"] = ["name"]
    with open_world(draft, tmp_path) as world:
        answer = world.ask('{__type(name: "Shared") {fields {name}}}', by=OUTSIDER)
        names = {field["name"] for field in answer.data["__type"]["fields"]}
        assert {"villages", "villages_by_key", "villages_by_keys", "residents"} <= names
        assert not names & {"residents_by_key", "residents_by_keys"}
        assert world.ask('{shared{residents_by_key(code: "r1") {name}}}', by=OUTSIDER).codes == ["NOT_VALID"]


def test_name_that_an_entry_has_stays_the_entrys(tmp_path: Path) -> None:
    draft = linked_bundle()
    for number, name in enumerate(("villages_by_key", "streets_key", "areas_by_keys"), start=10):
        draft.entries[name] = entry(name, f"303001002/000{number}", [item("code"), item("title")])
        draft.rows[name] = ["code,title", "a,合成"]
    with open_world(draft, tmp_path) as world:
        assert shared(world, f"villages_by_key({NAMED}) {{ nodes {{ title }} }}")["villages_by_key"]["nodes"] == [
            {"title": "合成"}
        ]
        assert shared(world, 'streets_by_key(code: "99999901") { name }')["streets_by_key"] == {"name": "东街"}
        assert shared(world, f"areas_by_keys({NAMED}) {{ totalCount }}")["areas_by_keys"] == {"totalCount": 1}
        assert world.ask('{shared{streets_by_keys(keys: [{code: "a"}]) {name}}}', by=CHECKER).codes == ["NOT_VALID"]
        assert shared(world, 'villages_by_keys(keys: [{code: "9999990101"}]) { name }')["villages_by_keys"]
        answer = world.ask('{__type(name: "Shared") {fields {name}}}', by=CHECKER)
        assert answer.status == 200


def test_key_items_named_as_other_arguments_leave_the_field_out(tmp_path: Path) -> None:
    draft = linked_bundle()
    draft.entries["aims"] = entry("aims", "303001002/00010", [item("purpose"), item("title")])
    draft.rows["aims"] = ["purpose,title", "p,合成"]
    with open_world(draft, tmp_path) as world:
        assert world.ask('{shared{aims_by_key(purpose: "p") {title}}}', by=CHECKER).codes == ["NOT_VALID"]
        assert shared(world, f'aims_by_keys({NAMED}, keys: {{purpose: "p"}}) {{ title }}')["aims_by_keys"] == [
            {"title": "合成"}
        ]
