"""Kill a server again and again while clients write: `python -m tests.torture [--kills N]`.

In each cycle clients add servers, one by one and in transactions; some make the reload fail. Workers
die one after the other, at a failpoint of the commit or by SIGKILL at a random moment; then all
processes get SIGKILL, and the server starts again. After each death it must hold what it told its
clients. Exit status 1 when it does not.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.harness.asking import ask_localhost
from tests.torture import (
    clocks,
    crash_uploads,
    crashes,
    documents,
    doubles,
    everything,
    faults,
    histories,
    injection,
    large_bodies,
    large_texts,
    slow_clients,
    soak,
    stores,
    swaps,
    waits,
)
from tests.torture.cycles import Torture
from tests.torture.fuzz import running


def options() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="contrib/torture", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300, help="of processes (300)")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (0)")
    parser.add_argument("--clients", type=int, default=4, help="writing at once (4)")
    parser.add_argument("--folder", type=Path, help="keep all files here; default: a temporary one")
    parser.add_argument("--quiet", action="store_true", help="only problems and the sum")
    parser.add_argument("--confirm", action="store_true", help="kill what waits for a confirmation instead")
    parser.add_argument(
        "--slow-clients", type=int, nargs="?", const=slow_clients.MANY, default=0, metavar="NUMBER",
        help=f"hold so many connections ({slow_clients.MANY}) that are never done, and measure what others get",
    )
    parser.add_argument("--large-bodies", action="store_true", help="measure what large bodies cost")
    parser.add_argument("--large-texts", action="store_true", help="measure what large texts of a configuration cost")
    parser.add_argument(
        "--faults", nargs="*", metavar="KIND",
        help=f"let each system call of {', '.join(faults.KINDS)} (or KIND) fail once, in turn",
    )
    parser.add_argument("--most", type=int, default=0, metavar="NUMBER",
                        help="at most so many faults of a kind, states, places, bodies or ways, by the seed")  # fmt: skip
    parser.add_argument("--crashes", action="store_true", help="recover each state that a power cut may leave")
    parser.add_argument("--injection", action="store_true", help="hostile strings in every string property")
    parser.add_argument("--soak", type=int, nargs="?", const=soak.MANY, default=0, metavar="NUMBER",
                        help=f"so many requests ({soak.MANY}) and what they leave in use")  # fmt: skip
    parser.add_argument("--stores", nargs="*", choices=stores.KINDS, metavar="KIND",
                        help=f"kill, stop and cut off members of {' and '.join(stores.KINDS)} (or KIND)")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=stores.SECONDS,
                        help=f"of each of these, or of each target of --fuzz ({stores.SECONDS})")  # fmt: skip
    parser.add_argument("--schemathesis", action="store_true", help="try all that the served documents say")
    parser.add_argument("--minutes", type=float, default=60, help="of --schemathesis (60)")
    parser.add_argument("--fuzz", nargs="*", metavar="TARGET", help="feed any bytes to all readers (or to TARGET)")
    parser.add_argument("--histories", type=int, nargs="?", const=histories.ROUNDS, default=0, metavar="ROUNDS",
                        help=f"judge {histories.ROUNDS} histories of clients, people and discovery")  # fmt: skip
    parser.add_argument("--clocks", action="store_true", help="set the clock years ahead and back")
    parser.add_argument("--doubles", action="store_true", help="an HAProxy that fails in each way there is")
    parser.add_argument("--swaps", action="store_true", help="other versions of HAProxy in the place of the running one")
    parser.add_argument("--all", action="store_true", help="everything, with a summary at the end; takes hours")
    parser.add_argument("--quick", action="store_true", help="a share of each part of --all")
    return parser


def main(given: list[str] | None = None) -> int:
    arguments = options().parse_args(given)
    ask_localhost()
    status = other_than_kills(arguments)
    return kills(arguments) if status is None else status


def other_than_kills(arguments: argparse.Namespace) -> int | None:
    """Run another part that is asked for; its exit status, or None where none is."""
    if arguments.all:
        return everything.run_all(arguments.quick, arguments.seed)
    if arguments.crashes:
        return crashes.run_all(arguments.most) | crash_uploads.run_all(arguments.most)
    if (result := _of_inputs(arguments)) is not None:
        return result
    if (result := _of_partners(arguments)) is not None:
        return result
    if arguments.stores is not None:
        return stores.run_all(arguments.stores or stores.KINDS, arguments.seconds, arguments.seed)
    if arguments.faults is not None:
        return faults.run_all(arguments.faults or faults.KINDS, arguments.most, arguments.seed)
    if arguments.slow_clients:
        return slow_clients.run_all(arguments.slow_clients)
    if arguments.large_bodies or arguments.large_texts:
        return (large_bodies if arguments.large_bodies else large_texts).run_all(arguments.most, arguments.seed)
    return waits.run_all(arguments.most, arguments.seed) if arguments.confirm else None


def kills(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="dataplane-torture-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        torture = Torture(folder, arguments.seed, arguments.clients, verbose=not arguments.quiet)
        problems = torture.run(arguments.kills)
        print(torture.sum())
    for problem in problems:
        print(problem)
    return int(bool(problems))


def _of_inputs(arguments: argparse.Namespace) -> int | None:
    """Run what is asked for of what clients and others send; None where that is nothing."""
    if arguments.injection:
        return injection.run_all(arguments.most, arguments.seed)
    if arguments.schemathesis:
        return documents.run_all(arguments.minutes, arguments.seed)
    if arguments.fuzz is not None:
        return running.run_all(arguments.fuzz, int(arguments.seconds))
    return None


def _of_partners(arguments: argparse.Namespace) -> int | None:
    """Run what is asked for of histories, partners and time; None where that is nothing."""
    if arguments.soak:
        return soak.run_all(arguments.soak)
    if arguments.histories:
        return histories.run_all(arguments.histories)
    if arguments.clocks:
        return clocks.run_all()
    if arguments.doubles:
        return doubles.run_all(arguments.most, arguments.seed)
    if arguments.swaps:
        return swaps.run_all()
    return None


if __name__ == "__main__":
    sys.exit(main())
