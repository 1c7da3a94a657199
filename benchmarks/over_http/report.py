"""What the figures say: ratios round by round, targets held or not; as text, and as JSON with all that it rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

import orjson

from benchmarks.over_http.contenders import Kind
from benchmarks.over_http.rounds import Figure, Plan
from benchmarks.targets import Target, render_targets

BUSY_CLIENT = 0.9
"""A client that is busier than this may be what was measured."""
_MOST_TAIL = 3.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """A contender's rate by another's: the median over the rounds, and the least and the largest of them.

    `by_processor` is the same of answers for each second of the process's own processor time: what a machine that is
    busy with other things doesn't move; None where the time was too short to be told.
    """

    kind: Kind
    to: Kind
    rows: int
    median: float
    least: float
    largest: float
    by_processor: float | None


_TO_HAND = {1: 0.25, 100: 0.6, 1000: 0.9}
_TO_POSTGRAPHILE = {1: 1.2, 100: 2.5, 1000: 4.0}
_COMPARED: tuple[tuple[Kind, Kind, Mapping[int, float]], ...] = (
    (Kind.PORTAL_SQLITE, Kind.HAND_SQLITE, _TO_HAND),
    (Kind.PORTAL_POSTGRES, Kind.HAND_POSTGRES, _TO_HAND),
    (Kind.PORTAL_POSTGRES, Kind.POSTGRAPHILE, _TO_POSTGRAPHILE),
    (Kind.PORTAL_SQLITE, Kind.STRAWBERRY, {}),
    (Kind.STRAWBERRY, Kind.HAND_SQLITE, {}),
    (Kind.CASBIN, Kind.HAND_SQLITE, {}),
    (Kind.POSTGRAPHILE, Kind.HAND_POSTGRES, {}),
)
"""Who is held against whom, and the least ratio by the number of rows where one is a target."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of one run."""

    figures: Sequence[Figure]
    plan: Plan
    machine: Mapping[str, object]
    pinning: str
    client: str
    table_rows: int

    def render_text(self) -> str:
        """Return the tables that people read."""
        return "\n".join(
            (
                *self._head(),
                "",
                *self._rates(),
                "",
                *self._ratio_lines(),
                "",
                *render_targets(targets(self.figures)),
                "",
            )
        )

    def render_json(self) -> bytes:
        """Return everything that was measured, and what it was measured with."""
        members = {
            "machine": self.machine,
            "pinning": self.pinning,
            "client": self.client,
            "table_rows": self.table_rows,
            "plan": asdict(self.plan),
            "figures": [_figure_members(figure) for figure in self.figures],
            "ratios": [asdict(ratio) for ratio in ratios(self.figures)],
            "targets": [asdict(target) for target in targets(self.figures)],
        }
        return orjson.dumps(members, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def _head(self) -> Iterator[str]:
        changed = ", with changes" if self.machine.get("is_changed") else ""
        yield f"commit {self.machine.get('commit')}{changed}; {self.machine.get('processor')}; {self.pinning}"
        yield (
            f"{self.table_rows:,} rows of 10 columns; {self.plan.connections} connections, {self.plan.rounds} rounds of"
            f" {self.plan.seconds:g} s each, interleaved; client: {self.client}; a durable write takes"
            f" {self.machine.get('durable_write_milliseconds')} ms"
        )

    def _rates(self) -> Iterator[str]:
        yield f"{'contender':27} rows  answers/s  least to largest        p50 ms    p99 ms  processor ms  client busy"
        for one in self.figures:
            rates = [each.rate for each in one.rounds]
            busiest = max(each.measured.client_share for each in one.rounds)
            spread = f"{min(rates):,.5g} to {max(rates):,.5g}"
            warned = " !" if busiest > BUSY_CLIENT else ""
            yield (
                f"{one.kind:27} {one.rows:4} {median(rates):10,.5g}  {spread:20} {_p50(one):8.2f} {_p99(one):9.2f}"
                f" {_processor(one):13.3f} {busiest:12.0%}{warned}"
            )

    def _ratio_lines(self) -> Iterator[str]:
        yield f"{'ratio of rates':52} rows    median  least to largest     by processor time"
        for one in ratios(self.figures):
            spread, own = f"{one.least:.3g} to {one.largest:.3g}", one.by_processor
            told = "unknown" if own is None else f"{own:.3g}"
            yield f"{f'{one.kind} / {one.to}':52} {one.rows:4} {one.median:9.3g}  {spread:18} {told:>18}"


def ratios(figures: Sequence[Figure]) -> list[Ratio]:
    """Return the ratios of those that were measured; of one that was asked once, to each round of the other."""
    found = {(figure.kind, figure.rows): figure for figure in figures}
    sizes = sorted({figure.rows for figure in figures})
    return [
        _ratio(found[kind, rows], found[to, rows])
        for kind, to, _ in _COMPARED
        for rows in sizes
        if (kind, rows) in found and (to, rows) in found
    ]


def _ratio(one: Figure, other: Figure) -> Ratio:
    own = one.rounds if len(one.rounds) == len(other.rounds) else one.rounds[:1] * len(other.rounds)
    each = [mine.rate / theirs.rate for mine, theirs in zip(own, other.rounds, strict=True)]
    by_processor = _processor(other) / _processor(one) if _processor(one) else None
    return Ratio(one.kind, other.kind, one.rows, median(each), min(each), max(each), by_processor)


def targets(figures: Sequence[Figure]) -> list[Target]:
    """Return each target that the figures can tell of, with what was found."""
    bounds = {(kind, to): least for kind, to, least in _COMPARED}
    of_ratios = [
        Target(f"{one.kind} / {one.to}, {one.rows} rows, at least", one.median, bound, one.median >= bound)
        for one in ratios(figures)
        if (bound := bounds[one.kind, one.to].get(one.rows)) is not None
    ]
    of_tails = [
        Target(f"{one.kind}, {one.rows} rows, p99 / p50 at most", tail, _MOST_TAIL, tail <= _MOST_TAIL)
        for one in figures
        if one.kind in (Kind.PORTAL_SQLITE, Kind.PORTAL_POSTGRES)
        for tail in (_tail(one),)
    ]
    return of_ratios + of_tails


def _tail(figure: Figure) -> float:
    """Return the median over the rounds of p99 by p50."""
    return median(each.measured.p99 / each.measured.p50 for each in figure.rounds)


def _p50(figure: Figure) -> float:
    return median(each.measured.p50 for each in figure.rounds)


def _p99(figure: Figure) -> float:
    return median(each.measured.p99 for each in figure.rounds)


def _processor(figure: Figure) -> float:
    return median(each.processor_milliseconds for each in figure.rounds)


def _figure_members(figure: Figure) -> dict[str, object]:
    rates = [each.rate for each in figure.rounds]
    return {
        "contender": figure.kind,
        "rows": figure.rows,
        "octets": figure.octets,
        "answers_a_second": {"median": median(rates), "least": min(rates), "largest": max(rates)},
        "p50_milliseconds": _p50(figure),
        "p99_milliseconds": _p99(figure),
        "processor_milliseconds": _processor(figure),
        "rounds": [{**asdict(each), "answers_a_second": each.rate} for each in figure.rounds],
    }
