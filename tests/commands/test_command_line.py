"""A server that is given its settings file alone starts without click, and as it would with it."""

import sys

import pytest

from dataplane_core import cli
from dataplane_core.commands import group, serving


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ([], {}),
        (["-f", "a.yaml"], {"file": "a.yaml"}),
        (["-fa.yaml"], {"file": "a.yaml"}),
        (["-f", "a.yaml", "--port", "1"], {"file": "a.yaml", "dataplaneapi.port": "1"}),
    ],
)
@pytest.mark.parametrize("program", ["dataplane", "dataplaneapi"])
def test_the_flags_reach_the_server(
    program: str, words: list[str], given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[dict[str, str]] = []
    for module in (serving, group):
        monkeypatch.setattr(module, "serve", served.append)
    command, begin = (cli.main, ["serve"]) if program == "dataplane" else (cli.serve_main, [])
    monkeypatch.setattr(sys, "argv", [program, *begin, *words])
    try:
        command()
    except SystemExit as ended:
        assert not ended.code
    assert served == [given]


@pytest.mark.parametrize("words", [["-f"], ["-x", "a.yaml"], ["a.yaml"], ["-f", "a.yaml", "more"]])
def test_wrong_flags_are_refused(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["dataplane", "serve", *words])
    with pytest.raises(SystemExit, match="2"):
        cli.main()


def test_an_interrupt_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(serving, "serve", interrupted)
    monkeypatch.setattr(sys, "argv", ["dataplane", "serve"])
    with pytest.raises(SystemExit, match="Aborted!"):
        cli.main()
