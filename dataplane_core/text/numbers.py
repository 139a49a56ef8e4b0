"""Numbers as HAProxy and HTTP write them: in ASCII digits; Python's own tests take more."""

import re

_INTEGER = re.compile(r"-?[0-9]{1,19}")


def is_digits(text: str) -> bool:
    """Whether a text is ASCII digits and nothing else.

    >>> is_digits("10"), is_digits("²"), is_digits("１"), is_digits("1_0"), is_digits("")
    (True, False, False, False, False)
    """
    return text.isascii() and text.isdigit()


def parse_integer(text: str) -> int | None:
    """The integer of at most 64 bits that a text is; None for any other text.

    >>> integer("-10"), integer("+1"), integer(" 1"), integer("1_0"), integer("9223372036854775808")
    (-10, None, None, None, None)
    """
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None
