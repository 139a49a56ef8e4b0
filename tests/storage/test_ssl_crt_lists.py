"""Stored lists of certificates through v3: their files, their entries, and the running HAProxy."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from dataplane_plugins.tls.crt_lists import parse_crt_list
from dataplane_plugins.tls.live import list_changes
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.waiting import until
from tests.storage.support import (
    Storage,
    bundle,
    certificate,
    form,
    private_key,
    revocations,
)
from tests.storage.test_live import Live

V3 = "/v3/services/haproxy/storage"
LISTS = f"{V3}/ssl_crt_lists"
TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock ssl crt-list {folder}/ssl/list.txt
  bind unix@{folder}/ca.sock ssl crt {folder}/ssl/site.pem ca-file {folder}/ssl/ca.pem crl-file {folder}/ssl/crl.pem verify optional
"""  # fmt: skip


def test_files(storage: Storage) -> None:
    assert storage.send("GET", LISTS).json == []
    text = b"# mine\n/ssl/a.pem [alpn h2] a.org !b.a.org\n"
    answer = storage.upload(LISTS, "l.txt", text)
    shown = {
        "description": "managed certificate list",
        "file": f"{storage.folder}/ssl/l.txt",
        "storage_name": "l.txt",
    }
    assert (answer.status_code, answer.json) == (202, {**shown, "size": len(text)})
    assert answer.headers["reload-id"]
    assert storage.upload(LISTS, "l.txt", text).status_code == 409
    assert storage.upload(LISTS, "../l2.txt", text).status_code == 422
    for wrong in (b"", b"\n", bundle(), b"\0"):
        assert storage.upload(LISTS, "l3.txt", wrong).status_code == 422
        assert storage.send("PUT", f"{LISTS}/l.txt", wrong).status_code in (400, 422)
    assert storage.send("GET", LISTS).json == [shown]
    assert storage.send("GET", f"{LISTS}/l.txt").content == text
    for query, status in (({}, 202), ({"skip_reload": True}, 200), ({"force_reload": True}, 200)):
        answer = storage.send("PUT", f"{LISTS}/l.txt", b"/ssl/b.pem\n", **query)
        assert (answer.status_code, answer.json) == (status, {**shown, "size": 11})
    assert storage.send("GET", f"{LISTS}/l.txt").content == b"/ssl/b.pem\n"
    for method in ("GET", "PUT", "DELETE"):
        assert (
            storage.send(method, f"{LISTS}/none", b"x" if method == "PUT" else None).status_code
            == 404
        )
    assert storage.upload(LISTS, "f.txt", text, force_reload=True).status_code == 201
    assert storage.send("DELETE", f"{LISTS}/f.txt", skip_reload=True).status_code == 204
    assert storage.send("DELETE", f"{LISTS}/l.txt").status_code == 202
    assert storage.files("ssl_certificates") == []


def test_other_files_are_replaced_by_a_form(storage: Storage) -> None:
    storage.upload(f"{V3}/general", "g.txt", b"one\n")
    path, media = f"{V3}/general/g.txt", "multipart/form-data; boundary=BB"
    for query, status in (({}, 202), ({"skip_reload": True}, 204), ({"force_reload": True}, 204)):
        answer = storage.send("PUT", path, form("other.txt", b"two\n"), media, **query)
        assert (answer.status_code, "reload-id" in answer.headers) == (status, status == 202)
        assert storage.send("GET", path).content == b"two\n"
    assert storage.send("PUT", path, b"three\n").status_code == 415
    assert storage.send("PUT", path, form("x", b"x", "other"), media).status_code == 400
    assert storage.send("PUT", f"{V3}/general/none", form("x", b"x"), media).status_code == 404
    assert storage.send("GET", path).content == b"two\n"
    assert storage.files("general") == ["g.txt"]


def test_lists_and_certificates_are_two_resources(storage: Storage) -> None:
    storage.upload(f"{V3}/ssl_certificates", "c.pem", bundle())
    storage.upload(LISTS, "l.txt", b"c.pem\n")
    assert storage.upload(LISTS, "c.pem", b"c.pem\n").status_code == 409
    names = [one["storage_name"] for one in storage.send("GET", f"{V3}/ssl_certificates").json]
    assert names == ["c.pem"]
    assert [one["storage_name"] for one in storage.send("GET", LISTS).json] == ["l.txt"]
    assert storage.send("GET", f"{LISTS}/c.pem").status_code == 404
    assert storage.send("DELETE", f"{LISTS}/c.pem").status_code == 404


