"""Subjects as the register has them, for tokens that name them (enforcement.md §1)."""

from dataclasses import replace

import pytest

from portal.errors import Text, Unauthenticated
from portal.identity.authentication import subject_of
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.registry import (
    Application,
    ApplicationStatus,
    Department,
    DepartmentStatus,
    Registry,
    User,
    UserStatus,
)
from portal.vocabulary import (
    ApplicationId,
    DepartmentCode,
    GroupCode,
    Matter,
    NetworkZone,
    Role,
    Subject,
    UserId,
)
from tests.fixtures.tokens import NOW

CODE = DepartmentCode("11999999MB0000019T")
APPLICATION = Application(
    ApplicationId("app-1"), "合成应用", CODE, (Matter("m-1"), Matter("m-2")), 2, NetworkZone.GOVERNMENT, None
)
USER = User(UserId("u-1"), "合成用户", CODE, (Role.AUDITOR,), 3, NetworkZone.INTERNET)
DEPARTMENT = Department(CODE, "合成部门", "3706", (GroupCode("z"), GroupCode("a")))
REGISTRY = Registry({CODE: DEPARTMENT}, {}, {APPLICATION.id: APPLICATION}, {USER.id: USER})
CLAIMS = TokenClaims(SubjectKind.APPLICATION, "app-1", None, None, NOW, "synthetic-1")


@pytest.mark.parametrize(
    ("claims", "registry"),
    [
        (replace(CLAIMS, id="app-2"), REGISTRY),
        (replace(CLAIMS, id="u-1"), REGISTRY),
        (replace(CLAIMS, kind=SubjectKind.USER), REGISTRY),
        (replace(CLAIMS, kind=SubjectKind.USER, id="u-2"), REGISTRY),
        (CLAIMS, replace(REGISTRY, applications={})),
        (CLAIMS, replace(REGISTRY, departments={})),
        (replace(CLAIMS, kind=SubjectKind.USER, id="u-1"), replace(REGISTRY, departments={})),
        (CLAIMS, Registry()),
    ],
)
def test_subject_is_refused_when_not_registered_or_no_longer(claims: TokenClaims, registry: Registry) -> None:
    with pytest.raises(Unauthenticated) as refused:
        subject_of(claims, registry)
    assert "isn't registered" in refused.value.text.en
    assert "未登记" in refused.value.text.zh


def refusal(claims: TokenClaims, registry: Registry) -> Text:
    with pytest.raises(Unauthenticated) as refused:
        subject_of(claims, registry)
    return refused.value.text


@pytest.mark.clause("FJ-35")
@pytest.mark.clause("threats.md T55")
@pytest.mark.parametrize("status", [one for one in ApplicationStatus if one is not ApplicationStatus.APPROVED])
def test_application_that_is_not_approved_is_refused_as_one_that_is_not_registered(status: ApplicationStatus) -> None:
    registry = replace(REGISTRY, applications={APPLICATION.id: replace(APPLICATION, status=status)})
    assert refusal(CLAIMS, registry) == refusal(CLAIMS, Registry())


@pytest.mark.clause("threats.md T55")
def test_disabled_user_is_refused_as_one_that_is_not_registered() -> None:
    claims = replace(CLAIMS, kind=SubjectKind.USER, id="u-1")
    registry = replace(REGISTRY, users={USER.id: replace(USER, status=UserStatus.DISABLED)})
    assert refusal(claims, registry) == refusal(claims, Registry())


@pytest.mark.clause("threats.md T30")
@pytest.mark.parametrize("claims", [CLAIMS, replace(CLAIMS, kind=SubjectKind.USER, id="u-1")])
@pytest.mark.parametrize("status", [one for one in DepartmentStatus if one is not DepartmentStatus.ACTIVE])
def test_nobody_of_a_department_that_is_no_more_is_admitted(status: DepartmentStatus, claims: TokenClaims) -> None:
    registry = replace(REGISTRY, departments={CODE: replace(DEPARTMENT, status=status)})
    assert refusal(claims, registry) == refusal(claims, Registry())


def test_application_has_what_is_registered_when_the_token_says_no_more() -> None:
    assert subject_of(CLAIMS, REGISTRY) == (
        Subject(
            department=CODE,
            groups=(GroupCode("a"), GroupCode("z")),
            application=ApplicationId("app-1"),
            user=None,
            roles=(),
            region="3706",
            auth_level=2,
            matters=(Matter("m-1"), Matter("m-2")),
        ),
        NetworkZone.GOVERNMENT,
    )


def test_user_has_what_is_registered_when_the_token_says_no_more() -> None:
    assert subject_of(replace(CLAIMS, kind=SubjectKind.USER, id="u-1"), REGISTRY) == (
        Subject(
            department=CODE,
            groups=(GroupCode("a"), GroupCode("z")),
            application=None,
            user=UserId("u-1"),
            roles=(Role.AUDITOR,),
            region="3706",
            auth_level=3,
            matters=(),
        ),
        NetworkZone.INTERNET,
    )


@pytest.mark.parametrize("level", [0, 1, 3])
def test_level_and_zone_are_the_tokens_when_it_has_them(level: int) -> None:
    subject, zone = subject_of(replace(CLAIMS, auth_level=level, network_zone=NetworkZone.INTERNET), REGISTRY)
    assert subject.auth_level == level
    assert zone is NetworkZone.INTERNET


def test_attributes_are_missing_when_the_register_has_them_empty() -> None:
    department = replace(DEPARTMENT, region="", groups=())
    application = replace(APPLICATION, matters=(), auth_level=None, network_zone=None)
    registry = replace(REGISTRY, departments={CODE: department}, applications={application.id: application})
    subject, zone = subject_of(CLAIMS, registry)
    assert subject == Subject(department=CODE, application=ApplicationId("app-1"), auth_level=None)
    assert zone is None
