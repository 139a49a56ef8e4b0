"""The process dies at every named place of a commit: nothing is torn, lost or in the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataplane_core.store.failpoints import NAMES
from tests.store.support import TEXT, add_server

ACTOR = Path(__file__).with_name("actor.py")
COMMIT = NAMES[: NAMES.index("followed") + 1]
CHECKING = {"turn-taken", "candidate-written", "candidate-checked", "locked", "followed"}
WRITTEN = set(COMMIT[COMMIT.index("replaced") :])


def die(bench, failpoint, *actions):
    """Run the actor until the failpoint; what it had acknowledged by then."""
    environment = {**os.environ, "DATAPLANE_FAILPOINT": failpoint}
    command = [sys.executable, str(ACTOR), str(bench.directory), *actions]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 137, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("action", ["direct", "transaction"])
@pytest.mark.parametrize("name", COMMIT)
def test_a_death_during_a_commit(bench, name, action):
    assert die(bench, name, action) == []
    config = bench.store()
    written = name in WRITTEN
    assert config.version() == (2 if written else 1)
    assert ("new1" in bench.text) == written
    assert bench.text == config.raw_text()[0]
    assert config.history.intents() == []
    assert bench.litter() == []
    assert not list((bench.directory / "state" / "versions").glob(".*.tmp"))
    # The reload is asked for in the same write that makes the version the newest.
    asked = name in WRITTEN and COMMIT.index(name) >= COMMIT.index("done-recorded")
    assert bench.reloads.requested == ([2] if written and not asked else [])
    left = [row.status for row in config.transactions.list()]
    assert left == (["in_progress"] if action == "transaction" and not written else [])
    assert add_server(config, "be2", "s9", version=config.version()).version == 2 + written
    if written:
        assert config.history.get(2).status == "active"
        assert "new1" in config.raw_text(2)[0]


@pytest.mark.parametrize("name", COMMIT)
def test_a_death_in_the_second_commit_keeps_the_first(bench, name):
    assert die(bench, f"{name}:2", "direct", "direct") == [{"version": 2}]
    config = bench.store()
    assert "new1" in bench.text
    assert config.version() == (3 if name in WRITTEN else 2)


@pytest.mark.parametrize("name", ["intent-recorded", "replaced"])
def test_what_the_dead_left_is_settled_at_the_start(bench, name):
    die(bench, name, "transaction")
    config = bench.store()
    config.file.recover()
    assert config.history.intents() == []
    assert config.history.newest().version == (2 if name == "replaced" else 1)
    assert bench.reloads.requested == ([2] if name == "replaced" else [])
    assert bench.litter() == []


def test_a_start_without_a_configuration_is_no_failure(bench, caplog):
    die(bench, "intent-recorded", "direct")
    text = bench.text
    bench.file.unlink()
    config = bench.store()
    config.file.recover()
    assert "cannot be read" in caplog.text
    bench.file.write_text(text)
    assert config.version() == 1


@pytest.mark.parametrize("name", COMMIT)
def test_a_worker_that_lives_on_settles_what_the_dead_one_left(bench, name):
    config = bench.store()
    assert config.version() == 1
    die(bench, name, "transaction")
    version = config.version()
    assert version == (2 if name in WRITTEN else 1)
    assert add_server(config, "be2", "s9", version=version).version == version + 1
    assert config.history.intents() == []


def test_another_server_on_the_same_file_goes_on(bench):
    other = bench.store("other state")
    other.version()
    die(bench, "replaced", "direct")
    assert other.version() == 2
    assert add_server(other, "be2", "s9", version=2).version == 3
    assert bench.store().version() == 3


def test_an_edit_that_was_stored_is_in_the_transaction(bench):
    begun = die(bench, "edit-stored", "edit")
    config = bench.store()
    assert "new1" in config.raw_text(transaction_id=begun[0]["begun"])[0]
    config.transactions.commit(begun[0]["begun"])
    assert "new1" in bench.text


@pytest.mark.parametrize("name", [*(name for name in COMMIT if name not in CHECKING), "restored"])
def test_a_death_while_a_version_is_put_back(bench, name):
    hit = 1 if name == "restored" else 2
    assert die(bench, f"{name}:{hit}", "direct", "restore") == [{"version": 2}]
    config = bench.store()
    back = name in WRITTEN or name == "restored"
    assert config.version() == (3 if back else 2)
    assert ("new1" not in bench.text) == back
    if back:
        assert bench.text == "# _version=3\n" + TEXT
        assert config.history.get(2).status == "rolled back"
        assert config.file.restore("again", 2) is None
    else:
        assert config.file.restore("again", 2) == 3
