"""Synthetic codes with right check digits; region 999999 is unassigned."""

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def organisation_check(body: str) -> str:
    """The check character of eight characters of an organisation code (GB 11714)."""
    total = sum(int(character, 36) * weight for character, weight in zip(body, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def credit_check(body: str) -> str:
    """The check character of seventeen characters of a unified social credit code (GB 32100)."""
    total = sum(
        CREDIT_ALPHABET.index(character) * weight for character, weight in zip(body, CREDIT_WEIGHTS, strict=True)
    )
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def department_code(number: int) -> str:
    """The unified social credit code of the synthetic department of that number."""
    organisation = f"MB{number:06d}"
    body = f"11999999{organisation}{organisation_check(organisation)}"
    return body + credit_check(body)


def identity_number(birthday: str, serial: int) -> str:
    """A synthetic citizen identity number (GB 11643) in region 999999; `birthday` as YYYYMMDD."""
    body = f"999999{birthday}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, IDENTITY_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]
