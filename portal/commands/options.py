"""The options of each command as frozen values, filled by typer; everything is text until a command has parsed it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

_Application = Annotated[str, Option("--application", metavar="ID", help="Ask as this registered application.")]
_User = Annotated[str, Option("--user", metavar="ID", help="Ask as this registered user.")]
_Public = Annotated[bool, Option("--public", help="Ask as the public, without department.")]


@dataclass(frozen=True, slots=True)
class NoOptions:
    """A command without options."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What `portal load` is told."""

    folder: Annotated[Path, Argument(metavar="DIR", help="The bundle's folder.")]
    check: Annotated[bool, Option("--check", help="Only check the bundle; nothing is written.")] = False
    diff: Annotated[bool, Option("--diff", help="Print what would change; nothing is written.")] = False
    by: Annotated[str, Option("--by", metavar="NAME", help="Who loads, for the record of changes.")] = ""
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why, for the record of changes.")] = ""
    no_derive: Annotated[
        bool, Option("--no-derive", help="Write no unconditional and open records from the catalog.")
    ] = False


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What `portal export` is told."""

    folder: Annotated[Path, Argument(metavar="DIR", help="A new or empty folder.")]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `portal serve` is told."""

    host: Annotated[str, Option("--host", metavar="H", help="The address to listen on.")] = "127.0.0.1"
    port: Annotated[str, Option("--port", metavar="N", help="The port to listen on.")] = "8000"
    workers: Annotated[str, Option("--workers", metavar="N", help="How many processes answer.")] = "1"


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """What `portal token` is told. Level and zone left out are the register's."""

    application: Annotated[str, Option("--application", metavar="ID", help="The application that is to use it.")] = ""
    user: Annotated[str, Option("--user", metavar="ID", help="The user who is to use it.")] = ""
    auth_level: Annotated[str, Option("--auth-level", metavar="N", help="0 to 3; left out: as registered.")] = ""
    network_zone: Annotated[
        str, Option("--network-zone", metavar="Z", help="`government` or `internet`; left out: as registered.")
    ] = ""
    ttl: Annotated[str, Option("--ttl", metavar="SECONDS", help="How long it is good, at most 86400.")] = "3600"
    by: Annotated[str, Option("--by", metavar="USER", help="The registered user who has it made, for the record.")] = ""


