"""The options of commands by which people administer a portal; everything is text until a command has parsed it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

_By = Annotated[str, Option("--by", metavar="USER", help="Who acts: a registered user with that duty.")]
_Code = Annotated[str, Option("--code", metavar="N", help="The code of the person's second factor.")]
_Reason = Annotated[str, Option("--reason", metavar="TEXT", help="Why, for everybody who reads it later.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingOptions:
    """Who acts."""

    by: _By
    code: _Code = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOptions(ActingOptions):
    """What `portal change draft` is told."""

    file: Annotated[str, Argument(metavar="FILE", help="The change as JSON; `-` reads it from standard input.")]
    title: Annotated[str, Option("--title", metavar="TEXT", help="What is changed, in a line.")]
    reason: _Reason
    basis: Annotated[str, Option("--basis", metavar="TEXT", help="The law or decision that it rests on.")] = ""
    id: Annotated[str, Option("--id", metavar="N", help="Draft this change set anew.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOptions(ActingOptions):
    """What a command about one change set is told."""

    id: Annotated[str, Argument(metavar="N", help="The number of the change set.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions(ChangeOptions):
    """What a step of a change set is told."""

    note: Annotated[str, Option("--note", metavar="TEXT", help="What is to be said with it.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveOptions(JudgeOptions):
    """What `portal change approve` is told."""

    at: Annotated[str, Option("--at", metavar="TIME", help="From when on, with offset; left out: at once.")] = ""
    looked_at: Annotated[
        list[str], Option("--looked-at", metavar="SEAL", help="What `portal change report` ends with, of each entry.")
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChangesOptions(ActingOptions):
    """What `portal change list` is told."""

    state: Annotated[str, Option("--state", metavar="S", help="Only those in this state.")] = ""
    limit: Annotated[str, Option("--limit", metavar="N", help="How many at most.")] = "20"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeOptions(ActingOptions):
    """What `portal freeze` is told."""

    target: Annotated[
        str,
        Argument(
            metavar="WHAT",
            help="`item:CODE#ITEM`, `entry:CODE`, `department:CODE`, `application:ID` or `everything`.",
        ),
    ]
    reason: _Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftOptions(ActingOptions):
    """What `portal lift` is told."""

    freeze: Annotated[str, Argument(metavar="FREEZE", help="The freeze, such as `freeze:1`.")]
    reason: _Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions(ActingOptions):
    """What a command that brings in rows is told."""

    identifier: Annotated[str, Argument(metavar="IDENTIFIER", help="The entry's identifier in the catalog.")]
    file: Annotated[Path, Argument(metavar="FILE", help="A CSV or Parquet file with a column for each item.")]
    format: Annotated[
        str, Option("--format", metavar="F", help="`csv` or `parquet`; left out: by the file's ending.")
    ] = ""
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why, for the record of changes.")] = ""
    dry_run: Annotated[bool, Option("--dry-run", help="Print what would change; nothing is written.")] = False
