"""Whether a member ran nothing but what was committed, and in that order."""

from collections.abc import Iterator, Mapping, Sequence


def disorder(name: str, ran: Sequence[str], committed: Mapping[str, int]) -> Iterator[str]:
    """Say what is wrong with the digests of texts that a member ran, one after another.

    `committed` are the numbers of all texts that were committed. Some may be left out, and one may be loaded twice.
    """
    last = 0
    for digest in ran:
        number = committed.get(digest)
        if number is None:
            yield f"{name} ran a text that was never committed: {digest[:12]}"
        elif number < last:
            yield f"{name} ran version {number} after {last}"
        else:
            last = number
