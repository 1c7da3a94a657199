"""What a transfer that ended whole is known by: rows, bytes, hashes, who took it, when, what for, and on whose word."""

from dataclasses import dataclass

from portal.exchange.order import Order, Progress
from portal.json_text import JsonValue
from portal.vocabulary import Action, Mode, Subject


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes the rows, and what for as it was decided on."""

    subject: Subject
    action: Action

    def watermark(self, number: str, began_at: str) -> str:
        """Return the line that says whose copy this is, in ASCII."""
        named = {
            "department": self.subject.department or "public",
            "application": self.subject.application,
            "user": self.subject.user,
            "purpose": self.action.purpose,
            "matter": self.action.matter,
            "time": began_at,
            "transfer": number,
        }
        line = "; ".join(f"{name}={value}" for name, value in named.items() if value)
        return line.encode("ascii", "backslashreplace").decode()


def known_facts(order: Order, progress: Progress, taker: Taker) -> dict[str, JsonValue]:
    """Return what a transfer is known by that its own content can hold: all but its length, its hashes and its end."""
    columns: list[JsonValue] = [*order.items]
    policies: list[JsonValue] = [] if taker.subject.is_public else [*progress.policies]
    return {
        "transfer": progress.number,
        "entry": order.state.entry.code,
        "identifier": order.state.entry.identifier,
        "format": order.style.format.value,
        "columns": columns,
        "rows": progress.rows,
        "parts": progress.parts,
        "mode": Mode.EXCHANGE.value,
        "purpose": taker.action.purpose,
        "matter": taker.action.matter,
        "policies": policies,
        "beganAt": progress.began_at,
        "watermark": taker.watermark(progress.number, progress.began_at),
    }


def manifest_members(
    order: Order, progress: Progress, taker: Taker, ended_at: str, sha256: str | None
) -> dict[str, JsonValue]:
    """Return the manifest of a transfer that ended whole.

    `sha256` is of the whole content; None where that came in several goes, which `chain` covers all the same.
    """
    counted: dict[str, JsonValue] = {"bytes": progress.octets, "sha256": sha256, "chain": progress.chain}
    return {**known_facts(order, progress, taker), **counted, "endedAt": ended_at}
