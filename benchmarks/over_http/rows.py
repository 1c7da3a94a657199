"""The synthetic rows that every contender reads, and the answer that each must give."""

from collections.abc import Iterator

from tests.oracle.codes import identity_number

ROWS = 100_000
REGION = "999999"
"""Whose rows are shared; every second row is of another region."""
COLUMNS = ("code", "name", "identity", "division", "street", "born", "kind", "persons", "phone", "note")
NUMBERS = frozenset({"persons"})
MASKED, SHOWN_HEAD, SHOWN_TAIL = "identity", 6, 4
"""Of the masked item the first and last characters are shown, and `*` for each other."""

Row = tuple[str | int, ...]


def make_rows(count: int = ROWS) -> Iterator[Row]:
    """Yield rows in the order of `COLUMNS`; who is in the region has an even number."""
    for number in range(count):
        year, month, day = 1940 + number % 80, 1 + number % 12, 1 + number % 28
        yield (
            f"P{number:09}",
            f"合成{number:06}",
            identity_number(f"{year}{month:02}{day:02}", number % 1000),
            f"{REGION if number % 2 == 0 else '999998'}{number % 1000:03}",
            f"测量路{number % 997}号",
            f"{year}-{month:02}-{day:02}",
            ("常住", "暂住", "户籍")[number % 3],
            1 + number % 7,
            f"000{number:08}",
            f"仅供测量 {number * 7919 % 1_000_003}",
        )


def expected_nodes(rows: int, count: int = ROWS) -> list[dict[str, str | int]]:
    """Return the nodes of the right answer: the region's first rows of so many, the masked item shown partly."""
    place = COLUMNS.index(MASKED)
    nodes: list[dict[str, str | int]] = []
    for row in make_rows(count):
        if len(nodes) == rows:
            break
        if str(row[COLUMNS.index("division")]).startswith(REGION):
            node = dict(zip(COLUMNS, row, strict=True))
            nodes.append({**node, MASKED: show_partly(str(row[place]))})
    return nodes


def show_partly(text: str) -> str:
    """Return the text as the mask shows it."""
    hidden = len(text) - SHOWN_HEAD - SHOWN_TAIL
    return f"{text[:SHOWN_HEAD]}{'*' * hidden}{text[-SHOWN_TAIL:]}"
