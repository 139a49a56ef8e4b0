"""The setting `dangerous_lines: refuse` holds for every way in; plans and the audit name such lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.settings import UserSettings
from tests.api.support import OWN
from tests.changes.whole import TEXT, TOP, Whole

PLAIN = {"Content-Type": "text/plain"}
TRANSACTIONS = "/v3/services/haproxy/transactions"
IN_GLOBAL = [
    ("lua-load /etc/x.lua", "lua-load"),
    ("lua-load-per-thread /etc/x.lua", "lua-load-per-thread"),
    ("'lua-load' /etc/x.lua", "lua-load"),
    ("lua-prepend-path /x/?.so cpath", "lua-prepend-path"),
    ("insecure-fork-wanted", "insecure-fork-wanted"),
    ("insecure-setuid-wanted", "insecure-setuid-wanted"),
    ("external-check", "external-check"),
    ("chroot /", "chroot"),
    ("user root", "user"),
    ("uid 0", "uid"),
    ("group root", "group"),
    ("ssl-engine evil", "ssl-engine"),
    ("crt-base /etc", "crt-base"),
    ("stats socket /tmp/x level admin", "stats socket (level)"),
    ("stats socket /tmp/x expose-fd listeners", "stats socket (expose_fd_listeners)"),
    ('description "${HOME}"', "description (a variable of the environment)"),
    ("stats-file /etc/passwd", "stats-file (a file outside of the storage)"),
]
IN_BACKEND = [
    ("external-check command /bin/true", "external-check command"),
    ("external-check path /bin", "external-check path"),
    ("option external-check", "option external-check"),
    ("errorfile 503 /etc/passwd", "errorfile (a file outside of the storage)"),
    ("http-request return file ../../../../../../etc/passwd", "http-request (a file outside of the storage)"),
    ("http-request set-header x %[path,map(/etc/passwd)]", "http-request (a file outside of the storage)"),
]
BINDS = ["unix@/tmp/x", "/tmp/x", "fd@3", "abns@x", "127.0.0.1:1,unix@/tmp/x"]
CASES = [
    *((TEXT.replace("  maxconn 100\n", f"  maxconn 100\n  {line}\n"), f"{said} in global") for line, said in IN_GLOBAL),
    *((f"{TEXT}  {line}\n", f"{said} in backend be2") for line, said in IN_BACKEND),
    *((TEXT.replace("127.0.0.1:8080", bind), "bind (address) in frontend fe") for bind in BINDS),
    (f"{TEXT}program p\n  command /bin/false\n", "command in program p"),
]


def raw(api: Whole, text: str, **query: Any) -> Any:
    return api.call("POST", f"{TOP}/raw", raw=text, headers=PLAIN, version=api.version, **query)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def refusing(folder: Path, **given: Any) -> Whole:
    return Whole(folder, dataplane__dangerous_lines="refuse", **given)


@pytest.mark.parametrize(("text", "said"), CASES)
def test_what_opens_the_system_is_refused_and_named(tmp_path: Path, text: str, said: str) -> None:
    api = refusing(tmp_path)
    before = api.file.read_bytes()
    answer = raw(api, text)
    assert (answer.status_code, answer.json["message"]) == (
        403, f"dataplane.dangerous_lines refuses what opens the system: {said}",
    )  # fmt: skip
    assert api.file.read_bytes() == before


def test_what_does_not_is_taken_and_so_is_what_stands_there(tmp_path: Path) -> None:
    api = refusing(tmp_path)
    stored = tmp_path / "a.lst"
    stored.touch()
    api.file.write_text(f"{TEXT}  external-check command /bin/true\nprogram p\n  command /bin/false\n")
    text = api.file.read_text().replace("  maxconn 100\n", "  maxconn 200\n  stats socket /tmp/x level user\n")
    text = text.replace("backend be2", "backend renamed").replace("program p", "program q")
    assert raw(api, f"{text}backend new\n  acl x path -f {stored}\n").status_code in (200, 201, 202)


def posted(api: Whole, **query: Any) -> Any:
    query = query or {"version": api.version}
    return api.call("POST", "/v2/services/haproxy/configuration/programs", {"name": "p", "command": "/bin/false"}, **query)


def committed(api: Whole) -> Any:
    begun = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
    assert posted(api, transaction_id=begun).status_code == 202
    return api.call("PUT", f"{TRANSACTIONS}/{begun}")


def applied(api: Whole) -> Any:
    text = f"{api.text}program p\n  command /bin/false\n"
    return api.call("POST", f"{OWN}/apply", raw=text, headers=PLAIN, version=api.version)


def replaced(api: Whole) -> Any:
    path = f"{TOP}/frontends/fe/binds/127.0.0.1:8080"
    return api.call("PUT", path, {"name": "x", "address": "/tmp/x"}, version=api.version)


def whole_section(api: Whole) -> Any:
    body = {"name": "be2", "external_check": "enabled", "external_check_command": "/bin/false"}
    return api.call("PUT", f"{TOP}/backends/be2", body, version=api.version, full_section="true")


def site(api: Whole) -> Any:
    body = {"name": "s", "service": {"listeners": [{"name": "x", "address": "unix@/tmp/x"}]}}
    return api.call("POST", "/v2/services/haproxy/sites", body, version=api.version)


def rolled_back(api: Whole) -> Any:
    api.file.write_text(f"{TEXT}program p\n  command /bin/false\n")  # by hand: nobody asks
    wanted = api.version
    assert raw(api, TEXT).status_code in (200, 201, 202)
    return api.call("POST", f"{OWN}/history/{wanted}/rollback")


WAYS = [posted, committed, applied, replaced, whole_section, site, rolled_back]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_is_refused(tmp_path: Path, way: Any) -> None:
    api = refusing(tmp_path)
    answer = way(api)
    assert answer.status_code == 403, answer.text
    assert "dangerous_lines" in answer.json["message"]


ROLES = {role: f"{role}:pw" for role in ("reader", "operator", "editor", "admin")}
USERS = tuple(UserSettings(role, "pw", True, role) for role in ROLES)


class As(Whole):
    """The application as somebody with a role sees it."""

    who = "admin:pw"

    def call(self, *asked: Any, **more: Any) -> Any:
        return super().call(*asked, user=self.who, **more)


@pytest.mark.parametrize("way", WAYS)
def test_a_role_can_be_needed_for_them(tmp_path: Path, way: Any) -> None:
    """Roles and ways in; what an editor adds besides is taken."""
    for role, status in {"reader": {403}, "operator": {403}, "editor": {403}, "admin": {200, 201, 202}}.items():
        api = As(made(tmp_path / role), dataplane__dangerous_role="admin", dataplaneapi__user=USERS)
        before = api.file.read_bytes()
        if way in (rolled_back, committed) and role != "editor":
            api.who = ROLES["admin"] if role == "admin" else api.who
            if role != "admin":
                continue  # who may not begin comes to no end: `tests/laws/test_roles.py`
        api.who = ROLES[role]
        answer = way(api)
        assert answer.status_code in status, (role, answer.text)
        if role == "editor":
            assert "is for the role admin (dataplane.dangerous_role): " in answer.json["message"]
            assert way is rolled_back or api.file.read_bytes() == before
            assert raw(api, api.file.read_text() + "backend harmless\n").status_code in (200, 201, 202)


def test_who_may_only_look_has_no_script_run(tmp_path: Path) -> None:
    """A check of HAProxy runs scripts, and a plan and a simulation are such checks."""
    api = As(tmp_path, dataplane__dangerous_role="admin", dataplaneapi__user=USERS)
    text = TEXT.replace("  maxconn 100\n", "  maxconn 100\n  lua-load /etc/x.lua\n")
    for role in ("reader", "editor"):
        api.who = ROLES[role]
        planned = api.call("POST", f"{OWN}/plan", raw=text, headers=PLAIN).json
        assert planned["verdict"] == "refused" and "dangerous_role" in str(planned), planned
        asked = {"requests": [{"url": "http://a.example/"}], "text": text}
        simulated = api.call("POST", f"{OWN}/simulate", asked)
        assert simulated.status_code == 403 and "dangerous_role" in simulated.json["message"], simulated.text
    assert raw(api, text, only_validate="true").status_code == 403


@pytest.mark.parametrize("way", WAYS)
def test_else_every_way_in_is_open(tmp_path: Path, way: Any) -> None:
    answer = way(Whole(tmp_path))
    assert answer.status_code in (200, 201, 202), answer.text


def test_a_plan_names_such_lines_and_says_that_they_are_refused(tmp_path: Path) -> None:
    text = {"text": f"{TEXT}program p\n  command /bin/false\n"}
    for api, verdict in ((Whole(made(tmp_path / "a")), "accepted"), (refusing(made(tmp_path / "b")), "refused")):
        plan = api.call("POST", f"{OWN}/plan", text).json
        assert (plan["dangers"], plan["verdict"]) == (["command in program p"], verdict)


def test_nothing_is_simulated_that_may_not_be_committed(tmp_path: Path) -> None:
    api = refusing(tmp_path)
    question = {"text": CASES[0][0], "requests": [{"url": "/"}]}
    assert api.own_refusal("simulate", "POST", body=question)[0] == 403


def test_the_audit_names_such_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    api = Whole(tmp_path, dataplane__audit_file=str(path))
    assert raw(api, api.text + "# a chain begins\n").status_code in (200, 201, 202)
    assert posted(api).status_code in (201, 202)
    assert raw(api, api.text + "# more\n").status_code in (200, 201, 202)
    told = [one for one in map(json.loads, path.read_text().splitlines()) if one["event"] == "version"]
    assert [one.get("dangerous") for one in told[-2:]] == [["command in program p"], None]
