"""The page on reliability names tests that exist, and parts of `contrib/torture` that it has."""

import re
from pathlib import Path

import pytest

from tests.torture import __main__ as torture
from tests.torture.everything import PARTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE))))
def test_a_test_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).is_file()


def test_options_that_are_named_exist(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["torture", "--help"])
    with pytest.raises(SystemExit):
        torture.main()
    known = capsys.readouterr().out
    named = set(re.findall(r"(?:contrib/torture|tests\.torture) (--[\w-]+)", PAGE))
    assert {option for option in named | {one.whole.split()[0] for one in PARTS.values()} if option not in known} == set()
    assert "--all" in named
