"""A process of its own that works on a store, for tests that end it: `actor.py FOLDER ACTION…`.

Every action that came back prints a line of JSON, so that the test knows what was acknowledged.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dataplane_core.errors import DataplaneError
from dataplane_core.store import ConfigStore
from dataplane_core.store.author import PLAIN, ChangeOptions
from tests.store.support import Bench, add_server

TRIED = ChangeOptions(confirm_within=90.0)


def act(config: ConfigStore, action: str, name: str) -> dict[str, object]:
    """Carry out one action with a server called `name`."""
    if action == "start":
        config.file.recover()
        return {"version": config.version()}
    version = config.version()
    if action == "direct":
        return {"version": add_server(config, "be1", name, version=version).version}
    if action == "restore":
        return {"version": config.file.restore("by the test", version)}
    if action == "tried":
        outcome = add_server(config, "be1", name, version=version, options=TRIED)
        return {"version": outcome.version, "waits": outcome.confirm_before is not None}
    if action == "take-back":
        waits = config.trials.table.open()
        assert waits is not None
        config.trials.table.begin_return(waits.version, "time is over")
        return {"version": config.put_back(waits.trial.former, waits.version).version}
    if action == "edit":
        identifier = config.transactions.begin(version).id
        print(json.dumps({"begun": identifier}), flush=True)
        add_server(config, "be1", name, transaction_id=identifier)
        return {"edited": identifier}
    identifier = config.transactions.begin(version).id
    add_server(config, "be1", name, transaction_id=identifier)
    options = TRIED if action == "tried-transaction" else PLAIN
    return {"version": config.transactions.commit(identifier, options=options)[1].version}


def race(config: ConfigStore, prefix: str, count: int, backend: str, mode: str) -> None:
    """Add `count` servers, each tried until it is in; print each as it is acknowledged."""
    refused = 0
    for number in range(count):
        name = f"{prefix}-{number}"
        while True:
            try:
                if mode == "shared":
                    identifier = sys.argv[6]
                    add_server(config, backend, name, transaction_id=identifier)
                elif number % 2:
                    add_server(config, backend, name, version=config.version())
                else:
                    identifier = config.transactions.begin(config.version()).id
                    add_server(config, backend, name, transaction_id=identifier)
                    config.transactions.commit(identifier)
                break
            except DataplaneError as error:
                # 400: the transaction became outdated between two calls.
                if error.status not in (409, 406, 400):
                    raise
                refused += 1
        print(json.dumps({"added": name}), flush=True)
    print(json.dumps({"refused": refused}), flush=True)


def main() -> None:
    bench = Bench(Path(sys.argv[1]), text=None)
    bench.options["dataplaneapi.transaction.max_open_transactions"] = 1000
    if sys.argv[2] == "race":
        prefix, state, backend = sys.argv[3:6]
        mode = "shared" if len(sys.argv) > 6 else "own"
        race(bench.store(state), prefix, 12, backend, mode)
        return
    config = bench.store()
    config.trials.watch()
    for number, action in enumerate(sys.argv[2:], 1):
        print(json.dumps(act(config, action, f"new{number}")), flush=True)


if __name__ == "__main__":
    main()
