"""Records, agreements and trials over GraphQL: what administrators look at before and while they change it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.authority import agreement_document, authority, signed, signers
from tests.fixtures.office import (
    AUDITOR,
    DRAFTER,
    MANAGER,
    OFFICER,
    SYSTEM,
    UNCONFIRMED,
    checked,
    in_force,
    office_bundle,
)
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, HIDDEN_ITEM, RESIDENTS, allow
from tests.fixtures.small_bundle import CONSUMER, add_agreement

pytestmark = [pytest.mark.clause("NT-30"), pytest.mark.clause("NT-33"), pytest.mark.clause("WH-28")]

AGREEMENT = str(agreement_document()["id"])
LISTED = """query ($search: String, $resource: String, $consumer: String, $kinds: [PolicyKind!], $state: PolicyState,
    $first: Int! = 50, $after: String) {
  policies(search: $search, resource: $resource, consumer: $consumer, kinds: $kinds, state: $state,
    first: $first, after: $after) {
    nodes { id kind effect state consumer { key name } resource resourceName items purposes modes masked maxRows scoped
      conditional validFrom validUntil version }
    pageInfo { hasNextPage endCursor } totalCount
  }
}"""
DOSSIER = """query ($id: String!) { policy(id: $id) {
  id policy { id version items } versions { version document begunBy reason changeSet endedBy endReason endChangeSet }
} }"""
SHOWN = """query ($id: String!) { agreement(id: $id) {
  id version holds signatures { role department departmentName subject issuer flaw } faults { place what }
  sentences terms { term value sentences } policy { id } document remarks
} }"""
FORESEEN = """query ($change: Document!) { foreseenChange(change: $change) {
  isSound faults { place what mend } impact { who items way text } guarantees { name holds }
} }"""
TRIED = """query ($change: Document, $resource: String!, $rows: Document!, $application: String, $purpose: Purpose) {
  trial(change: $change, resource: $resource, rows: $rows, application: $application, purpose: $purpose) {
    items { item code policies cells { permitted value } } returned
  }
}"""
ROWS = [
    {"code": "r1", "name": "合成居民甲", "division": "99999901001", "income": "12.50", "children": "2"},
    {"code": "r2", "name": "合成居民乙", "division": "99999902001", "income": "-1.00", "born": None},
]
NUMBERS = {
    "put": [
        {
            "kind": "policy",
            "document": {
                "id": "numbers",
                **allow(RESIDENTS, f"department:{CONSUMER}", [HIDDEN_ITEM]),
                "obligations": {"mask": {HIDDEN_ITEM: {"partial": {"head": 6, "tail": 0}}}},
            },
        }
    ],
    "declare": {"purposes": ["verification"], "lasting": ["numbers"]},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = office_bundle()
    add_agreement(draft)
    draft.agreements[AGREEMENT] = signed(
        {
            **{name: value for name, value in draft.agreements[AGREEMENT].items() if name != "signatures"},
            "text": "使用方可查询居民 name，用于数据校核；自2026年1月1日起至2026年12月31日止。Not to be passed on.",
        }
    )
    with open_world(draft, tmp_path_factory.mktemp("world")) as opened:
        yield opened


def listed(world: PortalWorld, **variables: object) -> Any:  # noqa: ANN401
    return world.ask(LISTED, by=DRAFTER, variables=variables).data["policies"]


def ids(page: dict[str, Any]) -> list[str]:
    return [node["id"] for node in page["nodes"]]


def tried(world: PortalWorld, *, by: str = DRAFTER, **variables: object) -> Any:  # noqa: ANN401
    asked = {"resource": RESIDENTS, "rows": ROWS, "application": "checker", "purpose": "VERIFICATION", **variables}
    return world.ask(TRIED, by=by, variables=asked)


def test_records_are_found_by_what_they_name(world: PortalWorld) -> None:
    every = listed(world)
    assert every["totalCount"] == len(ids(every)) > 10
    assert ids(every) == sorted(ids(every))
    assert set(ids(listed(world, kinds=["RESTRICTION"]))) == {"poor"}
    of_consumer = listed(world, consumer=f"department:{CONSUMER}", resource=RESIDENTS)
    assert {"verify", "refer", AGREEMENT} <= set(ids(of_consumer))
    assert all(node["consumer"]["name"] == "使用方" for node in of_consumer["nodes"])
    assert ids(listed(world, search="使用方 VERIFY")) == ["verify"]
    assert ids(listed(world, search="no such words")) == []


def test_record_tells_its_terms_and_its_state(world: PortalWorld) -> None:
    (refer,) = (node for node in listed(world, search="refer")["nodes"] if node["id"] == "refer")
    assert (refer["kind"], refer["effect"], refer["state"]) == ("STATUTORY", "ALLOW", "IN_FORCE")
    assert (refer["purposes"], refer["modes"]) == (["WORK_REFERENCE"], ["QUERY"])
    assert HIDDEN_ITEM not in refer["items"]
    assert refer["masked"]
    (provided,) = listed(world, search="provider-residents")["nodes"]
    assert (provided["items"], provided["purposes"]) == (["*"], ["*"])
    assert [node["state"] for node in listed(world, search=AGREEMENT)["nodes"]] == ["IN_FORCE"]
    assert AGREEMENT not in ids(listed(world, state="ENDED"))


def test_pages_of_records_go_on_where_the_last_ended(world: PortalWorld) -> None:
    found, after = [], None
    while True:
        page = listed(world, first=4, after=after)
        found += ids(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == ids(listed(world))
    assert world.ask(LISTED, by=DRAFTER, variables={"first": 201}).codes == ["BAD_INPUT"]


@pytest.mark.parametrize("who", [OFFICER, AUDITOR, SYSTEM])
def test_those_who_view_changes_view_records(world: PortalWorld, who: str) -> None:
    assert ids(world.ask(LISTED, by=who, variables={"search": "verify"}).data["policies"]) == ["verify"]


@pytest.mark.parametrize("document", [LISTED, DOSSIER, SHOWN])
def test_nobody_else_views_records(world: PortalWorld, document: str) -> None:
    variables = {"id": "verify"}
    assert world.ask(document, by=UNCONFIRMED, variables=variables).codes == ["FORBIDDEN"]
    for who in (MANAGER, CHECKER, None):
        assert world.ask(document, by=who, variables=variables).codes[0] == "NOT_VALID"


def test_dossier_tells_every_version_and_who_brought_it(world: PortalWorld) -> None:
    change = {
        "put": [{"kind": "policy", "document": {"id": "seen", **allow(RESIDENTS, "group:readers", ["code"])}}],
        "declare": {"purposes": ["verification"], "lasting": ["seen"]},
    }
    first = in_force(world, change)
    change["put"][0]["document"]["items"] = ["name"]  # type: ignore[index]
    second = in_force(world, change)
    third = in_force(world, {"withdraw": [{"kind": "policy", "id": "seen"}]})
    told = world.ask(DOSSIER, by=OFFICER, variables={"id": "seen"}).data["policy"]
    assert told["policy"] is None
    assert [version["document"]["items"] for version in told["versions"]] == [["name"], ["code"]]
    assert [version["changeSet"] for version in told["versions"]] == [second["id"], first["id"]]
    assert [version["endChangeSet"] for version in told["versions"]] == [third["id"], second["id"]]
    assert told["versions"][0]["begunBy"] == "drafter, officer"
    loaded = world.ask(DOSSIER, by=OFFICER, variables={"id": "verify"}).data["policy"]
    assert (loaded["versions"][0]["changeSet"], loaded["policy"]["id"]) == (None, "verify")
    assert world.ask(DOSSIER, by=OFFICER, variables={"id": "never"}).data["policy"] is None


def test_agreement_is_verified_as_it_is_looked_at(world: PortalWorld) -> None:
    shown = world.ask(SHOWN, by=AUDITOR, variables={"id": AGREEMENT}).data["agreement"]
    assert (shown["holds"], shown["faults"], shown["policy"]["id"]) == (True, [], AGREEMENT)
    assert [one["role"] for one in shown["signatures"]] == ["CONSUMER", "PROVIDER", "AUTHORITY"]
    assert all(one["flaw"] is None and one["subject"] and one["issuer"] for one in shown["signatures"])
    assert shown["document"]["terms"]["resource"] == RESIDENTS


def test_terms_are_shown_beside_the_sentences_that_name_them(world: PortalWorld) -> None:
    shown = world.ask(SHOWN, by=AUDITOR, variables={"id": AGREEMENT}).data["agreement"]
    places = {(one["term"], one["value"]): one["sentences"] for one in shown["terms"]}
    assert shown["sentences"] == [
        "使用方可查询居民 name，用于数据校核；",
        "自2026年1月1日起至2026年12月31日止。",
        "Not to be passed on.",
    ]
    assert places["parties.consumer", CONSUMER] == [0]
    assert (places["items", "name"], places["purposes", "verification"], places["modes", "query"]) == ([0], [0], [0])
    assert [places[key] for key in places if key[0].startswith("valid_")] == [[1], [1]]
    assert places["items", "division"] == []


def test_agreement_whose_signer_is_revoked_says_whose(tmp_path: Any) -> None:  # noqa: ANN401
    draft = office_bundle()
    add_agreement(draft)
    with open_world(draft, tmp_path) as world:
        provider = next(role for role in signers() if role.value == "provider")
        revoked = authority().files(revoked=[signers()[provider].chain[0]])
        before = world.ask(SHOWN, by=AUDITOR, variables={"id": AGREEMENT}).data["agreement"]
        keys = [{"kind": "key", "document": {"path": path, "content": pem.decode()}} for path, pem in revoked.items()]
        in_force(world, {"withdraw": [{"kind": "agreement", "id": AGREEMENT}]})
        in_force(world, {"put": keys}, by=SYSTEM)
        shown = world.ask(SHOWN, by=AUDITOR, variables={"id": AGREEMENT}).data["agreement"]
    assert (before["holds"], shown["holds"]) == (True, False)
    flaws = {one["role"]: one["flaw"] for one in shown["signatures"]}
    assert "revoked" in flaws["PROVIDER"]
    assert (flaws["CONSUMER"], flaws["AUTHORITY"], shown["policy"]) == (None, None, None)


def without_moments(impact: list[dict[str, Any]]) -> list[str]:
    """Each effect's sentence but for the second it would begin in: two questions may fall into two of them."""
    said = [re.subn(r"from \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "from then", one["text"]) for one in impact]
    assert [times for _, times in said] == [1] * len(impact)
    return [text for text, _ in said]


def test_change_is_foreseen_as_it_would_be_checked_and_nothing_is_kept(world: PortalWorld) -> None:
    before = world.ask("{ changeSets { id } }", by=DRAFTER).data["changeSets"]
    told = world.ask(FORESEEN, by=DRAFTER, variables={"change": NUMBERS}).data["foreseenChange"]
    assert world.ask("{ changeSets { id } }", by=DRAFTER).data["changeSets"] == before
    assert told["isSound"]
    assert [one["items"] for one in told["impact"]] == [[HIDDEN_ITEM]]
    drafted = checked(world, NUMBERS)
    assert without_moments(drafted["assessment"]["impact"]) == without_moments(told["impact"])


def test_foreseen_change_that_is_faulty_says_where(world: PortalWorld) -> None:
    wrong = {"put": [{"kind": "policy", "document": {"id": "x", **allow(RESIDENTS, "department:none", ["nothing"])}}]}
    told = world.ask(FORESEEN, by=DRAFTER, variables={"change": wrong}).data["foreseenChange"]
    assert not told["isSound"]
    assert {fault["place"] for fault in told["faults"]} >= {"put[0].document.items"}
    form = world.ask(FORESEEN, by=DRAFTER, variables={"change": {"puts": []}}).data["foreseenChange"]
    assert form["faults"]
    assert world.ask(FORESEEN, by=UNCONFIRMED, variables={"change": NUMBERS}).codes == ["FORBIDDEN"]
    assert world.ask(FORESEEN, by=AUDITOR, variables={"change": NUMBERS}).codes[0] == "NOT_VALID"


def test_trial_shows_each_cell_as_a_request_would_be_given_it(world: PortalWorld) -> None:
    told = tried(world).data["trial"]
    by_item = {one["item"]: one for one in told["items"]}
    assert told["returned"] == [True, False]
    assert by_item["name"]["code"] is None
    assert by_item["name"]["cells"] == [
        {"permitted": True, "value": "合成居民甲"},
        {"permitted": False, "value": None},
    ]
    assert by_item["income"]["cells"][0] == {"permitted": True, "value": "12.50"}
    assert by_item["children"]["cells"][0]["value"] == "2"
    assert (by_item[HIDDEN_ITEM]["code"], by_item[HIDDEN_ITEM]["cells"]) == ("ITEM_DENIED", [])
    assert "verify" in by_item["name"]["policies"]


def test_trial_of_a_change_shows_what_it_would_open_masked(world: PortalWorld) -> None:
    rows = [{"code": "r1", HIDDEN_ITEM: "999999200001010017", "income": "1.00"}]
    told = tried(world, change=NUMBERS, rows=rows).data["trial"]
    (number,) = (one for one in told["items"] if one["item"] == HIDDEN_ITEM)
    assert number["cells"] == [{"permitted": True, "value": "999999************"}]
    assert tried(world, rows=rows).data["trial"]["items"] != told["items"]


def test_trial_reads_no_shared_row_and_is_on_record(world: PortalWorld) -> None:
    told = tried(world).data["trial"]
    assert all(len(one["cells"]) in (0, len(ROWS)) for one in told["items"])
    found = world.ask("{ auditRecords(act: POLICY_ASKED, first: 1) { nodes { target user } } }", by=AUDITOR)
    assert found.data["auditRecords"]["nodes"] == [{"target": f"try {RESIDENTS}", "user": "drafter"}]


@pytest.mark.parametrize(
    "variables",
    [
        {"rows": []},
        {"rows": [{}] * 51},
        {"rows": [{"unknown": "1"}]},
        {"rows": [{"children": "two"}]},
        {"rows": [{"children": 2}]},
        {"rows": ["text"]},
        {"rows": {"code": "1"}},
        {"resource": "303001001/99999"},
        {"application": "nobody"},
        {"change": {"put": []}},
        {"change": {"withdraw": [{"kind": "policy", "id": "never"}]}},
    ],
)
def test_trial_refuses_what_it_cannot_try(world: PortalWorld, variables: dict[str, Any]) -> None:
    assert tried(world, **variables).codes == ["BAD_INPUT"]


def test_trial_is_for_those_who_may_ask_and_with_a_change_for_those_who_may_draft(world: PortalWorld) -> None:
    assert tried(world, by=AUDITOR).data["trial"]["returned"] == [True, False]
    assert tried(world, by=MANAGER).data["trial"]["returned"] == [True, False]
    assert tried(world, by=AUDITOR, change=NUMBERS).codes == ["FORBIDDEN"]
    assert tried(world, by=UNCONFIRMED).codes == ["FORBIDDEN"]
    assert tried(world, by=CHECKER).codes[0] == "NOT_VALID"
