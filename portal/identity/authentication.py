"""From a verified token to the subject that it stands for, as the register has it now (enforcement.md §1)."""

from typing import assert_never

from portal.errors import Text, Unauthenticated
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.registry import Application, Registry, User, is_admitted
from portal.vocabulary import ApplicationId, NetworkZone, Subject, UserId


def subject_of(claims: TokenClaims, registry: Registry) -> tuple[Subject, NetworkZone | None]:
    """Return the subject and its network zone: level and zone as the token has them, or else the register.

    Everything else is the register's, so a token gives no more than was registered when it is used. What is empty is
    missing.
    Raises: Unauthenticated where the application, user or department isn't registered, or not in good standing any
    more: in the same words, from the next request on.
    """
    application, user = _registered(claims, registry)
    registered = application or user
    department = registry.departments.get(registered.department) if registered else None
    if registered is None or department is None or not is_admitted(registered, registry):
        raise Unauthenticated(
            Text(
                en="the token's subject isn't registered, or no longer; ask the portal's administrator",
                zh="令牌的主体未登记或已注销；请联系门户管理员",
            )
        )
    subject = Subject(
        department=department.code,
        groups=tuple(sorted(department.groups)),
        application=application.id if application else None,
        user=user.id if user else None,
        roles=user.roles if user else (),
        region=department.region or None,
        auth_level=registered.auth_level if claims.auth_level is None else claims.auth_level,
        matters=application.matters if application else (),
    )
    return subject, claims.network_zone or registered.network_zone


def _registered(claims: TokenClaims, registry: Registry) -> tuple[Application | None, User | None]:
    match claims.kind:
        case SubjectKind.APPLICATION:
            return registry.applications.get(ApplicationId(claims.id)), None
        case SubjectKind.USER:
            return None, registry.users.get(UserId(claims.id))
    assert_never(claims.kind)
