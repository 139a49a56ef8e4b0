"""Send large bodies that are legal everywhere, and print what each costs.

`python -m tests.torture --large-bodies` prints a row for each: how the request was answered, and the memory
and processor time that it took in a process of its own.
"""

import tempfile
from itertools import product
from pathlib import Path

from tests.api.body_cost import BODIES, MEGA, PLACES, SMALLER, TEXT, USER, Cost, cost, made
from tests.laws.support import Everything
from tests.torture.shares import share

LARGEST = 32 * MEGA
MOST = 3
_HEADER = """\
| body | to | MB | status | peak, MB | times its size | processor, s | answer, bytes |
|---|---|--:|--:|--:|--:|--:|--:|"""


def run_all(most: int = 0, seed: int = 0) -> int:
    """Print all rows, or so many; 1 where a body costs more memory than three of the largest one, or is answered with 5xx."""
    bad = 0
    print(_HEADER)
    with tempfile.TemporaryDirectory(prefix="dataplane-bodies-") as folder:
        api = Everything(Path(folder), TEXT, dataplane__unknown_properties="refuse")
        for name, place in share(product((*BODIES, *SMALLER), PLACES), most, seed):
            found = cost(api.app, *PLACES[place], made(name), "application/json", USER)
            print(_row(name, place, found), flush=True)
            bad += found.peak > MOST * LARGEST or found.status >= 500
    print(f"{bad} cost too much")
    return int(bad > 0)


def _row(name: str, place: str, found: Cost) -> str:
    told = (
        name, place, f"{found.size / MEGA:.1f}", str(found.status), f"{found.peak / MEGA:.0f}",
        f"{found.factor:.1f}", f"{found.seconds:.2f}", str(found.answer),
    )  # fmt: skip
    return f"| {' | '.join(told)} |"
