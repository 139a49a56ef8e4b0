"""How stored files differ: from what they held in versions, and from what is posted."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.support import OWN
from tests.changes.support import APPLY, archive
from tests.changes.whole import Whole
from tests.storage.support import bundle, certificate, private_key

PLACES = {"maps_dir": "maps", "ssl_certs_dir": "ssl", "general_storage_dir": "general", "spoe_dir": "spoe"}
PLAIN = {"Content-Type": "text/plain"}
SPOE = "[mirror]\nspoe-agent mirror\n  messages seen\n  timeout hello 2s\nspoe-message seen\n  args src\n"
KEY, OTHER = private_key(), private_key()


class Stored(Whole):
    """The application with all folders of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in PLACES.values():
            (folder / name).mkdir()
        super().__init__(folder, **{f"dataplaneapi__resources__{name}": str(folder / place) for name, place in PLACES.items()})


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Version 2 has the first files, version 3 others, and others yet are there now."""
    folder: Path = tmp_path_factory.mktemp("files")
    api = Stored(folder)

    def write(**files: bytes) -> None:
        for name, data in files.items():
            (folder / name.replace("__", "/").replace("_", ".")).write_bytes(data)

    write(maps__a_map=b"k v\n", ssl__site_pem=bundle(), spoe__m_spoe=SPOE.encode(), general__x_bin=b"\0\1", ssl__ca_pem=certificate("ca", KEY))
    api.weigh("be1", "s1", 2)
    write(maps__a_map=b"k w\n", ssl__site_pem=bundle("other.example.com"), spoe__m_spoe=SPOE.replace("2s", "3s").encode())
    (folder / "general" / "x.bin").unlink()
    api.weigh("be1", "s1", 3)
    write(maps__a_map=b"k w\nl m\n", ssl__list_txt=b"/x.pem a.org\n", ssl__ca_pem=certificate("ca", OTHER))
    return api


def changed(found: dict[str, Any]) -> list[str]:
    return [line for line in found["text"].splitlines()[2:] if line[0] in "+-"]


def test_two_versions_of_a_map(api: Stored) -> None:
    found = api.own("diff", file="maps/a.map", **{"from": 2, "to": 3})
    assert (found["change"], changed(found), found["changes"]) == ("changed", ["-k v", "+k w"], [])
    assert found["text"].startswith("--- a.map version 2\n+++ a.map version 3\n")
    assert (found["from"], found["to"]) == ({"version": 2}, {"version": 3})


def test_a_version_and_now(api: Stored) -> None:
    path = f"{api.folder}/maps/a.map"
    found = api.own("diff", file=path)
    assert (found["file"], changed(found)) == (path, ["+l m"])
    assert changed(api.own("diff", file=path, **{"from": 2})) == ["-k v", "+k w", "+l m"]
    assert api.own("diff", file="ssl_crt_lists/list.txt")["change"] == "created"
    assert changed(api.own("diff", file="ssl_certificates/ca.pem"))


def test_what_is_posted_and_now(api: Stored) -> None:
    for answer in (
        api.call("POST", f"{OWN}/diff", raw="k x\n", headers=PLAIN, file="maps/a.map"),
        api.call("POST", f"{OWN}/diff", {"text": "k x\n"}, file="maps/a.map"),
    ):
        assert changed(answer.json) == ["-k w", "-l m", "+k x"]
        assert answer.json["to"] == {"text": "posted"}
    answer = api.call("POST", f"{OWN}/diff", raw="k v\n", headers=PLAIN, file="maps/a.map", **{"from": 2})
    assert (answer.json["change"], answer.json["text"]) == ("unchanged", "")
    answer = api.call("POST", f"{OWN}/diff", raw="a b\n", headers=PLAIN, file="maps/new.map")
    assert answer.json["change"] == "created"
    assert (api.folder / "maps" / "a.map").read_text() == "k w\nl m\n"


def test_keys_are_said_to_have_changed_and_never_shown(api: Stored) -> None:
    answer = api.call("GET", f"{OWN}/diff", file="ssl_certificates/site.pem", **{"from": 2, "to": 3})
    assert {"-<private key 1>", "+<private key 2>"} <= set(changed(answer.json))
    assert "PRIVATE" not in answer.text
    content = (api.folder / "ssl" / "site.pem").read_bytes()
    key = content[content.index(b"-----BEGIN EC PRIVATE" if b"BEGIN EC PRIVATE" in content else b"-----BEGIN PRIVATE"):]
    assert key.splitlines()[1].decode() not in answer.text
    cut = content.replace(b"-----END", b"-----ENDE")
    answer = api.call("POST", f"{OWN}/diff", raw=cut.decode(), headers=PLAIN, file="ssl_certificates/site.pem")
    assert key.splitlines()[1].decode() not in answer.text


def test_what_is_no_text(api: Stored) -> None:
    found = api.own("diff", file="general/x.bin", **{"from": 2, "to": 3})
    assert (found["change"], found["text"]) == ("deleted", None)


def test_an_spoe_file_as_objects(api: Stored) -> None:
    found = api.own("diff", file="spoe_files/m.spoe", **{"from": 2, "to": 3})
    assert changed(found) == ["-  timeout hello 2s", "+  timeout hello 3s"]
    [one] = found["changes"]
    assert one["resource"] == "/v3/services/haproxy/spoe/spoe_files/m.spoe/scopes/%5Bmirror%5D/agents/mirror"
    assert one["properties"] == {"hello_timeout": {"before": 2000, "after": 3000}}
    answer = api.call("POST", f"{OWN}/diff", raw="[other]\n", headers=PLAIN, file="spoe_files/m.spoe")
    assert [(one["kind"], one["change"]) for one in answer.json["changes"]] == [
        ("spoe_scope", "deleted"), ("spoe_agent", "deleted"), ("spoe_message", "deleted"), ("spoe_scope", "created"),
    ]  # fmt: skip


def test_a_transaction_on_an_spoe_file(api: Stored) -> None:
    files = "/v3/services/haproxy/spoe/spoe_files/m.spoe"
    version = api.call("GET", "/v3/services/haproxy/spoe/m.spoe/version").json
    one = api.call("POST", f"{files}/transactions", version=version).json["id"]
    made = api.call("POST", f"{files}/scopes/%5Bmirror%5D/groups", {"name": "all", "messages": "seen"}, transaction_id=one)
    assert made.status_code == 201, made.text
    found = api.own("diff", file="spoe_files/m.spoe", transaction_id=one)
    assert [(one["section"], one["change"]) for one in found["changes"]] == [("spoe-group all", "created")]
    assert api.own_refusal("diff", file="maps/a.map", transaction_id=one)[0] == 400
    api.call("DELETE", f"{files}/transactions/{one}")


@pytest.mark.parametrize(
    ("file", "query", "status"),
    [
        ("maps/none.map", {}, 404), ("/etc/passwd", {}, 400), ("maps/../haproxy.cfg", {}, 400), ("a.map", {}, 400),
        ("maps/.hidden", {}, 400), ("maps/a.map", {"from": 99}, 404), ("maps/", {}, 400),
    ],
)  # fmt: skip
def test_what_is_not_there(api: Stored, file: str, query: dict[str, Any], status: int) -> None:
    assert api.own_refusal("diff", file=file, **query)[0] == status


def test_an_spoe_file_that_is_applied(api: Stored) -> None:
    new = SPOE.replace("2s", "9s")
    body = archive({"spoe_files/other.spoe": new})
    headers = {"Content-Type": "application/x-tar"}
    done = api.call("POST", APPLY, raw=body, headers=headers)
    path = api.folder / "spoe" / "other.spoe"
    assert done.json["files"] == [{"file": str(path), "change": "created", "state": "unused"}]
    assert path.read_text() == new
    assert api.call("GET", "/v3/services/haproxy/spoe/spoe_files/other.spoe").json["data"] == new
    assert api.call("POST", APPLY, raw=body, headers=headers).json["changed"] is False


def test_a_link_out_of_the_folder_is_no_file(api: Stored) -> None:
    (api.folder / "maps" / "link.map").symlink_to("/etc/passwd")
    assert api.own_refusal("diff", file="maps/link.map")[0] == 404
