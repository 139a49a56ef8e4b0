"""Recorded stories, step by step: ours answers with the recorded statuses but where listed."""

import pytest

from tests.dialogues.replay import Replay, steps
from tests.golden.offline import GOLDEN
from tests.laws.support import Everything

# Steps that differ, each with our status and the reason; docs/compatibility.md has the rules behind.
DIFFERENT = {
    "indexes": {},
    "put_semantics": {},
    "defaults_none": {},
    "defaults_one_unnamed": {},
    "defaults_one_named": {},
    "defaults_two_unnamed": {},
    "defaults_named_then_unnamed": {},
    "defaults_unnamed_then_named": {},
    "file_without_version": {},
    "binds_noname": {8: (422, "a bind that says nothing is no line")},
    "strings": {
        10: (422, "a quote that is not closed: HAProxy refuses the line"),
        11: (404, "the one that was refused"),
        22: (422, "a quote that is not closed: HAProxy refuses the line"),
        23: (404, "the one that was refused"),
        41: (422, "what follows an unquoted # is a comment to HAProxy"),
        43: (404, "the one that was refused"),
    },
    "versions_and_reload": {12: (404, "the reload's id is the recorded server's")},
    "transactions": {
        13: (202, "an earlier story had left this backend behind"),
        15: (404, "the backend stands in the transaction alone"),
        32: (202, "an earlier story had left this backend behind"),
        37: (202, "an earlier story had left this backend behind"),
    },
}


@pytest.mark.parametrize("scenario", DIFFERENT)
def test_a_recorded_story(scenario, tmp_path):
    if not GOLDEN.is_dir():
        pytest.skip("the recorded stories are not beside the project")
    story = steps(scenario, tmp_path)
    begun = [step["config_before"] for step in story if "config_before" in step]
    base = (GOLDEN / "files" / "base.cfg").read_text().replace("@FILES@", str(GOLDEN / "files"))
    api = Everything(tmp_path, begun[0] if begun else base)
    expected, answered = [], []
    for step, answer in Replay(api).run(story):
        status = DIFFERENT[scenario].get(step["step"], (step["status"], ""))[0]
        expected.append((step["step"], step["method"], step["path"], status))
        answered.append((step["step"], step["method"], step["path"], answer.status_code))
    assert len(answered) > 5
    assert answered == expected
