"""`dataplane audit verify` names the first broken link, for people and for scripts."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dataplane_core.commands.group import main
from dataplane_core.store.hash_chain import START, chained


@pytest.fixture
def files(tmp_path):
    previous, lines = START, []
    for seq in range(1, 7):
        line, previous = chained(seq, previous, {"event": "x", "number": seq})
        lines.append(line)
    old, new = tmp_path / "audit.1", tmp_path / "audit"
    old.write_bytes(b"".join(lines[:3]))
    new.write_bytes(b"".join(lines[3:]))
    return str(old), str(new)


def run(*words):
    return CliRunner().invoke(main, ["audit", "verify", *words])


def test_a_chain_that_holds(files):
    done = run(*files)
    assert (done.exit_code, done.output.split(",")[0]) == (0, "6 lines hold: 1 to 6")
    assert "the first follows on line 3" in run(files[1]).output
    told = json.loads(run(files[1], "--json").output)
    assert (told["lines"], told["first"], told["last"], told["fault"]) == (3, 4, 6, None)


def test_a_chain_that_is_broken(files):
    done = run(*reversed(files))
    assert done.exit_code == 1
    assert "audit.1, line 1: it does not follow on the line before: 6 is followed by 1" in done.output
    path = Path(files[1])
    path.write_text(path.read_text().replace('"number": 5', '"number": 55'))
    done = run(*files, "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)["fault"].endswith("audit, line 2: the line was changed, or is no line of a chain")


def test_an_empty_file_and_one_that_is_not_there(tmp_path):
    (tmp_path / "empty").touch()
    assert run(str(tmp_path / "empty")).output == "there are no lines\n"
    assert run(str(tmp_path / "nowhere")).exit_code == 2
    assert run().exit_code == 2
