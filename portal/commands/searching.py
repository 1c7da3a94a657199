"""`portal audit search` and `portal audit show` by the operator, each reading on record (T65)."""

from portal.audit.proving import ProofState, prove_record
from portal.audit.reading_desk import stated
from portal.audit.records import Outcome
from portal.audit.searching import MAX_RECORDS, Place, Search, load_record, parse_receipt, reading_log, search_records
from portal.commands.auditing import in_short, log_url
from portal.commands.operating import record_reading
from portal.commands.options import SearchOptions, ShowOptions
from portal.commands.parsing import parse_choice, parse_moment, parse_whole
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import BadInput, Text
from portal.identity.keys import load_keys


def search(session: Session, options: SearchOptions) -> ExitCode:
    """Print records as the operator, newest first; on a terminal one short line each."""
    wanted = parse_search(options)
    terminal, settings = session.terminal, session.settings()
    with reading_log(log_url(settings)) as connection:
        found = search_records(connection, wanted)
    # INVARIANT: the reading is on record before anything of it is shown.
    record_reading(session, settings, "records", {**stated(wanted), "found": len(found)})
    for record in found:
        terminal.write(record.text if options.json or not terminal.out.isatty() else in_short(record.text))
    return ExitCode.DONE


def parse_search(options: SearchOptions) -> Search:
    """Return what is searched for. Raises: BadInput."""
    return Search(
        subject=options.subject or None,
        department=options.department or None,
        entry=options.entry or None,
        since=parse_moment("--since", options.since) if options.since else None,
        until=parse_moment("--until", options.until) if options.until else None,
        decision=parse_choice("--decision", options.decision, Outcome) if options.decision else None,
        after=parse_receipt(options.after) if options.after else None,
        limit=parse_whole("--limit", options.limit, 1, MAX_RECORDS),
    )


def show(session: Session, options: ShowOptions) -> ExitCode:
    """Print one record as the operator, and whether its chain is sound up to the checkpoint that covers it."""
    settings, place = session.settings(), parse_receipt(options.receipt)
    keys = [key.public_key() for key in load_keys(settings.key_file).audit_keys]
    try:
        with reading_log(log_url(settings)) as connection:
            record = load_record(connection, place)
            proof = prove_record(connection, record, keys)
    except BadInput:
        # That there is no such record is something read too.
        record_reading(session, settings, f"record {place.receipt}", {"found": 0})
        raise
    record_reading(session, settings, f"record {place.receipt}", {"found": 1})
    return say_proved(session.terminal, record.text, proof.state, proof.checkpoint)


def say_proved(terminal: Terminal, record: str, state: ProofState, checkpoint: int | None) -> ExitCode:
    """Print a record, as JSON, and what became of its proof."""
    terminal.write_json(record.encode())
    terminal.complain(_render(state, checkpoint))
    return ExitCode.NO if state is ProofState.BROKEN else ExitCode.DONE


def no_record(place: Place) -> BadInput:
    """Return the refusal of a receipt of no record, or of one that isn't the reader's to see: they look alike."""
    return BadInput(Text(en=f"there is no record `{place.receipt}`", zh=f"没有记录 `{place.receipt}`"))


def _render(state: ProofState, number: int | None) -> Text:
    match state:
        case ProofState.PROVED:
            return Text(
                en=f"proved by checkpoint {number}: the chain from this record up to it is sound",
                zh=f"已由检查点 {number} 证明：自本记录至该检查点的链完好",
            )
        case ProofState.UNCOVERED:
            return Text(en="not yet covered by a checkpoint", zh="尚未被检查点覆盖")
        case ProofState.BROKEN:
            return Text(
                en=f"not what checkpoint {number} covered; run `portal audit verify`",
                zh=f"与检查点 {number} 所覆盖的内容不符；请运行 `portal audit verify`",
            )
