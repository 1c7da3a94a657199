"""Which commands there are: how each is written, its options, what runs it, and its help (bundle.md).

A command is imported when it runs: `portal token` is there at once and not after GraphQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.commands.fetch_options import FetchOptions
from portal.commands.new_options import NewOptions
from portal.commands.office_options import (
    ApproveOptions,
    ChangeOptions,
    DataOptions,
    DraftOptions,
    FreezeOptions,
    JudgeOptions,
    LiftOptions,
    ListChangesOptions,
)
from portal.commands.options import (
    AffectedOptions,
    BackupOptions,
    DoctorOptions,
    EvidenceOptions,
    ExplainOptions,
    ExportOptions,
    InitOptions,
    LoadOptions,
    MoveOptions,
    NoOptions,
    QueryOptions,
    ReconcileOptions,
    RegisterOptions,
    RestoreOptions,
    RevokeOptions,
    RotateOptions,
    SchemaOptions,
    SearchOptions,
    ServeOptions,
    ShowOptions,
    StatisticsOptions,
    TailOptions,
    TokenOptions,
    VerifyOptions,
    WitnessOptions,
)
from portal.commands.question_options import WhatOptions, WhoOptions, WhyOptions


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command: its words, the class of its options, and `MODULE:FUNCTION` below `portal.commands` that runs it."""

    words: str
    options: type
    run: str
    help: str


HELP = "Share government data under signed agreements, by GraphQL."
GROUPS: Mapping[str, str] = {
    "audit": "Check, search or follow the audit log.",
    "database": "Set up the portal's databases.",
    "change": "Draft, check, approve or undo changes of policies and of the register.",
    "data": "Bring in the rows of what a department provides.",
    "register": "List who is registered.",
    "keys": "List or rotate the portal's keys.",
    "tokens": "Revoke tokens.",
}
"""Words that several commands begin with, and their help."""

