"""What is told of a simulation has no secret of the configuration in it."""

from pathlib import Path

from tests.changes.simulation.support import SimulatingApi
from tests.harness.haproxy import DEFAULTS

SECRET = "hunter2-hunter2"
TEXT = f"""\
global
  cluster-secret {SECRET}
userlist staff
  user bob insecure-password {SECRET}
  user eve password {SECRET}
{DEFAULTS}
frontend web
  bind 127.0.0.1:80
  http-request set-header Authorization "Bearer {SECRET}"
  http-request set-header X-Api-Key {SECRET} if TRUE
  http-request replace-header Cookie (.*) {SECRET}
  http-request set-var(txn.a) str(1) if {{ req.hdr(authorization) -m str {SECRET} }}
  http-request set-query token={SECRET}&a=b if {{ path /query }}
  http-request redirect location https://me:{SECRET}@a.example/?token={SECRET} if {{ path /away }}
  http-request return status 200 hdr Set-Cookie {SECRET} if {{ path /here }}
  http-request auth realm x unless {{ http_auth(staff) }} || {{ path /free }} || {{ path /query }}
  use_backend shop if {{ req.hdr(x-api-key) {SECRET} }}
  stats enable
  stats auth admin:{SECRET}
backend shop
  dynamic-cookie-key {SECRET}
  option httpchk
  http-check send hdr Authorization {SECRET}
  http-request set-header Proxy-Authorization {SECRET}
  server s1 192.0.2.1:80 check
"""


def test_no_secret_of_the_configuration_is_told(tmp_path: Path, haproxy_program: str) -> None:
    api = SimulatingApi(tmp_path, haproxy_program, TEXT)
    own = {"headers": {"X-Token": "mine", "X-Other": "other"}}
    paths = ["/free?token=mine", "/query", "/away", "/here", "/", "/admin?stats"]
    expect = {"location": f"https://me:{SECRET}2@a.example/?token={SECRET}"}
    changed = TEXT.replace("path /away", "path /far")
    for more in ({}, {"text": changed}):
        answer = api.call(
            "POST", "/dataplane/v1/simulate",
            {"requests": [{"url": path, "expect": expect, **own} for path in paths], **more},
        )  # fmt: skip
        assert answer.status_code == 200 and answer.text.count("***") > 30
        assert SECRET not in answer.text
    free, query, away, *_ = api.ask(*({"url": path, **own} for path in paths))["results"]
    assert free["forwarded"]["url"] == "/free?token=mine", "what a client says is shown to it"
    sent = {one["name"].lower(): one["value"] for one in free["forwarded"]["headers"]}
    assert (sent["x-token"], sent["x-other"], sent["authorization"]) == ("mine", "other", "***")
    assert query["forwarded"]["url"] == "/query?token=***&a=b"
    assert away["location"] == "https://***@a.example/?token=***"
    api.close()


def test_what_is_refused_is_told_without_secrets(tmp_path: Path, haproxy_program: str) -> None:
    api = SimulatingApi(tmp_path, haproxy_program, TEXT)
    for line in (f"user bob password {SECRET} more", f'user bob password "{SECRET}', f"user x insecure-password {SECRET} nonsense"):
        text = TEXT.replace("userlist staff\n", f"userlist staff\n  {line}\n")
        answer = api.call("POST", "/dataplane/v1/simulate", {"requests": [{}], "text": text})
        assert answer.status_code == 422 and "line 4" in answer.text
        assert SECRET not in answer.text
    api.close()