@dataclass(frozen=True, slots=True)
class RevokeOptions:
    """What `portal tokens revoke` is told."""

    token: Annotated[
        str, Argument(metavar="TOKEN", help="The token, or its id (`jti`); `-` reads it from standard input.")
    ]
    by: Annotated[str, Option("--by", metavar="USER", help="The registered user who revokes it.")] = ""


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What `portal query` is told."""

    file: Annotated[str, Argument(metavar="FILE", help="The GraphQL document; `-` reads it from standard input.")]
    application: _Application = ""
    user: _User = ""
    public: _Public = False
    variables: Annotated[
        str, Option("--variables", metavar="JSON", help="The document's variables, a JSON object.")
    ] = ""


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """What `portal explain` is told."""

    resource: Annotated[str, Option("--resource", metavar="CODE", help="The entry's code in the catalog.")]
    application: _Application = ""
    user: _User = ""
    public: _Public = False
    purpose: Annotated[str, Option("--purpose", metavar="P", help="The stated purpose.")] = ""
    mode: Annotated[str, Option("--mode", metavar="M", help="`query`, `exchange`, `service` or `processing`.")] = (
        "query"
    )
    matter: Annotated[str, Option("--matter", metavar="X", help="The business matter's code.")] = ""
    case: Annotated[str, Option("--case", metavar="N", help="The number of the business case.")] = ""
    operator: Annotated[str, Option("--operator", metavar="NAME", help="The person who handles the case.")] = ""
    at: Annotated[str, Option("--at", metavar="TIME", help="As 2026-01-31T08:00:00+08:00; left out: now.")] = ""
    item: Annotated[list[str], Option("--item", metavar="I", help="Only these items; may be given several times.")] = (
        field(default_factory=list)
    )
    more_items: Annotated[list[str], Argument(metavar="I", hidden=True)] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SchemaOptions:
    """What `portal schema` is told."""

    application: _Application = ""
    user: _User = ""
    public: _Public = False


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """What `portal backup` is told."""

    file: Annotated[str, Argument(metavar="FILE", help="The new file of the backup.")] = ""
    key: Annotated[
        str, Option("--key", metavar="FILE", help="The public key to seal it to; left out: `PORTAL_BACKUP_KEY`.")
    ] = ""
    new_key: Annotated[
        str, Option("--new-key", metavar="FILE", help="Make a pair of keys instead; the private one goes there.")
    ] = ""


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """What `portal restore` is told."""

    file: Annotated[Path, Argument(metavar="FILE", help="The file of the backup.")]
    key: Annotated[Path, Option("--key", metavar="FILE", help="The private key that opens it.")]
    by: Annotated[str, Option("--by", metavar="NAME", help="Who restores, for the record of changes.")] = ""
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why, for the record of changes.")] = ""


@dataclass(frozen=True, slots=True)
class MoveOptions:
    """What `portal move` is told."""

    to_database: Annotated[
        str, Option("--to-database", metavar="URL", help="Where the portal's own database is to be; empty until now.")
    ]
    to_data: Annotated[str, Option("--to-data", metavar="URL", help="Where the data store is to be; empty until now.")]


@dataclass(frozen=True, slots=True)
class ReconcileOptions:
    """What `portal reconcile` is told."""

    accept_loss: Annotated[
        bool, Option("--accept-loss", help="Lift the quarantine although something is missing; two people say so.")
    ] = False
    by: Annotated[str, Option("--by", metavar="NAME", help="One who accepts the loss.")] = ""
    and_by: Annotated[str, Option("--and", metavar="NAME", help="The other who accepts the loss.")] = ""
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why the loss is accepted.")] = ""


_MayReadBy = Annotated[
    str,
    Option(
        "--by",
        metavar="USER",
        help="Only what this registered user may read; left out: the machine's operator reads all.",
    ),
]

_Code = Annotated[str, Option("--code", metavar="N", help="The code of the person's second factor.")]


@dataclass(frozen=True, slots=True)
class TailOptions:
    """What `portal audit tail` is told."""

    lines: Annotated[str, Option("--lines", metavar="N", help="How many records to begin with.")] = "10"
    by: _MayReadBy = ""
    code: _Code = ""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What `portal audit verify` is told."""

    witness: Annotated[
        list[str],
        Option(
            "--witness", metavar="PLACE", help="A folder or URL that keeps checkpoints; may be given several times."
        ),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WitnessOptions:
    """What `portal audit witness` is told."""

    folder: Annotated[Path, Option("--folder", metavar="DIR", help="Where checkpoints are kept.")]
    key: Annotated[Path, Option("--key", metavar="PEM", help="The public audit key of the portal.")]
    host: Annotated[str, Option("--host", metavar="H", help="The address to listen on.")] = "127.0.0.1"
    port: Annotated[str, Option("--port", metavar="N", help="The port to listen on.")] = "8600"


@dataclass(frozen=True, slots=True)
class RotateOptions:
    """What `portal keys rotate` is told."""

    name: Annotated[str, Argument(metavar="NAME", help="`tokens`, `cursors` or `masks`.")]
    at_once: Annotated[bool, Option("--at-once", help="The former key counts no more, as one that was stolen.")] = False
    prepare: Annotated[bool, Option("--prepare", help="Only make the key; `portal keys activate` uses it.")] = False
    yes: Annotated[bool, Option("--yes", help="Masks may change.")] = False


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What `portal database init` is told."""

    url: Annotated[str, Argument(metavar="URL", help="The server, as an account that may make databases and roles.")]
    name: Annotated[str, Option("--name", metavar="NAME", help="What databases and accounts are called.")] = "portal"


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What `portal audit search` is told."""

    subject: Annotated[str, Option("--subject", metavar="S", help="Of this subject, as application:ID or user:ID.")] = (
        ""
    )
    department: Annotated[str, Option("--department", metavar="D", help="Of this department, by its code.")] = ""
    entry: Annotated[str, Option("--entry", metavar="CODE", help="On this entry, by its code in the catalog.")] = ""
    since: Annotated[str, Option("--since", "--from", metavar="TIME", help="Not before this time, with offset.")] = ""
    until: Annotated[str, Option("--until", metavar="TIME", help="Before this time, with offset.")] = ""
    decision: Annotated[str, Option("--decision", metavar="D", help="`permit` or `deny`.")] = ""
    by: _MayReadBy = ""
    code: _Code = ""
    limit: Annotated[str, Option("--limit", metavar="N", help="How many records at most.")] = "20"
    after: Annotated[str, Option("--after", metavar="RECEIPT", help="Older than this record: the next page.")] = ""
    json: Annotated[bool, Option("--json", help="Whole records as JSON, one a line.")] = False


_Since = Annotated[str, Option("--since", "--from", metavar="TIME", help="Not before this time, with offset.")]
_Until = Annotated[str, Option("--until", metavar="TIME", help="Before this time, with offset.")]
_ReadBy = Annotated[str, Option("--by", metavar="USER", help="The registered user who reads, for the record.")]
_OfDepartment = Annotated[str, Option("--department", metavar="D", help="Of this department, by its code.")]
_OfEntry = Annotated[str, Option("--entry", metavar="CODE", help="On this entry, by its code in the catalog.")]


@dataclass(frozen=True, slots=True)
class EvidenceOptions:
    """What `portal audit export` is told."""

    folder: Annotated[Path, Argument(metavar="DIR", help="A new or empty folder.")]
    by: _ReadBy
    subject: Annotated[str, Option("--subject", metavar="S", help="Of this subject, as application:ID or user:ID.")] = (
        ""
    )
    department: _OfDepartment = ""
    entry: _OfEntry = ""
    since: _Since = ""
    until: _Until = ""
    code: _Code = ""


@dataclass(frozen=True, slots=True)
class AffectedOptions:
    """What `portal audit affected` is told."""

    target: Annotated[
        str,
        Argument(
            metavar="WHAT",
            help="`item:CODE#ITEM`, `entry:CODE`, `department:CODE`, `application:ID` or `everything`.",
        ),
    ]
    since: _Since
    by: _ReadBy
    until: _Until = ""
    code: _Code = ""
    json: Annotated[bool, Option("--json", help="For machines, as JSON.")] = False


@dataclass(frozen=True, slots=True)
class StatisticsOptions:
    """What `portal audit statistics` is told."""

    grouping: Annotated[str, Argument(metavar="WHAT", help="By `entry`, `department`, `purpose` or `day`.")]
    by: _ReadBy
    department: _OfDepartment = ""
    entry: _OfEntry = ""
    since: _Since = ""
    until: _Until = ""
    code: _Code = ""
    limit: Annotated[str, Option("--limit", metavar="N", help="How many lines at most.")] = "100"
    json: Annotated[bool, Option("--json", help="For machines, as JSON.")] = False


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """What `portal audit show` is told."""

    receipt: Annotated[str, Argument(metavar="RECEIPT", help="The record's receipt, as in an answer.")]
    by: _MayReadBy = ""
    code: _Code = ""


@dataclass(frozen=True, slots=True)
class RegisterOptions:
    """What `portal register list` is told."""

    kind: Annotated[
        str, Argument(metavar="KIND", help="`departments`, `groups`, `applications`, `users` or `managers`.")
    ] = "departments"
    json: Annotated[bool, Option("--json", help="Whole documents as JSON, one a line.")] = False


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What `portal doctor` is told."""

    workers: Annotated[
        str, Option("--workers", metavar="N", help="How many processes are to answer, on all hosts.")
    ] = "1"
    thorough: Annotated[bool, Option("--thorough", help="Read all rows, indexes and records; takes longer.")] = False
    json: Annotated[bool, Option("--json", help="For machines, as JSON.")] = False
