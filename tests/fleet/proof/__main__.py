"""Try a fleet: `python -m tests.fleet.proof [--rounds N] [--size N] [--rollouts [WHAT …]]`.

`--rounds` are rounds of clients beside trouble of members and of the store, whose history is checked;
`--size` starts so many members, and measures how soon all of them have a commit;
`--rollouts` are roll-outs with a fault of one member in each place of the waves, gates, and leaders that die: all of
these, or those that have one of the words in their names.
"""

import argparse
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.fleet.proof.networks import CUTS, no_namespaces
from tests.fleet.proof.rollouts import matrix
from tests.fleet.proof.rounds import Proof
from tests.fleet.proof.size import measure
from tests.fleet.proof.stores import STORES
from tests.harness.waiting import until
from tests.torture import clocks

KEEP = Path("/tmp/fleet-proof")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fleet.proof", description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="rounds of clients and trouble")
    parser.add_argument("--seconds", type=float, default=2.0, help="of trouble in each round (2)")
    parser.add_argument("--members", type=int, default=3, help="of the fleet in these rounds (3)")
    parser.add_argument("--store", choices=STORES, default="etcd", help="under the fleet in these rounds (etcd)")
    parser.add_argument("--cut", choices=CUTS, default="proxies", help="how members are cut off (proxies)")
    parser.add_argument("--clocks", action="store_true", help="have clocks of members jump by an hour and ten years")
    parser.add_argument("--waves", action="store_true", help="have changes go in waves, and a member refuse some")
    parser.add_argument("--together", action="store_true", help="have trouble of members and of networks at once")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (0)")
    parser.add_argument("--size", type=int, default=0, help="so many members, and what they cost")
    parser.add_argument("--commits", type=int, default=1000, help="one after another, with --size (1000)")
    parser.add_argument("--haproxy", type=int, default=5, help="of them with a real HAProxy and traffic (5)")
    parser.add_argument("--servers", type=int, default=10_000, help="in their configuration, with --size (10000)")
    parser.add_argument("--rollouts", nargs="*", metavar="WHAT", help="roll-outs with faulty members")
    arguments = parser.parse_args()
    if arguments.rollouts is not None:
        return min(1, matrix(partial(print, flush=True), arguments.rollouts))
    with tempfile.TemporaryDirectory(prefix="dataplane-fleet-", dir="/dev/shm") as folder:
        if arguments.size:
            wrong = measure(
                Path(folder), arguments.size, arguments.commits,
                real=arguments.haproxy, servers=arguments.servers, tell=partial(print, flush=True),
            )  # fmt: skip
            print(*(f"WRONG: {one}" for one in wrong[:20]), sep="\n")
            return int(bool(wrong))
        return rounds(Path(folder), arguments)


def missing(arguments: argparse.Namespace) -> str:
    """Why these rounds cannot be had here; empty where they can."""
    reasons = [no_namespaces() if arguments.cut == "namespaces" else "", clocks.missing() if arguments.clocks else ""]
    return next(filter(None, reasons), "")


def rounds(folder: Path, arguments: argparse.Namespace) -> int:
    """Have rounds; 1 where something was wrong, whose logs are kept then."""
    if reason := missing(arguments):
        print(f"skipped: {reason}")
        return 0
    library = str(clocks.library(folder)) if arguments.clocks else ""
    network = CUTS[arguments.cut]()
    try:
        store = STORES[arguments.store](folder, network=network)
    except BaseException as error:  # pytest's skip is one
        network.close()
        print(f"skipped: {error}")
        return 0
    proof = None
    try:
        until(store.ready)
        proof = Proof(folder, store, arguments.members, arguments.seed, library, arguments.waves)
        proof.together = arguments.together
        wrong = run(proof, arguments)
        if wrong:
            print(*wrong[:20], sep="\n  ")
            shutil.rmtree(KEEP, ignore_errors=True)
            shutil.copytree(folder, KEEP, ignore=shutil.ignore_patterns("etcd?", "consul?"))
            print(f"logs: {KEEP}")
    finally:
        (proof or store).close()
    return int(bool(wrong))


def run(proof: Proof, arguments: argparse.Namespace) -> list[str]:
    """Have one round after the other; say what was wrong in the first that was not right."""
    if not proof.settled():
        return ["the fleet does not begin"]
    begun = time.monotonic()
    for number in range(1, arguments.rounds + 1):
        wrong = proof.round(seconds=arguments.seconds)
        outcomes = [one.outcome for one in proof.operations]
        said = ", ".join(f"{outcomes.count(one)} {one}" for one in ("done", "refused", "unknown"))
        print(f"round {number}: {said}; {time.monotonic() - begun:.0f} s", flush=True)
        if wrong:
            return [f"round {number}:", *wrong]
    if arguments.waves:
        made = proof.committed()
        refused, back = sum(bool(one.only) for one in made), sum(bool(one.returned) for one in made)
        print(f"{len(made)} revisions, {refused} that a member refuses, {back} that put back what was before")
    print("troubles:", ", ".join(f"{count} {name.strip('_')}" for name, count in proof.troubles.items()))
    return []


if __name__ == "__main__":
    sys.exit(main())
