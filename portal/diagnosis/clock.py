"""The clock: this machine's against the database's, and against what was written last."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from portal.access.epochs import MAX_SKEW, ClockReading
from portal.diagnosis.findings import Area, Finding, fault, good
from portal.diagnosis.installation import Installation, kind_of
from portal.errors import Text
from portal.storage.addresses import DatabaseKind
from portal.storage.examining import RevisionState, examined, newest_record_time, revision_state
from portal.storage.postgresql_facts import examine_server

_SET = Text(
    en="set the clocks by a time server (`timedatectl set-ntp true`) on both machines",
    zh="请在两台机器上启用网络校时（`timedatectl set-ntp true`）",
)


def check_server_clock(installation: Installation) -> Iterator[Finding]:
    """Yield whether this machine's clock is the database's."""
    url = installation.settings.database_url
    if kind_of(url) is not DatabaseKind.POSTGRESQL:
        return
    clock = examine_server(url).clock
    skew = ClockReading(clock.server, clock.asked_at, clock.answered_at).skew
    if skew <= MAX_SKEW:
        yield good(Area.CLOCK, "skew", Text(en="the database's clock is this one's", zh="本机时钟与数据库一致"))
        return
    seconds = skew.total_seconds()
    yield fault(
        Area.CLOCK,
        "skew",
        Text(
            en=f"this machine's clock is {seconds:.1f} s off the database's: nothing is permitted",
            zh=f"本机时钟与数据库相差 {seconds:.1f} 秒：一律不予许可",
        ),
        _SET,
    )


def check_last_record(installation: Installation) -> Iterator[Finding]:
    """Yield whether the audit log comes from the past."""
    if not installation.has_database():
        return
    with examined(installation.settings.database_url) as connection:
        if revision_state(connection)[0] is not RevisionState.CURRENT:
            return
        last = newest_record_time(connection)
    if last is None:
        return
    ahead = datetime.fromisoformat(last) - installation.now
    if ahead <= MAX_SKEW + timedelta(seconds=1):
        yield good(Area.CLOCK, "last_record", Text(en=f"last record: {last}", zh=f"最后一条记录：{last}"))
        return
    yield fault(
        Area.CLOCK,
        "last_record",
        Text(
            en=f"the last audit record is of {last}, which is yet to come: the clock was wrong then, or is now",
            zh=f"最后一条审计记录的时间为 {last}，尚未到来：当时或现在的时钟有误",
        ),
        Text(
            en="set the clock; if it was wrong then, note the period: times in the log aren't right for it",
            zh="请校准时钟；若当时有误，请记下该时段：其间日志中的时间不准",
        ),
    )