def test_entries(storage: Storage) -> None:
    storage.upload(LISTS, "l.txt", b"# one\n/a.pem  [alpn h2   ] a.org\n\n/b.pem")
    entries = f"{LISTS}/l.txt/entries"
    first = {
        "file": "/a.pem",
        "line_number": 2,
        "sni_filter": ["a.org"],
        "ssl_bind_config": "alpn h2",
    }
    assert storage.send("GET", entries).json == [first, {"file": "/b.pem", "line_number": 4}]

    def add(body: bytes) -> int:
        answer = storage.send("POST", entries, body, "application/json")
        assert "reload-id" not in answer.headers  # nothing uses the list
        return answer.status_code

    assert add(b'{"file": "/c.pem", "sni_filter": ["*.c.org", "!d.c.org"]}') == 201
    assert add(b'{"sni_filter": ["x"]}') == 400
    for wrong in (b'"/x\\n/y"', b'"/x [y]"', b'"#"', b'"/x y"'):
        assert add(b'{"file": %s}' % wrong) == 422
    text = storage.send("GET", f"{LISTS}/l.txt").content
    assert text == b"# one\n/a.pem  [alpn h2   ] a.org\n\n/b.pem\n/c.pem *.c.org !d.c.org\n"
    assert (
        storage.send(
            "POST", f"{LISTS}/none/entries", b'{"file": "/x"}', "application/json"
        ).status_code
        == 404
    )
    for query, status in (
        ({"certificate": "/b.pem", "line_number": 4}, 204),
        ({"certificate": "/b.pem", "line_number": 4}, 404),
        ({"certificate": "/b.pem", "line_number": 1}, 404),
        ({"certificate": "/b.pem", "line_number": 0}, 404),
        ({"certificate": "/b.pem"}, 400),
        ({"line_number": 1}, 400),
    ):
        assert storage.send("DELETE", entries, **query).status_code == status
    text = storage.send("GET", f"{LISTS}/l.txt").content
    assert text == b"# one\n/a.pem  [alpn h2   ] a.org\n\n/c.pem *.c.org !d.c.org\n"
    assert storage.send("GET", f"{LISTS}/none/entries").status_code == 404


@pytest.mark.parametrize("odd", ["\f", "\v", "\x1c", "\x85", "\u2028", "a\r\r"])
def test_an_entry_that_goes_is_the_one_with_the_number(storage: Storage, odd: str) -> None:
    storage.upload(LISTS, "l.txt", f"# {odd} x\n/a.pem\n/b.pem".encode())
    entries = f"{LISTS}/l.txt/entries"
    answer = storage.send("DELETE", entries, certificate="/a.pem", line_number=2)
    assert answer.status_code == 204
    assert storage.send("GET", f"{LISTS}/l.txt").content == f"# {odd} x\n/b.pem".encode()


@pytest.mark.parametrize(
    ("old", "new", "gone", "added"),
    [
        ("a b c", "a b c", [], ""),
        ("a b c", "a c", [1], ""),
        ("a b", "a b c d", [], "c d"),
        ("a b c", "a c b", [1], "b"),
        ("a b", "x a b", [0, 1], "x a b"),
        ("a a", "a", [1], ""),
        ("a", "", [0], ""),
    ],
)
def test_what_is_to_go_and_to_come(old: str, new: str, gone: list[int], added: str) -> None:
    def entries(words: str) -> tuple[object, ...]:
        return tuple(parse_crt_list(words.replace(" ", "\n")))

    places, new_ones = list_changes(entries(old), entries(new))  # type: ignore[arg-type]
    assert (places, [one.file for one in new_ones]) == (gone, added.split())


@pytest.fixture(scope="module", params=["2.8", "3.2"])
def live(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "haproxy.cfg").write_text(TEXT.format(folder=folder))
    storage = Live(folder)
    authority = private_key()
    files = {
        "site.pem": bundle("site.example.com"),
        "two.pem": bundle("two.example.com"),
        "ca.pem": certificate("ca.example.com", authority),
        "crl.pem": revocations(authority, 5),
        "list.txt": b"%s/ssl/site.pem [alpn h2 verify none] a.org\n" % str(folder).encode(),
    }
    for name, content in files.items():
        (folder / "ssl" / name).write_bytes(content)
    with HaproxyProcess(one_haproxy(request.param), folder / "haproxy.cfg", folder):
        until((folder / "ca.sock").exists)
        pid = storage.pid
        yield storage
        assert storage.pid == pid


def entry(live: Live, method: str, body: str = "", **query: object):
    path = f"{LISTS}/list.txt/entries"
    if method == "POST":
        return live.send("POST", path, body.encode(), "application/json", **query)
    return live.send(method, path, **query)


