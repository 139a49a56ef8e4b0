"""Send large bodies that are legal everywhere, and print what each costs.

`python -m tests.torture --large-bodies` prints a row for each: how the request was answered, and the memory
and processor time that it took in a process of its own.
"""

import tempfile
from pathlib import Path

from tests.api.body_cost import BODIES, MEGA, PLACES, SMALLER, TEXT, USER, Cost, cost, made
from tests.laws.support import Everything

LARGEST = 32 * MEGA
MOST = 3
_HEADER = """\
| body | to | MB | status | peak, MB | times its size | processor, s | answer, bytes |
|---|---|--:|--:|--:|--:|--:|--:|"""


def run_all() -> int:
    """Print all rows; 1 where a body costs more memory than three of the largest one, or is answered with 5xx."""
    bad = 0
    print(_HEADER)
    with tempfile.TemporaryDirectory(prefix="dataplane-bodies-") as folder:
        api = Everything(Path(folder), TEXT, dataplane__unknown_properties="refuse")
        for name in (*BODIES, *SMALLER):
            for place, asked in PLACES.items():
                found = cost(api.app, *asked, made(name), "application/json", USER)
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
