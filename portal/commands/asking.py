"""`portal query`, `portal schema` and `portal explain`."""

import asyncio
from pathlib import Path
from typing import cast

from portal.access.case_reference import CASE, OPERATOR, read_reference
from portal.asking import NamedSubject, Question, ask, explain, render_schema
from portal.commands.options import ExplainOptions, QueryOptions, SchemaOptions
from portal.commands.parsing import SubjectOptions, parse_choice, parse_moment, parse_subject, require_subject
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, Text
from portal.json_text import decode_text, parse_json
from portal.policies.wording import render_explanation
from portal.resolvers.endpoint import Operation
from portal.vocabulary import Action, EntryCode, ItemIdentifier, Matter, Mode, Purpose


def query(session: Session, options: QueryOptions) -> ExitCode:
    """Print the answer of a GraphQL document; an answer with errors ends with exit code 1."""
    require_subject(options)
    operation = Operation(decode_text(_read(session, options.file)), _parse_variables(options.variables))
    answer = asyncio.run(ask(session.settings(), _named(options), operation, session.language))
    session.terminal.write_json(answer.payload)
    return ExitCode.NO if answer.has_errors else ExitCode.DONE


def print_schema(session: Session, options: SchemaOptions) -> ExitCode:
    """Print the schema as the subject sees it; where none is named, the public."""
    session.terminal.write(asyncio.run(render_schema(session.settings(), _named(options))))
    return ExitCode.DONE


def explain_decision(session: Session, options: ExplainOptions) -> ExitCode:
    """Print the decision on an entry, item by item."""
    require_subject(options)
    question = Question(
        resource=EntryCode(options.resource),
        action=Action(
            mode=parse_choice("--mode", options.mode.lower(), Mode),
            # GraphQL shows purposes in capitals; a person may write either.
            purpose=Purpose(options.purpose.lower()) if options.purpose else None,
            matter=Matter(options.matter) if options.matter else None,
        ),
        at=parse_moment("--at", options.at) if options.at else None,
        items=tuple(map(ItemIdentifier, [*options.item, *options.more_items])),
        reference=read_reference({CASE: options.case, OPERATOR: options.operator}),
    )
    explanation = asyncio.run(explain(session.settings(), _named(options), question))
    for line in render_explanation(explanation):
        session.terminal.say(line)
    return ExitCode.DONE


def _named(options: SubjectOptions) -> NamedSubject | None:
    subject = parse_subject(options)
    return None if subject is None else NamedSubject(*subject)


def _read(session: Session, file: str) -> bytes:
    if file == "-":
        return session.stdin.read()
    try:
        return Path(file).read_bytes()
    except OSError as fault:
        raise BadInput(
            Text(
                en=f"`{file}` can't be read ({fault.strerror}); name a file with a GraphQL document, or `-`",
                zh=f"无法读取 `{file}`（{fault.strerror}）；请指定 GraphQL 文档文件，或写 `-`",
            )
        ) from None


def _parse_variables(text: str) -> dict[str, object] | None:
    if not text:
        return None
    variables = parse_json(text)
    if not isinstance(variables, dict):
        raise BadInput(
            Text(
                en='`--variables` is no JSON object; write for example `{"code": "37"}`',
                zh='`--variables` 不是 JSON 对象；写法如 `{"code": "37"}`',
            )
        )
    return cast("dict[str, object]", variables)
