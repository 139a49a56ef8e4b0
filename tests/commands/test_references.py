"""`dataplane refs` and `dataplane rename` against a running server."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from dataplane_core.commands.group import main
from tests.harness.server import PASSWORD, USER, ApiServer

V3 = "/v3/services/haproxy/configuration"
TEXT = f"""\
userlist controller
  user {USER} insecure-password {PASSWORD}
  group idle users nobody
defaults
  mode http
frontend site
  use_backend shop if {{ nbsrv(shop) gt 0 }}
backend shop
  server a 127.0.0.1:1
  server b 127.0.0.1:2 track a
backend lost
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("refs")
    (folder / "haproxy.cfg").write_text(TEXT)
    settings = {"dataplane": {"workers": 1}, "dataplaneapi": {"disable_inotify": True, "userlist": {"userlist": "controller"}}}
    with ApiServer(folder / "haproxy.cfg", folder / "run", settings) as started:
        yield started


def run(server: ApiServer, *argv: str) -> Result:
    environ = {"DATAPLANE_USER": USER, "DATAPLANE_PASSWORD": PASSWORD}
    url = ("--url", f"http://127.0.0.1:{server.port}")
    return CliRunner().invoke(main, [*argv, *url], env=environ, catch_exceptions=False)


@pytest.mark.server
def test_names_are_told_and_changed(server: ApiServer) -> None:
    both = run(server, "refs", "backends/shop")
    assert both.exit_code == 0
    assert both.stdout.splitlines() == [
        "referenced by  line 7, frontend site: frontends/site/backend_switching_rules/0 name",
        "referenced by  line 7, frontend site: frontends/site/backend_switching_rules/0 cond_test",
        "refers to  line 10, backend shop: backends/shop/servers/a",
    ]
    told = run(server, "refs", f"{V3}/backends/shop", "--json")
    assert len(json.loads(told.stdout)["referenced_by"]) == 2
    dangling = run(server, "refs", "--dangling")
    assert (dangling.exit_code, dangling.stdout) == (1, "line 3, userlist controller: user nobody\n")
    unused = run(server, "refs", "--unused")
    assert (unused.exit_code, unused.stdout) == (1, "line 11, backend lost: backend lost\n")
    assert run(server, "refs", "--file", "/nowhere").stdout == ""
    done = run(server, "rename", "backends/shop", "store")
    assert (done.exit_code, done.stdout) == (0, "backends/store: 2 uses changed\n")
    assert "shop" not in server.configuration.read_text()
    assert json.loads(run(server, "rename", "backends/store/servers/a", "first", "--json").stdout)["resource"].endswith("/first")


@pytest.mark.server
@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (("refs",), 2, "say one of"),
        (("refs", "backends/a", "--unused"), 2, "say one of"),
        (("refs", "nix"), 1, "no path of an object"),
        (("rename", "backends/nix", "a"), 1, "has a name"),
        (("rename", "backends/lost", "a b"), 1, "cannot be called"),
        (("rename", "backends/lost", "a", "--version", "99"), 1, "version"),
    ],
)
def test_what_cannot_be_ends_with_a_status(server: ApiServer, argv: tuple[str, ...], status: int, words: str) -> None:
    failed = run(server, *argv)
    assert failed.exit_code == status and words in failed.stderr


@pytest.mark.server
def test_a_file_gets_another_name_in_lines(server: ApiServer) -> None:
    failed = run(server, "rename", "/etc/a.map", "/etc/b.map", "--file")
    assert failed.exit_code == 1 and "nothing refers to file /etc/a.map" in failed.stderr
    assert run(server, "rename", "a", "b", "--file", "--lua").exit_code == 2
