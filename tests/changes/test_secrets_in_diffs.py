"""What differs is shown without secrets, unless the reader asks for lines as they are."""

from pathlib import Path

import pytest

from tests.api.support import OWN
from tests.changes.differences import patched
from tests.changes.support import V3, WholeApi

PLAIN = {"Content-Type": "text/plain"}
TEXT = """\
# _version=1
userlist staff
  user bob insecure-password first-one
defaults
  mode http
frontend fe
  bind 127.0.0.1:8080
  http-request set-header Authorization "Bearer first-one"
backend be
  option httpchk
  http-check send hdr Cookie first-one
  server s1 127.0.0.1:1
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> WholeApi:
    folder: Path = tmp_path_factory.mktemp("secrets")
    api = WholeApi(folder, TEXT, dataplane__audit_file=str(folder / "audit"))
    new = TEXT.replace("first-one", "other-one")
    answer = api.call("POST", f"{V3}/raw", raw=new, headers=PLAIN, version=1)
    assert answer.status_code in (201, 202), answer.text
    return api


@pytest.mark.parametrize("path", ["diff?from=1", "history/2", "history/1/rollback?dry_run=true"])
def test_neither_objects_nor_lines_show_them(api: WholeApi, path: str) -> None:
    path, _, query = path.partition("?")
    method = "POST" if "rollback" in path else "GET"
    answer = api.call(method, f"{OWN}/{path}", **dict([query.split("=")] if query else []))
    assert answer.status_code == 200 and "-one" not in answer.text
    assert answer.text.count("***") >= 12, "three lines, before and after, in both forms"


def test_a_plan_and_what_was_applied_show_none(api: WholeApi) -> None:
    text = api.text.replace("other-one", "third-one")
    for query in ({"dry_run": "true"}, {}):
        answer = api.call("POST", f"{OWN}/apply", raw=text, headers=PLAIN, prune="true", **query)
        assert answer.status_code in (200, 202) and "***" in answer.text and "-one" not in answer.text
    assert "third-one" in api.text


def test_raw_lines_are_a_patch(api: WholeApi) -> None:
    found = api.call("GET", f"{OWN}/diff", **{"from": 1, "to": 2, "with_secrets": "true"}).json
    before, after = (api.call("GET", f"{OWN}/history/{n}/text").text.partition("\n")[2] for n in (1, 2))
    assert patched(before, found["text"]) == after
    assert "other-one" in api.call("GET", f"{OWN}/history/2", with_secrets="true").json["diff"]
    assert "other-one" not in str(found["changes"])


def test_the_audit_file_hides_those_in_a_query(api: WholeApi) -> None:
    api.call("DELETE", "/v3/services/haproxy/storage/maps/nix", api_key="first-one")
    audit = Path(api.app.services.settings.dataplane.audit_file).read_text()
    assert "api_key=***" in audit and "-one" not in audit


KINDS = f"""\
# _version=1
global
  cluster-secret {(SECRET := "hunter2-hunter2")}
  setenv A https://me:{SECRET}@a.example/
userlist staff
  user bob insecure-password {SECRET}
  user eve password {SECRET}
  user bad passwort {SECRET}
defaults
  mode http
frontend fe
  bind 127.0.0.1:8080 tcp-md5sig {SECRET}
  http-request set-header Authorization "Bearer {SECRET}"
  http-request deny if {{ req.hdr(x-api-key) {SECRET} }}
  http-request redirect location /?token={SECRET}
  http-request return status 200 hdr Set-Cookie {SECRET}
  http-response set-header Set-Cookie {SECRET}
  stats auth admin:{SECRET}
  # user bob password {SECRET}
  http-request set-header Cookie "open {SECRET}
backend be
  dynamic-cookie-key {SECRET}
  option httpchk GET / HTTP/1.1\\r\\nAuthorization:\\ {SECRET}
  http-check send hdr Authorization {SECRET}
  tcp-check send AUTH\\ {SECRET}\\r\\n
  server s1 127.0.0.1:1 tcp-md5sig {SECRET}
"""


def test_blame_shows_lines_without_secrets(tmp_path: Path) -> None:
    api = WholeApi(tmp_path, KINDS)
    lines = KINDS.splitlines()
    for more, shown in (({}, False), ({"with_secrets": "true"}, True)):
        found = api.call("GET", f"{OWN}/history/newest/blame", **more).json
        assert len(found) == len(lines)
        for one, line in zip(found, lines, strict=True):
            if SECRET not in line or shown:
                assert one["text"] == line
            else:
                assert SECRET not in one["text"] and "***" in one["text"]
