"""Try a fleet: `python -m tests.fleet.proof [--rounds N] [--members N]`.

`--rounds` are rounds of clients beside trouble of members and of the store, whose history is checked;
`--size` starts so many members, and measures how soon all of them have a commit.
"""

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.fleet.proof.rounds import Etcd, Proof
from tests.fleet.proof.size import measure
from tests.harness.waiting import until


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fleet.proof", description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="rounds of clients and trouble")
    parser.add_argument("--seconds", type=float, default=2.0, help="of trouble in each round (2)")
    parser.add_argument("--members", type=int, default=3, help="of the fleet in these rounds (3)")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (0)")
    parser.add_argument("--size", type=int, default=0, help="so many members, and what they cost")
    parser.add_argument("--commits", type=int, default=1000, help="one after another, with --size (1000)")
    parser.add_argument("--haproxy", type=int, default=5, help="of them with a real HAProxy and traffic (5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dataplane-fleet-", dir="/dev/shm") as folder:
        if arguments.size:
            wrong = measure(
                Path(folder), arguments.size, arguments.commits, real=arguments.haproxy, tell=partial(print, flush=True)
            )
            print(*(f"WRONG: {one}" for one in wrong[:20]), sep="\n")
            return int(bool(wrong))
        return rounds(Path(folder), arguments)


def rounds(folder: Path, arguments: argparse.Namespace) -> int:
    store = Etcd(folder)
    until(store.ready)
    proof = Proof(folder, store, arguments.members, arguments.seed)
    try:
        if not proof.settled():
            print("the fleet does not begin")
            return 1
        begun = time.monotonic()
        for number in range(1, arguments.rounds + 1):
            wrong = proof.round(seconds=arguments.seconds)
            if wrong:
                print(f"round {number}:", *wrong[:20], sep="\n  ")
                keep = Path("/tmp/fleet-proof")
                print(f"logs: {keep}")
                import shutil

                shutil.rmtree(keep, ignore_errors=True)
                shutil.copytree(folder, keep, ignore=shutil.ignore_patterns("etcd*"))
                return 1
            outcomes = [one.outcome for one in proof.operations]
            said = ", ".join(f"{outcomes.count(one)} {one}" for one in ("done", "refused", "unknown"))
            print(f"round {number}: {said}; {time.monotonic() - begun:.0f} s", flush=True)
    finally:
        proof.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
