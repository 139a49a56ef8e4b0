"""An error in what a plugin has declared, on a path of the server's own: the plugin to blame is named."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.grammar import Prop, checked, rest, statement, word
from tests.hooks.installed import Few, install

RULE = """
def rule(values):
    raise RuntimeError("a secret word")
    yield
"""


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Few:
    of_stranger: dict[str, Any] = {"__name__": "stranger_module.rules"}
    exec(RULE, of_stranger)
    word_kind: type[Any] = type(word("x"))
    reading = {"__name__": "stranger_module"}
    exec("def read(self, *words): raise RuntimeError('a secret word')", reading)
    unreadable = type("Unreadable", (word_kind,), {"read": reading["read"]})

    def dataplane_register(registry: Any) -> None:
        registry.extend("backends", statement("motto", checked(rest("motto"), of_stranger["rule"])))
        registry.extend("backends", statement("anthem", unreadable(Prop("anthem"))))

    install(monkeypatch, stranger=SimpleNamespace(dataplane_register=impl(dataplane_register)), other=SimpleNamespace())
    return Few(tmp_path, ("stranger", "other"))


def test_the_plugin_of_a_rule_is_named(api: Few, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = api.call("POST", "backends", {"name": "b2", "motto": "x"}, version=1)
    assert answer.status_code == 500
    assert answer.json["message"].endswith(" failed in the plugin stranger; the log has it")
    assert "secret" not in answer.text
    assert "failed in the plugin stranger" in caplog.text
    assert api.file.read_text() == "backend be\n"


def test_others_go_on_beside_lines_that_a_plugin_cannot_read(api: Few) -> None:
    api.file.write_text("backend be\n  anthem x\n\nfrontend fe\n")
    answer = api.call("GET", "backends")
    assert answer.status_code == 500
    assert " failed in the plugin stranger; " in answer.json["message"]
    assert [one["name"] for one in api.call("GET", "frontends").json["data"]] == ["fe"]
    api.change("POST", "frontends", {"name": "f2"})
    assert api.file.read_text().endswith("backend be\n  anthem x\n\nfrontend fe\n\nfrontend f2\n")
