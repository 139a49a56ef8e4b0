"""Send large texts of a configuration, and print what each costs.

`python -m tests.torture --large-texts` prints a row for each kind of lines, number of them, and place
that they can be sent to: the memory beside what was there before, and the processor time, both of a
process of its own, in which HAProxy does not check.
"""

import tempfile
from pathlib import Path

from tests.api.body_cost import MEGA, TEXT, USER, cost
from tests.api.text_cost import KINDS, places_of
from tests.laws.support import Everything
from tests.torture.shares import share

NUMBERS = 10_000, 100_000
_TOO_LARGE = 413
"""The answer to more than the limits allow, which costs nothing."""
LONGEST = 5 * MEGA
"""Bytes of an answer beside the text itself."""
MOST_TIMES = 1.6
"""As much time for a line of a large text as for one of a small text, at most."""
_HEADER = """\
| lines | number | to | MB | status | peak, MB | KB a line | processor, s | answer, KB |
|---|--:|---|--:|--:|--:|--:|--:|--:|"""


def run_all(most: int = 0, seed: int = 0) -> int:
    """Print all rows, or those of so many kinds and places; 1 where an answer is long, or its time grows faster than the text."""
    bad = []
    print(_HEADER)
    every = [(kind, place) for kind in KINDS for place in places_of(kind)]
    for kind, place in share(every, most, seed):
        asked = places_of(kind)[place]
        times = []
        for number in NUMBERS:
            with tempfile.TemporaryDirectory(prefix="dataplane-texts-") as folder:
                api = Everything(Path(folder), TEXT)
                body = asked.body(KINDS[kind](number))
                found = cost(api.app, asked.method, asked.target, body, asked.kind, USER)
            told = (
                kind, str(number), place, f"{found.size / MEGA:.1f}", str(found.status), f"{found.peak / MEGA:.0f}",
                f"{found.peak / 1024 / number:.1f}", f"{found.seconds:.2f}", str(found.answer >> 10),
            )  # fmt: skip
            print(f"| {' | '.join(told)} |", flush=True)
            if found.status == _TOO_LARGE:
                continue
            times.append(found.seconds / number)
            if found.status >= 400 or found.answer > LONGEST + found.size:
                bad.append(f"{kind} to {place}: {found.status} {found.message}")
        if times and times[-1] > MOST_TIMES * times[0]:
            bad.append(f"{kind} to {place}: {times[-1] / times[0]:.1f} times as long for a line of the larger text")
    print(*bad, f"{len(bad)} cost too much", sep="\n")
    return int(bool(bad))
