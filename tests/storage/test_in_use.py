"""Files that the configuration uses, and a HAProxy that runs with them: no change can harm it."""

import os
from pathlib import Path

import pytest

from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.waiting import until
from tests.references.support import MIRROR
from tests.storage.support import bundle, certificate, form, pem_of, private_key
from tests.storage.test_live import PAGE, Live

pytestmark = pytest.mark.haproxy

TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
  lua-load {folder}/general/hello.lua
""" + DEFAULTS + """\
  # {folder}/general/comment.txt
frontend fe
  bind unix@{folder}/fe.sock ssl crt {folder}/ssl/site.pem
  bind unix@{folder}/list.sock ssl crt-list {folder}/general/certs.txt
  bind unix@{folder}/all.sock ssl crt {folder}/ssl/all
  bind unix@{folder}/apart.sock ssl crt {folder}/ssl/apart.pem
  http-request set-header y %[path,map_str_int({folder}/maps/n.map)]
  acl known src -f {folder}/general/known.acl
  filter spoe engine mirror config {folder}/spoe/mirror.cfg
  errorfile 503 {folder}/general/503.http
backend agents
  mode tcp
  server s 127.0.0.1:9
  server t 127.0.0.1:10 ssl verify required ca-file {folder}/ssl/ca.pem
