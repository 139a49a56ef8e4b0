"""The recorded dialogue about stored files: statuses, keys and objects."""

import json
import re

import pytest

# Here on purpose another answer than the recorded one; each stands in docs/compatibility.md.
DIFFERS = {
    12: 422, 13: 422, 31: 422, 32: 422, 50: 422, 51: 422,  # names are never changed
    35: 422, 58: 422,  # no certificate: recorded as 500
}  # fmt: skip
RENAMED = re.compile(r"evil\.txt|sp_ace_")


@pytest.fixture(scope="module")
def steps(shared):
    lines = (shared / "golden" / "dialogues.jsonl").read_text("utf-8").splitlines()
    found = [one for one in map(json.loads, lines) if one["scenario"] == "storage"]
    assert len(found) == 60
    return found


def without_renamed(objects):
    return [one for one in objects if not RENAMED.search(one["file"])]


@pytest.mark.recorded
def test_every_step(steps, storage):
    reloads = []
    for step in steps:
        number, expected = step["step"], step["response"]
        body = step["body"].encode() if step["body"] is not None else None
        answer = storage.send(step["method"], step["path"], body, step.get("content_type", ""))
        assert answer.status_code == DIFFERS.get(number, step["status"]), (number, answer.text)
        if number in DIFFERS or answer.status_code >= 400:
            assert set(answer.json) == {"code", "message"}, number
            continue
        assert ("reload-id" in answer.headers) == ("Reload-Id" in step["headers"]), number
        assert answer.headers["configuration-version"] == step["headers"]["Configuration-Version"]
        assert (answer.headers.get("content-type") or "").startswith(
            step["headers"].get("Content-Type", "")
        ), number
        reloads.append(answer.headers.get("reload-id"))
        if isinstance(expected, str) or expected is None:
            assert answer.text == (expected or ""), number
            continue
        expected = json.loads(json.dumps(expected).replace("@DIR@", str(storage.folder)))
        if isinstance(expected, list):
            assert answer.json == without_renamed(expected), number
        else:
            told = answer.json
            assert {key: told.get(key) for key in expected} == expected, number
            assert "PRIVATE" not in answer.text
    assert any(reloads)