@pytest.mark.haproxy
def test_an_entry_comes_and_goes_while_haproxy_runs(live: Live) -> None:
    two = f"{live.folder}/ssl/two.pem"
    answer = entry(live, "POST", f'{{"file": "{two}", "sni_filter": ["two.org"]}}')
    assert (answer.status_code, answer.headers.get("reload-id")) == (201, None), answer.text
    assert live.handshake("two.org") == "two.example.com"
    assert live.handshake("x.org") == "site.example.com"
    answer = entry(live, "DELETE", certificate=two, line_number=2)
    assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
    assert live.handshake("two.org") == "site.example.com"


@pytest.mark.haproxy
def test_a_list_is_replaced_while_haproxy_runs(live: Live) -> None:
    before = live.send("GET", f"{LISTS}/list.txt").content
    two = f"{live.folder}/ssl/two.pem".encode()
    for added, shown in ((two + b" [alpn h2] b.org\n", "b.org"), (two + b" c.org\n", "c.org")):
        answer = live.send("PUT", f"{LISTS}/list.txt", before + added)
        assert (answer.status_code, answer.headers.get("reload-id")) == (200, None), answer.text
        assert live.handshake(shown) == "two.example.com"
    assert live.handshake("b.org") == "site.example.com"
    answer = live.send("PUT", f"{LISTS}/list.txt", before)
    assert answer.status_code == 200
    assert live.handshake("c.org") == "site.example.com"


@pytest.mark.haproxy
def test_the_first_certificate_of_a_list_needs_a_reload(live: Live) -> None:
    before = live.send("GET", f"{LISTS}/list.txt").content
    two = f"{live.folder}/ssl/two.pem\n".encode()
    answer = live.send("PUT", f"{LISTS}/list.txt", two)
    assert "default certificate" in live.reason(answer)
    assert live.handshake("x.org") == "site.example.com"  # nobody reloads here
    live.send("PUT", f"{LISTS}/list.txt", before, skip_reload=True)
    first, *others = live.tell(f"show ssl crt-list -n {live.folder}/ssl/list.txt").splitlines()[1:]
    for line in others:
        live.tell(f"del ssl crt-list {live.folder}/ssl/list.txt {line.split()[0]}")


@pytest.mark.haproxy
def test_a_certificate_that_a_list_names_is_in_use(live: Live) -> None:
    answer = live.send("DELETE", f"{V3}/ssl_certificates/site.pem")
    assert answer.status_code == 409
    two = f"{live.folder}/ssl/two.pem"
    assert entry(live, "POST", f'{{"file": "{two}", "sni_filter": ["two.org"]}}').status_code == 201
    answer = live.send("DELETE", f"{V3}/ssl_certificates/two.pem")
    assert answer.status_code == 409 and "whose line 2 names it" in answer.json["message"]
    assert live.send("DELETE", f"{LISTS}/list.txt").status_code == 409
    answer = live.send("PUT", f"{V3}/ssl_certificates/two.pem", bundle("new.example.com"))
    assert (answer.status_code, answer.headers.get("reload-id")) == (200, None)
    assert live.handshake("two.org") == "new.example.com"
    assert entry(live, "DELETE", certificate=two, line_number=2).status_code == 204


@pytest.mark.haproxy
@pytest.mark.parametrize(
    ("name", "command"), [("ca.pem", "show ssl ca-file"), ("crl.pem", "show ssl crl-file")]
)
def test_authorities_and_revocations_reach_the_process(live: Live, name: str, command: str) -> None:
    authority = private_key()
    content = (
        certificate("ca.example.com", authority, 0xDDD111)
        if name == "ca.pem"
        else revocations(authority, 0xDDD111)
    )
    answer = live.send("PUT", f"{V3}/ssl_certificates/{name}", content)
    assert (answer.status_code, answer.headers.get("reload-id")) == (200, None), answer.text
    assert "DDD111" in live.tell(f"{command} {live.folder}/ssl/{name}")


@pytest.mark.haproxy
def test_a_list_that_haproxy_refuses_stays(live: Live) -> None:
    before = live.send("GET", f"{LISTS}/list.txt").content
    answer = entry(live, "POST", f'{{"file": "{live.folder}/ssl/none.pem"}}')
    assert answer.status_code in (202, 400), answer.text
    live.send("PUT", f"{LISTS}/list.txt", before, skip_reload=True)
    assert live.tell(f"show ssl crt-list -n {live.folder}/ssl/list.txt").count("\n") == 1


def test_entries_that_are_added_at_once_are_all_there(storage: Storage) -> None:
    storage.upload(LISTS, "l.txt", b"/first.pem\n")

    def add(number: int) -> int:
        body = f'{{"file": "/{number}.pem"}}'.encode()
        return storage.send("POST", f"{LISTS}/l.txt/entries", body, "application/json").status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(16))) == {201}
    files = {one["file"] for one in storage.send("GET", f"{LISTS}/l.txt/entries").json}
    assert files == {"/first.pem", *(f"/{number}.pem" for number in range(16))}