"""
MIRRORED = MIRROR.format(sample="path")
SPOE = "/v2/services/haproxy/spoe"


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    folder, program = tmp_path_factory.mktemp("used"), one_haproxy("2.8")
    (folder / "haproxy.cfg").write_text(TEXT.format(folder=folder))
    whole = bundle("apart.example.com")
    at = whole.index(b"-----BEGIN PRIVATE")
    files = {
        "ssl/site.pem": bundle("site.example.com"),
        "ssl/all/only.pem": bundle("only.example.com"),
        "ssl/listed.pem": bundle("listed.example.com"),
        "ssl/ca.pem": certificate("ca.example.com", authority := private_key()),
        "ssl/ca.key": pem_of(authority),
        "ssl/apart.pem": whole[:at],
        "ssl/apart.pem.key": whole[at:],
        "general/certs.txt": f"{folder}/ssl/listed.pem\n".encode(),
        "general/hello.lua": b"core.log(core.info, 'hello')\n",
        "general/known.acl": b"192.0.2.1\n",
        "general/503.http": PAGE,
        "general/comment.txt": b"x",
        "maps/n.map": b"/a 1\n",
        "spoe/mirror.cfg": MIRRORED.encode(),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    storage = Live(
        folder,
        haproxy__reload__validate_cmd="",
        haproxy__haproxy_bin=program,
        haproxy__reload__reload_cmd="",
        haproxy__master_runtime=str(folder / "master.sock"),
        dataplaneapi__resources__spoe_dir=str(folder / "spoe"),
    )
    with HaproxyProcess(program, folder / "haproxy.cfg", folder):
        until((folder / "apart.sock").exists)
        yield storage


def content(live) -> dict[str, bytes]:
    """All files, temporary ones and those of the server's own left out."""
    kinds = ("ssl", "general", "maps", "spoe")
    return {
        str(path): path.read_bytes()
        for kind in kinds
        for path in (live.folder / kind).rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


@pytest.fixture(autouse=True)
def starts(live):
    """After each test HAProxy can still be reloaded with what there is."""
    yield
    record = live.services.reloads.force(live.services.config.version())
    assert record.status == "succeeded", record.response


def refused(live, answer, status, *words):
    assert answer.status_code == status, answer.text
    message = answer.json["message"]
    assert not [word for word in words if word not in message], message
    assert ".tmp" not in answer.text and "/a/0" not in answer.text
    return answer


OTHER = certificate("other.example.com", private_key())
BAD = {
    "a certificate without its key": ("ssl_certificates/site.pem", OTHER, 422, ["private key"]),
    "one with another's key": ("ssl_certificates/site.pem", OTHER + pem_of(private_key()), 422, ["does not belong"]),
    "one beside another's key": ("ssl_certificates/apart.pem", OTHER, 422, ["does not belong"]),
    "another's key": ("ssl_certificates/apart.pem.key", pem_of(private_key()), 422, ["ssl/apart.pem"]),
    "one of a list": ("ssl_certificates/listed.pem", OTHER, 422, ["private key"]),
    "a list of what is not there": ("general/certs.txt", b"/nowhere/x.pem\n", 400, ["/nowhere/x.pem"]),
    "a script": ("general/hello.lua", b"this is no Lua\n", 400, ["line 3", "general/hello.lua"]),
    "addresses": ("general/known.acl", b"192.0.2.1\nno address\n", 400, ["line 16", "section frontend fe", "known.acl"]),
    "a page": ("general/503.http", b"no answer of HTTP", 400, ["line 18"]),
    "a map": ("maps/n.map", b"/a one\n", 400, ["line 15", "maps/n.map"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_haproxy_refuses_changes_nothing(live, case):
    path, data, status, words = BAD[case]
    before = content(live)
    for query in ({}, {"force_reload": True}, {"skip_reload": True}):
        refused(live, live.put(path, data, **query), status, *words)
    assert content(live) == before
    assert live.handshake("x") == "site.example.com"


GOOD = {
    "ssl_certificates/site.pem": bundle("renewed.example.com"),
    "ssl_certificates/listed.pem": bundle("renewed.example.com"),
    "ssl_certificates/ca.pem": certificate("renewed.example.com", private_key()),
    "general/hello.lua": b"core.log(core.info, 'again')\n",
    "general/known.acl": b"198.51.100.0/24\n",
    "general/503.http": PAGE.replace(b"busy", b"gone"),
    "maps/n.map": b"/a 2\n",
}


@pytest.mark.parametrize("path", GOOD)
def test_what_haproxy_takes_is_in_use(live, path):
    file = live.folder / path.replace("ssl_certificates", "ssl")
    before = file.read_bytes()
    for data in (GOOD[path], before):
        answer = live.put(path, data, force_reload=True)
        assert answer.status_code in (200, 204), answer.text
        assert file.read_bytes() == data
        if path.endswith("site.pem"):
            name = "renewed.example.com" if data != before else "site.example.com"
            until(lambda expected=name: live.handshake("x") == expected)


NAMED = [
    *GOOD,
    "ssl_certificates/apart.pem",
    "general/certs.txt",
    f"{SPOE}/spoe_files/mirror.cfg",
]


@pytest.mark.parametrize("path", NAMED)
def test_what_is_named_stays(live, path):
    before = content(live)
    words = ["rejecting attempt to delete file ", " referenced in haproxy conf at line "]
    refused(live, live.send("DELETE", path), 409, Path(path).name, *words)
    assert content(live) == before


def test_a_key_that_a_named_certificate_needs_stays(live):
    answer = live.send("DELETE", "ssl_certificates/apart.pem.key")
    words = ["rejecting attempt to delete file", "at line 14:", "ssl/apart.pem"]
    refused(live, answer, 409, *words)


def test_what_only_a_comment_names_goes(live):
    assert live.send("DELETE", "general/comment.txt").status_code == 204
    assert live.upload("general", "comment.txt", b"x").status_code == 201


def test_the_last_certificate_of_a_folder_stays(live):
    other = Live(live.folder, haproxy__reload__validate_cmd="",
                 haproxy__haproxy_bin=one_haproxy("2.8"),
                 dataplane__state_dir=str(live.folder / "state2"),
                 dataplaneapi__resources__ssl_certs_dir=str(live.folder / "ssl/all"))  # fmt: skip
    words = ["rejecting attempt to delete file", "at line 13:", "no SSL certificate specified"]
    refused(live, other.send("DELETE", "ssl_certificates/only.pem"), 409, *words)
    assert other.upload("ssl_certificates", "more.pem", bundle("more.example.com")).status_code in (201, 202)
    refused(live, other.upload("ssl_certificates", "bad.pem", OTHER), 422, "bad.pem")
    assert sorted(os.listdir(live.folder / "ssl/all")) == ["more.pem", "only.pem"]
    assert other.send("DELETE", "ssl_certificates/only.pem").status_code in (202, 204)
    assert other.upload("ssl_certificates", "only.pem", bundle("only.example.com")).status_code in (201, 202)
    assert other.send("DELETE", "ssl_certificates/more.pem").status_code in (202, 204)


def test_a_transaction_counts_when_it_is_committed(live):
    live.upload("maps", "new.map", b"/a one\n")
    version = live.services.config.version()
    begun = live.send("POST", f"/v2/services/haproxy/transactions?version={version}").json["id"]
    where = f"/v2/services/haproxy/configuration/http_request_rules?parent_type=frontend&parent_name=fe&transaction_id={begun}"
    body = (b'{"index":0,"type":"set-header","hdr_name":"z","hdr_format":"%%[path,map(%s)]"}'
            % str(live.folder / "maps/new.map").encode())  # fmt: skip
    assert live.send("POST", where, body, "application/json").status_code == 202
    assert live.send("DELETE", "maps/new.map").status_code == 204
    answer = live.send("PUT", f"/v2/services/haproxy/transactions/{begun}")
    refused(live, answer, 400, "new.map")


def test_spoe_files(live):
    here = {"spoe": "mirror.cfg", "scope": "[mirror]"}
    file = live.folder / "spoe/mirror.cfg"
    version = live.send("GET", f"{SPOE}/version", spoe="mirror.cfg").json
    agent = b'{"name":"mirror","messages":"none"}'
    answer = live.send("PUT", f"{SPOE}/spoe_agents/mirror", agent, "application/json", version=version, **here)
    refused(live, answer, 400, "spoe/mirror.cfg", "section frontend fe")
    answer = live.send("DELETE", f"{SPOE}/spoe_scopes/%5Bmirror%5D", version=version, spoe="mirror.cfg")
    refused(live, answer, 400)
    assert file.read_text() == MIRRORED
    message = b'{"name":"two","args":"b=path","event":{"name":"on-frontend-http-request"}}'
    answer = live.send("POST", f"{SPOE}/spoe_messages", message, "application/json", version=version, **here)
    assert answer.status_code == 201, answer.text


def test_a_file_that_mends_what_haproxy_refuses_is_taken(tmp_path):
    lines = TEXT.format(folder=tmp_path).splitlines()
    (tmp_path / "haproxy.cfg").write_text("\n".join([*lines[3:10], "  bind unix@/tmp/none", lines[14], lines[17]]) + "\n")
    storage = Live(tmp_path, haproxy__reload__validate_cmd="", haproxy__haproxy_bin=one_haproxy("2.8"))
    for name in ("n.map", "n.map"):
        answer = storage.send("POST", "maps", form(name, b"/a 1\n"), "multipart/form-data; boundary=BB")
    assert answer.status_code == 409
    assert storage.files("maps") == ["n.map"]
    assert storage.upload("general", "503.http", PAGE).status_code == 201
    refused(storage, storage.put("general/503.http", b"no answer"), 400)
