"""What is said of a register that can't stand, whatever it is written in: what is wrong, and how to mend it."""

from collections.abc import Sequence

from portal.catalog.members import shorten
from portal.errors import Text
from portal.vocabulary import Role

Said = tuple[Text, Text]
"""What is wrong, and how to mend it."""


def bad_credit_code(code: str) -> Said:
    """Return what to say of a department whose code isn't one."""
    return (
        Text(en=f"`{shorten(code)}` is no unified social credit code", zh=f"`{shorten(code)}` 不是统一社会信用代码"),
        Text(en="check its characters and its check digit", zh="请核对字符和校验码"),
    )


def roles_together(roles: Sequence[Role]) -> Said:
    """Return what to say of a person with these roles, of which nobody may have two (WH-24 KF-23)."""
    en, zh = " and ".join(f"`{role}`" for role in roles), "、".join(f"`{role}`" for role in roles)
    return (
        Text(en=f"{en} together", zh=f"同时具有 {zh}"),
        Text(
            en="administrators of system, policies and audit are different persons: keep one of them",
            zh="系统管理员、安全管理员、审计员须由不同人员担任：请只保留一个",
        ),
    )
