"""Names, numbers and addresses that anyone can tell are synthetic."""

from collections import Counter
from datetime import date

from portal.catalog.codes import credit_check_character, identity_check_character
from portal.demonstration.divisions import Place
from portal.demonstration.drawing import Draws

REFERENCE_DAY = date(2026, 6, 30)
"""The day as of which the synthetic rows stand; nothing in them depends on the day of loading."""

REGION = "999999"
"""A region that no number has: what is made with it is nobody's."""

_FIRST = "云山松竹梅兰溪泉湖江星月晴霁岚霞春夏秋冬晨暮清明远近书画琴棋舟桥亭台稻麦桑麻荷菊"
_SECOND = "舟影声光色香风雨露霜雪霓波澜涛汀洲岸林原野石玉竹叶花果实苗圃园庭帆灯笺墨砚弦歌谣"
_ROADS = ("演示路", "合成路", "样例街", "示范巷", "虚构大道")

_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def draw_person_name(draws: Draws) -> str:
    """Return a person's name: 演示 and two characters out of poems, such as 演示松风."""
    return f"演示{draw_words(draws)}"


def draw_words(draws: Draws) -> str:
    """Return two characters out of poems."""
    return draws.one_of(_FIRST) + draws.one_of(_SECOND)


def draw_phone(draws: Draws) -> str:
    """Return a number in a range that no telephone has."""
    return f"10099{draws.below(1_000_000):06}"


def draw_address(draws: Draws, place: Place) -> str:
    """Return an address in a real village, in a street that isn't there."""
    road, number = draws.one_of(_ROADS), draws.between(1, 299)
    flat = f"{draws.between(1, 30)}幢{draws.between(1, 18)}{draws.between(1, 4):02}室" if draws.happens(0.6) else ""
    return f"{place.name}{road}{number}号{flat}"


class IdentityNumbers:
    """Identity numbers with the right check digit and a region that isn't assigned, each given once."""

    def __init__(self) -> None:
        self._given: Counter[tuple[date, bool]] = Counter()

    def next(self, born_on: date, *, male: bool) -> str:
        """Return the next number of that birthday: serial odd for men, even for women (GB 11643)."""
        serial = 2 * self._given[born_on, male] + (1 if male else 2)
        self._given[born_on, male] += 1
        first = f"{REGION}{born_on:%Y%m%d}{serial:03}"
        return first + identity_check_character(first)


def credit_code(prefix: str, serial: int) -> str:
    """Return a unified social credit code in the unassigned region: `prefix` is registrar and category, such as 91."""
    organisation = f"MA{serial:06}"
    first = f"{prefix}{REGION}{organisation}{_organisation_check(organisation)}"
    return first + credit_check_character(first)


def _organisation_check(organisation: str) -> str:
    pairs = zip(organisation, _ORGANISATION_WEIGHTS, strict=True)
    return "0123456789X"[-sum(_ORGANISATION_ALPHABET.index(character) * weight for character, weight in pairs) % 11]
