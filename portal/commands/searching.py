"""`portal audit search` and `portal audit show`."""

from portal.audit.proving import Proof, ProofState, prove_record
from portal.audit.records import Outcome
from portal.audit.searching import MAX_RECORDS, Search, load_record, parse_receipt, reading_log, search_records
from portal.commands.auditing import in_short, log_url
from portal.commands.options import SearchOptions, ShowOptions
from portal.commands.parsing import parse_choice, parse_moment, parse_whole
from portal.commands.terminal import ExitCode, Session
from portal.errors import Text
from portal.identity.keys import load_keys


def search(session: Session, options: SearchOptions) -> ExitCode:
    """Print records, newest first; on a terminal one short line each."""
    wanted = parse_search(options)
    terminal = session.terminal
    with reading_log(log_url(session.settings())) as connection:
        for record in search_records(connection, wanted):
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
    """Print one record, and whether its chain is sound up to the checkpoint that covers it."""
    settings = session.settings()
    keys = [key.public_key() for key in load_keys(settings.key_file).audit_keys]
    with reading_log(log_url(settings)) as connection:
        record = load_record(connection, parse_receipt(options.receipt))
        proof = prove_record(connection, record, keys)
    session.terminal.write_json(record.text.encode())
    session.terminal.complain(_render(proof))
    return ExitCode.NO if proof.state is ProofState.BROKEN else ExitCode.DONE


def _render(proof: Proof) -> Text:
    number = proof.checkpoint
    match proof.state:
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
