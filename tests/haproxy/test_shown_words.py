"""HAProxy's words on a check and on a reload are told without secrets and lines of other files."""

from pathlib import Path

import pytest

from dataplane_core.errors import CheckFailed
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.control import Control
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.shown_words import shown_words
from dataplane_core.resources.registry import Registry
from dataplane_core.wiring import make_manager, register_collections
from tests.haproxy.support import configured
from tests.harness.haproxy import HaproxyProcess

SECRET = "hunter2-hunter2"
BROKEN = {
    "an open quote": f'  http-request set-header Authorization "{SECRET}\n',
    "words too many": f"  http-request set-header Authorization {SECRET} more of it\n",
    "a format": f'  http-request set-header Authorization "{SECRET}%[nothing]"\n',
    "a query": f'  http-request redirect location "https://a.example/?token={SECRET}%[nothing]"\n',
    "a server": f"  server s9 127.0.0.1:9 tcp-md5sig {SECRET} nothing\n",
    "a user": f"userlist u\n  user bob insecure-password {SECRET} more\n",
    "stats": f"  stats auth admin:{SECRET} more\n  stats auth\n",
}
LINES = {
    "a list": "  http-request deny if {{ src -f {file} }}\n",
    "a map": "  http-request set-var(txn.a) src,map_ip({file})\n",
    "a format": "  http-request return status 200 content-type text/plain lf-file {file}\n",
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return register_collections(make_manager())


def reloaded(process: HaproxyProcess, registry: Registry, more: str) -> str:
    """What is told of a reload that fails for lines."""
    settings = configured(process.folder, haproxy_bin=process.program, master_runtime=str(process.master))
    process.configuration.write_text(process.configuration.read_text() + more)
    result = Control(settings, Runtime(settings), registry).reload()
    assert not result.ok
    assert "haproxy.cfg:" in result.text or "line " in result.text, "it says where"
    return result.text


@pytest.mark.haproxy
@pytest.mark.parametrize("name", BROKEN)
def test_a_reload_tells_no_secret(own_haproxy: HaproxyProcess, registry: Registry, name: str) -> None:
    text = BROKEN[name]
    assert SECRET not in reloaded(own_haproxy, registry, text + "  nonsense 1\n")
    settings = configured(own_haproxy.folder, haproxy_bin=own_haproxy.program)
    with pytest.raises(CheckFailed) as failed:
        HaproxyChecker(settings, words=shown_words(settings, registry)).check(own_haproxy.configuration)
    assert SECRET not in str((failed.value.message, failed.value.findings))


@pytest.mark.haproxy
@pytest.mark.parametrize("name", LINES)
def test_a_reload_tells_no_line_of_another_file(own_haproxy: HaproxyProcess, registry: Registry, name: str) -> None:
    file = own_haproxy.folder / "elsewhere"
    file.write_text(f"alice:{SECRET}: %[{SECRET}]\n")
    said = reloaded(own_haproxy, registry, LINES[name].format(file=file))
    assert SECRET not in said and "alice" not in said
    assert str(file) in said and "is not shown" in said


def test_words_of_the_message_stay(registry: Registry) -> None:
    settings = configured(Path("/etc/haproxy"))
    about = shown_words(settings, registry, "/etc/haproxy/haproxy.cfg").about(f"a\n{BROKEN['a user']}")
    said = f"parsing [/etc/haproxy/haproxy.cfg:3] : 'user' : unknown word '{SECRET}' for 'bob'"
    assert about.told(said) == "parsing [/etc/haproxy/haproxy.cfg:3] : 'user' : unknown word '***' for '***'"
    assert about.told("proxy 'bob' is bad") == "proxy '***' is bad", "as no line is named, all are looked at"
    assert about.told("proxy 'bob' is bad", refused=False) == "proxy 'bob' is bad"
