"""The setting `dataplane.routing_tests`: a change that breaks an expectation is refused."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_plugins.changes.simulation import simulation
from tests.changes.simulation.support import SimulatingApi

RULE = "/v3/services/haproxy/configuration/frontends/web/backend_switching_rules/1"
EXPECTED = """\
defaults:
  frontend: web
requests:
- name: styles
  url: /a.css
  expect: {backend: static}
- url: /api
  expect: {backend: api, outcome: forwarded}
"""


@pytest.fixture
def api(tmp_path: Path, haproxy_program: str) -> Iterator[SimulatingApi]:
    file = tmp_path / "routing.yaml"
    file.write_text(EXPECTED)
    made = SimulatingApi(tmp_path, haproxy_program, dataplane__routing_tests=str(file))
    yield made
    made.close()


def test_a_change_that_breaks_an_expectation_is_refused(api: SimulatingApi) -> None:
    status, _, said = api.refused("PUT", RULE, {"name": "shop", "cond": "if", "cond_test": "TRUE"})
    assert status == 422
    assert said.endswith("routing.yaml is not treated as expected: backend is shop instead of static")
    assert "styles in " in said


def test_a_plan_says_so_before(api: SimulatingApi) -> None:
    answer = api.call("PUT", RULE, {"name": "shop"}, version=api.version, dry_run="true")
    assert (answer.status_code, answer.json["verdict"]) == (200, "refused")
    assert "backend is shop instead of static" in answer.json["refusal"]


def test_another_change_is_taken(api: SimulatingApi) -> None:
    api.change("PUT", RULE, {"name": "static", "cond": "if", "cond_test": "{ path_end .css .png }"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requests: [", "the file is not YAML: "),
        ("- {url: /, colour: red}", "requests.0.colour is a forbidden property"),
        ("- {1: x, true: y, ~: z, url: /}", "requests.0.1 is a forbidden property"),
        ("- {url: /, expect: {1: x, backend: api}}", "requests.0.expect.1 is a forbidden property"),
        ("- {url: /, ? [a] : x}", "the file has a key that is not a word (line 1)"),
        ("- {frontend: nowhere}", "no bind line of nowhere can be simulated"),
        (None, "the file cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_tried_is_not_taken_for_good(
    api: SimulatingApi, tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "routing.yaml"
    file.unlink() if text is None else file.write_text(text)
    assert said in api.refused("PUT", RULE, {"name": "static"})[2]


def test_a_gate_goes_with_its_application(tmp_path: Path) -> None:
    """An application is made anew at every SIGHUP."""
    known = len(simulation._GATES)
    for _ in range(3):
        SimulatingApi(tmp_path, "/bin/false", dataplane__routing_tests="none.yaml").close()
    gc.collect()
    assert len(simulation._GATES) <= known + 1


def test_without_the_setting_nothing_is_tried(tmp_path: Path) -> None:
    api = SimulatingApi(tmp_path, "/bin/false")
    api.change("PUT", RULE, {"name": "shop"})


def test_a_commit_names_a_file_of_expectations(tmp_path: Path, haproxy_program: str) -> None:
    (tmp_path / "routing.yaml").write_text(EXPECTED)
    folder = {"dataplaneapi__resources__general_storage_dir": str(tmp_path)}
    api = SimulatingApi(tmp_path, haproxy_program, **folder)
    try:
        begun = api.call("POST", "/v3/services/haproxy/transactions", version=api.version).json["id"]
        api.call("PUT", RULE, {"name": "shop", "cond": "if", "cond_test": "TRUE"}, transaction_id=begun)
        commit = ("PUT", f"/v3/services/haproxy/transactions/{begun}")
        plan = api.call(*commit, gate_expect="routing.yaml", dry_run="true")
        assert (plan.status_code, plan.json["verdict"]) == (200, "refused")
        refused = api.call(*commit, gate_expect="routing.yaml")
        said = "styles in routing.yaml is not treated as expected: backend is shop instead of static"
        assert (refused.status_code, refused.json["message"]) == (406, said)
        assert plan.json["refusal"] == said
        for name in ("../routing.yaml", "missing", "."):
            answer = api.call(*commit, gate_expect=name)
            assert (answer.status_code, "has no file" in answer.json["message"]) == (404, True)
        assert api.call(*commit).status_code in (200, 202)
        right = api.call("PUT", RULE, {"name": "static"}, version=api.version, gate_expect="routing.yaml")
        assert right.status_code in (200, 202), right.text
    finally:
        api.close()
