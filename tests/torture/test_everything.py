"""Parts of `contrib/torture --all`: each can be asked for, and one is as the command runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from dataplane_core.haproxy.binaries import installed
from tests.torture.__main__ import options
from tests.torture.everything import PARTS, summary
from tests.torture.injection import SHOWING
from tests.torture.shares import share


@pytest.mark.parametrize("name", PARTS)
def test_each_part_is_an_option_of_the_command(name: str) -> None:
    whole, quick = (vars(options().parse_args(text.split())) for text in PARTS[name])
    asked = {key for key, value in whole.items() if value != vars(options().parse_args([]))[key]}
    assert asked, "of kills, too, it is another number"
    assert asked <= {key for key, value in quick.items() if value is not None}


@pytest.mark.haproxy
@pytest.mark.usefixtures("haproxy_program")
def test_hostile_strings_are_tried_by_the_command() -> None:
    """Outside of pytest, the server was asked by a name that is not its own, and no document came."""
    command = [sys.executable, "-m", "tests.torture", "--injection", "--most", "3", "--seed", "17"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "requests: 3 string properties" in done.stdout
    for name in {*SHOWING} & {*installed()}:
        assert f"HAProxy {name}: " in done.stdout


def test_a_share_is_a_part_in_its_order() -> None:
    assert share(range(100), 0) == share(range(100), 100) == [*range(100)]
    some = share(range(100), 5, 17)
    assert some == sorted(set(some)) == share(range(100), 5, 17)
    assert len(some) == 5 and some != share(range(100), 5, 18)


def test_a_summary_is_a_row_of_a_table() -> None:
    assert summary("kills", 0, 60, "a\n\nb | c\n") == "| kills | held | 1 | a<br>b \\| c |"
    assert summary("kills", 1, 60, "").startswith("| kills | failed")
