"""The report of a release in words, for people at the command line."""

from collections.abc import Iterator

from portal.administration.release_desk import ReleaseReport
from portal.administration.releasing import Release
from portal.administration.uniqueness import Combination, Encounter
from portal.conditions.values import render_instant
from portal.errors import Text


def render_release(release: Release, report: ReleaseReport) -> Iterator[Text]:
    """Yield the lines of a report: what is opened, what rows can be told apart by, and the seal of who looked at it."""
    found, entry, given = report.uniqueness, release.state.entry, ", ".join(release.given)
    since = render_instant(release.request.environment.now)
    yield Text(
        en=f"{entry.code} {entry.name}: everybody is given {given} from {since}",
        zh=f"{entry.code} {entry.name}：自 {since} 起向公众开放 {given}",
    )
    for combination in found.combinations:
        yield _combination(combination, found.smallest)
    if found.left_out:
        names = ", ".join(found.left_out)
        yield Text(en=f"  {names}: not weighed, rows can't be grouped by it", zh=f"  {names}：不能分组，未统计")
    for encounter in found.encounters:
        yield _encounter(encounter)
    if found.unweighed:
        yield Text(
            en=f"  {found.unweighed} further combinations or entries weren't weighed",
            zh=f"  另有 {found.unweighed} 个组合或条目未统计",
        )
    yield Text(en=f"  --looked-at {report.looked_at}", zh=f"  --looked-at {report.looked_at}")


def _combination(combination: Combination, smallest: int) -> Text:
    names, crowd = ", ".join(combination.items), combination.crowd
    if crowd is None:
        return Text(en=f"  {names}: couldn't be counted in time", zh=f"  {names}：未能及时统计")
    return Text(
        en=f"  {names}: {crowd.groups} groups of {crowd.rows} rows; {crowd.alone} rows alone in theirs, "
        f"{crowd.in_small} in groups of fewer than {smallest}",
        zh=f"  {names}：{crowd.rows} 行分为 {crowd.groups} 组；{crowd.alone} 行独自成组，"
        f"{crowd.in_small} 行所在的组少于 {smallest} 行",
    )


def _encounter(encounter: Encounter) -> Text:
    pairs, meeting = ", ".join(f"{own} = {its}" for own, its in encounter.pairs), encounter.meeting
    if meeting is None:
        return Text(
            en=f"  with {encounter.entry} by {pairs}: couldn't be counted in time",
            zh=f"  与 {encounter.entry} 按 {pairs} 关联：未能及时统计",
        )
    return Text(
        en=f"  with {encounter.entry} by {pairs}: {meeting.rows} rows fit one row of it alone, "
        f"{meeting.alone} of them as the only ones",
        zh=f"  与 {encounter.entry} 按 {pairs} 关联：{meeting.rows} 行恰好对应其中一行，"
        f"其中 {meeting.alone} 行为一一对应",
    )
