"""What operations answer whose parent or object is missing, as it was recorded.

All cases run on one application without a network, each in a transaction of its own, so that a
change that is taken disturbs no other case.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.api.support import TRANSACTIONS
from tests.laws.support import Everything

pytestmark = pytest.mark.recorded

Case = dict[str, Any]

@pytest.fixture(scope="module")
def cases(shared: Path) -> list[Case]:
    lines = (shared / "golden" / "missing.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def api(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Everything:
    text = (shared / "golden" / "files" / "missing.cfg").read_text("utf-8")
    return Everything(tmp_path_factory.mktemp("missing"), text)


def expected(case: Case) -> tuple[int, int | None]:
    """Status and code; of failures that were recorded without a body the code is ours to choose.

    Where the recorded answer is a defect, the others of its kind count.
    """
    if "defect" in case:
        status = 400 if case["what"] == "missing parent" else 404
        return status, status
    return case["status"], case.get("code")


def difference(api: Everything, case: Case) -> str:
    """What is answered otherwise than it should be."""
    begun = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
    query = dict(parse_qsl(case["query"], keep_blank_values=True))
    answer = api.call(case["method"], case["path"], case["body"], **query, transaction_id=begun)
    api.call("DELETE", f"{TRANSACTIONS}/{begun}")
    status, code = expected(case)
    if answer.status_code != status:
        return f"status {answer.status_code} instead of {status}"
    if code is not None and answer.json["code"] != code:
        return f"code {answer.json['code']} instead of {code}"
    if status >= 400 and not answer.json["message"].startswith(("missing object: ", "missing parent: ")):
        return f"other words: {answer.json['message']}"
    if "data" in case and answer.json["data"] != case["data"]:
        return f"data {answer.json['data']} instead of {case['data']}"
    return ""


def test_answers_to_what_is_missing(api: Everything, cases: list[Case]) -> None:
    assert len(cases) == 400
    prefix = "/v2/services/haproxy/configuration/"
    found = {
        (case["method"], case["path"].removeprefix(prefix), case["query"]): told
        for case in cases
        if (told := difference(api, case))
    }
    assert found == {}


def test_a_failure_says_what_is_missing(api: Everything) -> None:
    said = {
        ("DELETE", "servers/s1", "ghost"): (
            404, "missing object: server s1 does not exist in backend ghost, which does not exist either"),
        ("DELETE", "servers/s9", "be1"): (404, "missing object: server s9 does not exist in backend be1"),
        ("GET", "stick_rules/0", "ghost"): (400, "missing parent: backend ghost does not exist"),
        ("GET", "stick_rules/0", "be1"): (404, "missing object: stick_rule 0 does not exist in backend be1"),
    }  # fmt: skip
    for (method, path, backend), (status, message) in said.items():
        answer = api.call(method, path, backend=backend, version=api.version)
        assert (answer.status_code, answer.json["message"]) == (status, message)
