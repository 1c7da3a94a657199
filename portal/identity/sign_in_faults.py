"""Why nobody is signed in: a closed set of reasons, each with a sentence for the person at the browser."""

from enum import StrEnum

from portal.errors import ErrorCode, PortalError, Text


class SignInReason(StrEnum):
    """Why a sign-in came to nothing, as the audit names it."""

    NOT_OFFERED = "not_offered"
    RETURN_PATH = "return_path"
    STATE = "state"
    ISSUER = "issuer"
    REFUSED_BY_PROVIDER = "refused_by_provider"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    ID_TOKEN = "id_token"  # noqa: S105  the name of a reason
    NOT_REGISTERED = "not_registered"
    DORMANT = "dormant"


STATUSES = {
    SignInReason.NOT_OFFERED: 404,
    SignInReason.RETURN_PATH: 400,
    SignInReason.STATE: 400,
    SignInReason.ISSUER: 400,
    SignInReason.REFUSED_BY_PROVIDER: 403,
    SignInReason.PROVIDER_UNAVAILABLE: 503,
    SignInReason.ID_TOKEN: 403,
    SignInReason.NOT_REGISTERED: 403,
    SignInReason.DORMANT: 403,
}
"""HTTP statuses by reason."""

_SENTENCES = {
    SignInReason.NOT_OFFERED: Text(
        en="this portal offers no sign-in; its operator sets `PORTAL_OIDC_ISSUER`",
        zh="本门户未提供登录；请由运行单位设置 `PORTAL_OIDC_ISSUER`",
    ),
    SignInReason.RETURN_PATH: Text(
        en="`return_to` isn't a path of this portal; write it as `/console/changes`, or leave it out",
        zh="`return_to` 不是本门户的路径；请写作 `/console/changes` 的形式，或省略",
    ),
    SignInReason.STATE: Text(
        en="this sign-in wasn't begun in this browser, has ended, or was answered before; begin again at `/sign-in`",
        zh="此次登录并非在本浏览器发起，或已失效、已使用；请从 `/sign-in` 重新开始",
    ),
    SignInReason.ISSUER: Text(
        en="the answer isn't of the identity provider that was asked; begin again at `/sign-in`",
        zh="应答并非来自所请求的身份提供方；请从 `/sign-in` 重新开始",
    ),
    SignInReason.REFUSED_BY_PROVIDER: Text(
        en="the identity provider didn't sign you in; begin again at `/sign-in`, or ask its help desk",
        zh="身份提供方未予登录；请从 `/sign-in` 重新开始，或联系其服务台",
    ),
    SignInReason.PROVIDER_UNAVAILABLE: Text(
        en="the identity provider can't be reached, or says what can't be used; try again in a minute",
        zh="无法访问身份提供方，或其应答不可用；请稍后重试",
    ),
    SignInReason.ID_TOKEN: Text(
        en="what the identity provider says of you doesn't verify; begin again at `/sign-in`, and tell the portal's "
        "administrator if it happens again",
        zh="身份提供方的身份令牌未通过验证；请从 `/sign-in` 重新开始，若再次出现请告知门户管理员",
    ),
    SignInReason.NOT_REGISTERED: Text(
        en="the identity provider knows you, and this portal's register doesn't; ask the portal's administrator",
        zh="身份提供方已确认您的身份，但您未在本门户登记；请联系门户管理员",
    ),
    SignInReason.DORMANT: Text(
        en="your account wasn't used for 90 days, so it is stopped; ask the system administrator to register it anew",
        zh="您的账户已 90 天未使用，现已停用；请由系统管理员重新登记",
    ),
}


class SignInRefused(PortalError):
    """A sign-in that comes to nothing. `detail` is for the log alone, and holds nothing that somebody sent."""

    code = ErrorCode.UNAUTHENTICATED

    def __init__(self, reason: SignInReason, detail: str = "") -> None:
        super().__init__(_SENTENCES[reason])
        self.reason = reason
        self.detail = detail
