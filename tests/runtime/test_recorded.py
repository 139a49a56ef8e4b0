"""The recorded story of a live HAProxy, step by step, with marks, times and numbers bound."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from tests.runtime.support import SERVICES, live

TEXT = """\
# _version=1
global
  stats socket {folder}/worker.sock level admin
  stats timeout 2m
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend fe
  bind unix@{folder}/fe.sock
  acl a1 src -f {folder}/known.acl
  http-request set-header X %[path,map({folder}/maps/m.map)] if a1
  http-request track-sc0 src table st
  default_backend be
backend be
  balance roundrobin
  default-server check inter 500ms
  server s1 127.0.0.1:18081 weight 10
  server s2 127.0.0.1:18082 disabled
backend st
  stick-table type ip size 1k expire 10m store gpc0,http_req_cnt,http_req_rate(10s)
"""
STATUSES = {23: 404, 31: 404, 60: 404, 65: 201, 89: 404, 112: 201, 116: 204}
"""Where the story has a 500, an upload that HAProxy 2.8 did not take, or a reload too many."""
SKIPPED = {9, 10, 56, 126, 129}
"""Other resources; the list of reloads is shorter here."""
TIMED = {"operational_state", "exp", "description", "used", "http_req_cnt", "http_req_rate"}
SHAPES = {1, 2, 3, 4, 5, 7}
"""Counters: of these the members count, not the numbers."""
BETTER = {("v", "v 4")}
"""A value that was cut at its blank."""
AFTER_UPLOAD = range(66, 70)
"""The list differs there, since the upload of step 65 is carried out."""


def steps(shared):
    for line in (shared / "golden" / "dialogues.jsonl").read_text().splitlines():
        step = json.loads(line)
        if step["scenario"] == "runtime":
            yield step


class Story:
    """Compares answers with what was recorded, and binds what differs from run to run."""

    def __init__(self, api):
        self.api = api
        self.bound = {}

    def ask(self, step):
        parts = urlsplit(step["path"])
        path = unquote(parts.path.removeprefix(SERVICES + "/"))
        for theirs, ours in self.bound.items():
            path = path.replace(theirs, ours)
        return self.api.call(step["method"], path, step["body"], **dict(parse_qsl(parts.query)))

    def same(self, ours, theirs, where=""):
        if isinstance(theirs, dict):
            assert ours.keys() == theirs.keys(), where
            for name in theirs.keys() - TIMED:
                self.same(ours[name], theirs[name], f"{where}.{name}")
        elif isinstance(theirs, list):
            assert len(ours) == len(theirs), where
            for one, other in zip(ours, theirs, strict=True):
                self.same(one, other, where + "[]")
        elif isinstance(theirs, str) and re.fullmatch("0x[0-9a-f]+", theirs):
            assert re.fullmatch("0x[0-9a-f]+", ours), where
            self.bound[theirs] = ours  # an upload makes new ones
        elif (theirs, ours) not in BETTER:
            text = str(theirs).replace("@DIR@/a.acl", f"{self.api.folder}/known.acl")
            text = text.replace("@DIR@", str(self.api.folder))
            assert str(ours) == text, where


def shape(answer):
    """Names and members of counters."""
    return [
        (one["runtimeAPI"].rpartition("/")[0] and "socket",
         sorted(one.get("info", ())),
         [(stat["name"], stat["type"], stat.get("backend_name")) for stat in one.get("stats", ())])
        for one in answer
    ]  # fmt: skip


@pytest.mark.haproxy
@pytest.mark.recorded
def test_the_story(shared: Path, haproxy_program: str, tmp_path: Path):
    with live(haproxy_program, tmp_path, TEXT) as api:
        (tmp_path / "maps" / "m.map").write_text("k1 v1\nk2 v2\n")
        api.tell(f"clear map {tmp_path}/maps/m.map")
        for row in ("k1 v1", "k2 v2"):
            api.tell(f"add map {tmp_path}/maps/m.map {row}")
        api.tell(f"clear acl {tmp_path}/known.acl")
        for row in ("10.0.0.1", "10.0.0.2"):
            api.tell(f"add acl {tmp_path}/known.acl {row}")
        api.tell("set table st key 127.0.0.1 data.http_req_cnt 3")
        story = Story(api)
        for step in steps(shared):
            if "map_file" in step:
                wanted = step["map_file"].replace("k4 v\n", "k4 v 4\n")
                assert (tmp_path / "maps" / "m.map").read_text() == wanted
            elif step["step"] not in SKIPPED:
                compare(story, step)


def compare(story, step):
    number = step["step"]
    answer = story.ask(step)
    assert answer.status_code == STATUSES.get(number, step["status"]), (number, answer.text)
    reload = answer.headers.get("reload-id") is not None
    assert reload == ("Reload-Id" in step["headers"] and number not in STATUSES), number
    if answer.status_code >= 400:
        assert answer.json["code"] == STATUSES.get(number, step["response"]["code"]), number
    elif number in SHAPES:
        assert shape(answer.json) == shape(step["response"]), number
    elif number in AFTER_UPLOAD and isinstance(answer.json, list):
        story.same(answer.json[: len(step["response"])], step["response"], f"step {number}")
    elif step["status"] < 400 and answer.text:
        story.same(answer.json, step["response"], f"step {number}")
