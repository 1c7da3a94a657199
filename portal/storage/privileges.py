"""What a database's account may not do, in words."""

from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import DBAPIError

from portal.errors import Text


def privilege_refused(fault: BaseException) -> Text | None:
    """Return what to say of a statement that the account may not run, None for any other fault."""
    refusal = fault.orig if isinstance(fault, DBAPIError) else fault
    if not isinstance(refusal, InsufficientPrivilege):
        return None
    # PostgreSQL's own sentence names the table and no value of it.
    refused = str(refusal).splitlines()[0]
    return Text(
        en=f"the database's account may not do that ({refused}); name the owner's accounts, as `portal database init` "
        "printed them, in `PORTAL_OWNER_DATABASE_URL` and `PORTAL_OWNER_DATA_URL`, or as the target of a move",
        zh=f"数据库账户无此权限（{refused}）；请在 `PORTAL_OWNER_DATABASE_URL` 和 `PORTAL_OWNER_DATA_URL` 中"
        "指定 `portal database init` 所显示的属主账户，迁移时则指定为目标",
    )