COMMANDS: tuple[CommandLine, ...] = (
    CommandLine("demo", NoOptions, "serving:demonstrate", "Load the demonstration into an empty portal and serve it."),
    CommandLine(
        "load", LoadOptions, "loading:load", "Check a bundle and make it the portal's content, all or nothing."
    ),
    CommandLine("new", NewOptions, "drafting:new_entry", "Draft a catalog entry from a CSV file or an Excel workbook."),
    CommandLine("export", ExportOptions, "loading:export", "Write the portal's content back as a bundle."),
    CommandLine("serve", ServeOptions, "serving:serve_portal", "Serve the portal until SIGTERM or Ctrl-C."),
    CommandLine("token", TokenOptions, "tokens:token", "Print a bearer token for a registered application or user."),
    CommandLine("query", QueryOptions, "asking:query", "Answer a GraphQL document in this process and print the JSON."),
    CommandLine(
        "fetch", FetchOptions, "fetching:fetch", "Fetch a whole result into a file, and go on where it is cut."
    ),
    CommandLine("explain", ExplainOptions, "asking:explain_decision", "Print the decision on an entry, item by item."),
    CommandLine(
        "who", WhoOptions, "questioning:who_can_see", "Print who can see an item, what for and by which records."
    ),
    CommandLine(
        "what", WhatOptions, "questioning:what_can_see", "Print what somebody can see, registered or supposed."
    ),
    CommandLine("why", WhyOptions, "questioning:why_refused", "Print why a request was refused, by its receipt."),
    CommandLine(
        "schema", SchemaOptions, "asking:print_schema", "Print the schema as a subject sees it; left out, the public."
    ),
    CommandLine(
        "settings", NoOptions, "settings:print_settings", "Print every setting with its value, source and meaning."
    ),
    CommandLine(
        "backup", BackupOptions, "archiving:backup", "Write a sealed backup of the whole portal, and verify it."
    ),
    CommandLine(
        "restore",
        RestoreOptions,
        "archiving:restore_backup",
        "Make empty databases the portal of a backup, in quarantine.",
    ),
    CommandLine(
        "move", MoveOptions, "archiving:move_portal", "Move the portal to two other, empty databases; stop it first."
    ),
    CommandLine(
        "reconcile",
        ReconcileOptions,
        "reconciling:reconcile_portal",
        "Lift a restored portal's quarantine where its log agrees.",
    ),
    CommandLine(
        "upgrade",
        NoOptions,
        "databases:upgrade",
        "Bring the database's tables to this version's revision, whole or not at all.",
    ),
    CommandLine(
        "doctor",
        DoctorOptions,
        "doctor:examine_installation",
        "Find what is wrong with the installation, and say how to mend it.",
    ),
    CommandLine(
        "database init",
        InitOptions,
        "databases:init",
        "Make databases and accounts on a PostgreSQL server, and print the settings that use them.",
    ),
    CommandLine(
        "keys list",
        NoOptions,
        "keys:list_keys",
        "Print the keys that can be rotated, and former ones that still count.",
    ),
    CommandLine(
        "keys rotate", RotateOptions, "keys:rotate", "Make a new key and put it in force on every worker at once."
    ),
    CommandLine(
        "keys activate", NoOptions, "keys:activate", "Put the key that was prepared in force on every worker at once."
    ),
    CommandLine(
        "tokens revoke",
        RevokeOptions,
        "revoking:revoke",
        "Let a token count no more on any worker, from its next request on.",
    ),
    CommandLine("audit verify", VerifyOptions, "auditing:verify", "Check the whole log: records, chains, signatures."),
    CommandLine("audit search", SearchOptions, "reading_audit:search", "Find records in the audit log, newest first."),
    CommandLine(
        "audit statistics",
        StatisticsOptions,
        "reading_audit:print_statistics",
        "Count how entries were used, by entry, department, purpose or day.",
    ),
    CommandLine(
        "audit affected",
        AffectedOptions,
        "affecting:print_affected",
        "List who was answered from what is frozen, who provides it, and how to reach them.",
    ),
    CommandLine(
        "audit export",
        EvidenceOptions,
        "reading_audit:export_evidence",
        "Write records as evidence that anybody can check with `portal-verify`.",
    ),
    CommandLine(
        "audit show",
        ShowOptions,
        "reading_audit:show",
        "Print one record, and prove it by the checkpoint that covers it.",
    ),
    CommandLine(
        "audit witness",
        WitnessOptions,
        "witnessing:keep_checkpoints",
        "Keep a portal's checkpoints, and refuse another history.",
    ),
    CommandLine("audit key", NoOptions, "auditing:print_key", "Print the public key that verifies checkpoints."),
    CommandLine("audit tail", TailOptions, "following:tail", "Print the last records, then others as they come."),
    CommandLine(
        "change draft", DraftOptions, "changing:draft", "Draft a change set from a JSON document, and check it."
    ),
    CommandLine("change list", ListChangesOptions, "changing:list_all", "Print change sets, newest first."),
    CommandLine(
        "change show", ChangeOptions, "changing:show", "Print a change set, its history, and what it would do."
    ),
    CommandLine(
        "change report",
        ChangeOptions,
        "changing:report",
        "Print what a change set opens to everybody, and by what rows could be told apart.",
    ),
    CommandLine("change check", ChangeOptions, "changing:check", "Check one's own draft against what holds now."),
    CommandLine("change submit", JudgeOptions, "changing:submit", "Hand a checked change set over to a second person."),
    CommandLine("change approve", ApproveOptions, "changing:approve", "Approve what somebody else submitted."),
    CommandLine("change reject", JudgeOptions, "changing:reject", "Refuse what somebody else submitted."),
    CommandLine("change withdraw", JudgeOptions, "changing:withdraw", "Take one's own change set back."),
    CommandLine("change undo", JudgeOptions, "changing:roll_back", "Draft a change set that undoes one in force."),
    CommandLine(
        "freeze", FreezeOptions, "changing:freeze", "Freeze an item, entry, department, application or everything."
    ),
    CommandLine("lift", LiftOptions, "changing:lift", "Draft the lifting of a freeze; another person approves it."),
    CommandLine(
        "data replace",
        DataOptions,
        "bringing_in:replace_rows",
        "Check a file and make it all rows of an entry, at once.",
    ),
    CommandLine(
        "data append", DataOptions, "bringing_in:append_rows", "Check a file and put its rows behind those of an entry."
    ),
    CommandLine(
        "register list",
        RegisterOptions,
        "registering:list_register",
        "Print who is registered, with the standing of each.",
    ),
)
