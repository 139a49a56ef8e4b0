"""Tell numbers as HAProxy and HTTP write them, in ASCII digits: Python takes more for numbers."""


from dataplane_core.lazy_pattern import lazy_pattern

_INTEGER = lazy_pattern(r"-?[0-9]{1,19}")


def is_digits(text: str) -> bool:
    """Return whether a text is one or more ASCII digits.

    >>> is_digits("10"), is_digits("²"), is_digits("１"), is_digits("1_0"), is_digits("")
    (True, False, False, False, False)
    """
    return text.isascii() and text.isdigit()


def parse_integer(text: str) -> int | None:
    """Return the signed integer of 64 bits that a text is; None for any other text.

    >>> [parse_integer(text) for text in ("-10", "+1", " 1", "1_0", "9223372036854775808")]
    [-10, None, None, None, None]
    """
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None
