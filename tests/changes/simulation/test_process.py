"""Scratch processes: they see no network, leave nothing behind, and never outlive the server."""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins.changes.simulation import folders, isolation, process
from dataplane_plugins.changes.simulation import pool as pool_module
from dataplane_plugins.changes.simulation.expectations import read_requests
from dataplane_plugins.changes.simulation.pool import Pool
from dataplane_plugins.changes.simulation.prelude import CompiledScript
from dataplane_plugins.changes.simulation.process import ScratchFailed
from dataplane_plugins.changes.simulation.scratch_text import Subject
from dataplane_plugins.changes.simulation.simulator import Simulator
from tests.changes.simulation.support import SHOP
from tests.haproxy.support import alive
from tests.harness.fixtures import one_haproxy
from tests.harness.waiting import until

REGISTRY = register_collections(make_manager())


def subject(text: str) -> Subject:
    return Subject(Document.parse(text, REGISTRY.language))


@pytest.fixture
def pool(tmp_path: Path, haproxy_program: str) -> Iterator[Pool]:
    made = Pool(lambda: haproxy_program, REGISTRY, tmp_path / "haproxy.cfg")
    yield made
    made.close()


Simulate = Callable[..., list[dict[str, object]]]


@pytest.fixture
def simulate(pool: Pool) -> Simulate:
    simulator = Simulator(pool, REGISTRY, lambda reference: None)
    return lambda text, *requests: simulator.results(subject(text), read_requests(list(requests)))


def test_its_folder_is_for_its_owner_alone_and_goes_with_it(pool: Pool) -> None:
    with pool.process(subject(SHOP)) as warm:
        folder = warm.process.folder
        found = folder.stat()
        assert (found.st_uid, found.st_mode & 0o727) == (os.geteuid(), 0o700)
    pool.close()
    assert not folder.exists()


def test_root_has_it_run_as_nobody(pool: Pool) -> None:
    with pool.process(subject(SHOP)) as warm:
        (pid,) = [int(line.split()[1]) for line in warm.process.command("show info").splitlines() if "Pid:" in line]
        mine = os.geteuid()
        assert Path(f"/proc/{pid}").stat().st_uid == (65534 if mine == 0 else mine)


def test_it_ends_when_its_server_is_killed(tmp_path: Path, haproxy_program: str) -> None:
    program = f"""
import sys
sys.path.insert(0, {os.getcwd()!r})
from pathlib import Path
from tests.changes.simulation.test_process import Pool, REGISTRY, SHOP, subject
pool = Pool(lambda: {haproxy_program!r}, REGISTRY, Path("haproxy.cfg"))
with pool.process(subject(SHOP)) as warm:
    info = warm.process.command("show info")
    print([line.split()[1] for line in info.splitlines() if line.startswith("Pid:")][0], warm.process.folder, flush=True)
    input()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          cwd=tmp_path) as server:  # fmt: skip
        assert server.stdout is not None
        pid, folder = server.stdout.readline().split()
        assert alive(int(pid))
        server.send_signal(signal.SIGKILL)
    until(lambda: not alive(int(pid)))
    assert Path(folder).exists()
    folders.sweep()
    assert not Path(folder).exists()


def test_there_are_no_more_than_two_and_the_oldest_goes_first(pool: Pool) -> None:
    found = []
    for number in range(3):
        with pool.process(subject(f"{SHOP}# {number}\n")) as warm:
            found.append(warm.process)
    assert [one.runs for one in found] == [False, True, True]


def test_a_file_that_changes_is_read_anew(simulate: Simulate, tmp_path: Path) -> None:
    names = tmp_path / "names.map"
    text = SHOP.replace("use_backend static if", f"use_backend %[path,map({names},static)] if")
    names.write_text("/a.css shop\n")
    assert simulate(text, {"url": "/a.css"})[0]["backend"] == "shop"
    names.write_text("/a.css api\n/b.css shop\n")
    assert simulate(text, {"url": "/a.css"})[0]["backend"] == "api"


def test_a_process_that_has_died_is_replaced(pool: Pool, simulate: Simulate) -> None:
    with pool.process(subject(SHOP)) as warm:
        info = warm.process.command("show info")
    (pid,) = [int(line.split()[1]) for line in info.splitlines() if line.startswith("Pid:")]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    assert simulate(SHOP, {"url": "/a.css"})[0]["backend"] == "static"


def test_what_a_request_leaves_does_not_meet_the_next(simulate: Simulate, tmp_path: Path) -> None:
    names = tmp_path / "seen.map"
    names.write_text("")
    rules = f"""
  http-request deny if {{ path,map({names}) -m found }}
  http-request set-map({names}) %[path] yes
  http-request track-sc0 src table shop
  http-request deny if {{ sc_http_req_cnt(0,shop) gt 1 }}
  use_backend static"""
    text = SHOP.replace("\n  use_backend static", rules, 1)
    text = text.replace("  balance roundrobin", "  stick-table type ip size 1k store http_req_cnt")
    found = simulate(text, *([{"url": "/x.css"}] * 3))
    assert [one["backend"] for one in found] == ["static"] * 3
    assert names.read_text() == ""


@pytest.mark.parametrize("is_isolated", [True, False])
def test_nothing_leaves_the_process(
    simulate: Simulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_isolated: bool
) -> None:
    if not is_isolated:
        monkeypatch.setattr(process, "isolating", tuple)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log, socket.create_server(("127.0.0.1", 0)) as server:
        log.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{log.getsockname()[1]}"
        there = f"127.0.0.1:{server.getsockname()[1]}"
        script = tmp_path / "calls.lua"
        script.write_text(f"""
core.register_action("call", {{ "http-req" }}, function(txn)
  local made = pcall(function() local s = core.tcp() s:connect("127.0.0.1", {there.split(":")[1]}) end)
  local ran = pcall(os.execute, "true")
  string.find = function() end
  local wrote = debug or pcall(require, "debug") or pcall(package.loadlib, "libc.so.6", "system") or pcall(function() io.open("{tmp_path}/written", "w"):write("x") end)
  txn:set_var("txn.made", tostring(made or ran or wrote))
end)
""")
        text = SHOP.replace("127.0.0.1:9", target).replace("global\n", f"global\n  lua-load {script}\n", 1)
        text = text.replace("192.0.2.31:80", f"{there} check inter 10ms").replace("  use_backend", """
  http-request lua.call
  http-request deny if { var(txn.made) -m str true }
  use_backend""", 1)  # fmt: skip
        text += f"resolvers dns\n  nameserver a {target}\n"
        assert simulate(text, {"url": "/a.css"})[0]["backend"] == "static"
        for one in (log, server):
            one.setblocking(False)
        with pytest.raises(BlockingIOError):
            log.recv(1)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not (tmp_path / "written").exists()


REACHES = """
local where = {{ "127.0.0.1", "{port}" }}
local reached = {{}}
local function try(name, call)
  local ok, said = pcall(call)
  if ok and said then reached[#reached + 1] = name end
end
local function servers()
  local found = {{}}
  for _, one in pairs(core.backends) do
    for _, server in pairs(one.servers) do found[#found + 1] = server end
  end
  return found
end
local dumped = string.dump(function() return 1 end)
local file = "{folder}/compiled.lua"
core.register_init(function()
  for _, server in ipairs(servers()) do
    try("init", function() return server:set_addr(table.unpack(where)) == nil end)
  end
end)
core.register_action("call", {{ "http-req" }}, function(txn)
  local server = servers()[1]
  try("set_addr", function() return server:set_addr(table.unpack(where)) == nil end)
  try("address", function() return string.find(server:get_addr(), "127", 1, true) end)
  try("load", function() return load(dumped)() end)
  try("load b", function() return load(dumped, "x", "b")() end)
  try("loadfile", function() return loadfile(file)() end)
  try("dofile", function() return dofile(file) end)
  try("require", function()
    package.path = "{folder}/?.lua"
    return require("compiled")
  end)
  try("registry", function() return debug.getregistry() end)
  try("client", function() return core.httpclient():get({{ url = "http://127.0.0.1:{port}/" }}) end)
  try("text", function() return load("return 1")() ~= 1 or dofile("{folder}/plain.lua") ~= 2 or require("plain") ~= 2 end)
  txn:set_var("txn.reached", table.concat(reached, ",") .. ".")
end)
"""


@pytest.mark.parametrize("version", ["2.6", "2.8", "3.2"])
@pytest.mark.parametrize("load", ["lua-load", "lua-load-per-thread", "'lua'-load"])
def test_scripts_reach_nothing_without_a_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, load: str
) -> None:
    for module in (process, pool_module):
        monkeypatch.setattr(module, "isolating", tuple)
    with socket.create_server(("127.0.0.1", 0)) as server:
        (tmp_path / "calls.lua").write_text(REACHES.format(port=server.getsockname()[1], folder=tmp_path))
        (tmp_path / "plain.lua").write_text("return 2")
        # Lua compiles it itself: what it takes must be of its own version.
        (tmp_path / "compiled.lua").write_bytes(b"\x1bLuaS nonsense")
        text = SHOP.replace("global\n", f"global\n  {load} {tmp_path}/calls.lua\n", 1)
        text = text.replace("  use_backend", "  http-request lua.call\n  use_backend %[var(txn.reached)] if { path /reached }\n"
                            "  http-request set-path /%[var(txn.reached)]\n  use_backend", 1)  # fmt: skip
        pool = Pool(lambda: one_haproxy(version), REGISTRY, tmp_path / "haproxy.cfg")
        simulator = Simulator(pool, REGISTRY, lambda reference: None)
        (found,) = simulator.results(subject(text), read_requests([{"url": "/a.css"}]))
        pool.close()
        assert found["forwarded"]["url"] == "/."
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_compiled_script_is_not_loaded_without_a_namespace(
    simulate: Simulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "isolating", tuple)
    (tmp_path / "made.lua").write_bytes(b"\x1bLuaT")
    with pytest.raises(CompiledScript, match="made.lua is compiled"):
        simulate(SHOP.replace("global\n", f"global\n  lua-load {tmp_path}/made.lua\n", 1), {"url": "/"})


def test_what_counts_before_scripts_does(tmp_path: Path) -> None:
    script = tmp_path / "says.lua"
    script.write_text('core.register_fetches("says", function(txn) return type(txn.f:ssl_fc()) end)')
    pool = Pool(lambda: one_haproxy("3.2"), REGISTRY, tmp_path / "haproxy.cfg")
    simulator = Simulator(pool, REGISTRY, lambda reference: None)
    for word, kind in (("normal", "boolean"), ("pre-3.1-bug", "number")):
        text = SHOP.replace("global\n", f"global\n  tune.lua.bool-sample-conversion {word}\n  lua-load {script}\n", 1)
        text = text.replace("  use_backend", "  http-request set-path /%[lua.says]\n  use_backend", 1)
        (found,) = simulator.results(subject(text), read_requests([{"url": "/a.css"}]))
        assert found["forwarded"]["url"] == f"/{kind}"
    pool.close()


def test_what_haproxy_says_is_told_without_its_places(pool: Pool) -> None:
    text = SHOP.replace("balance uri", "balance nonsense")
    with pytest.raises(ScratchFailed, match="line 29: balance only supports") as failed, pool.process(subject(text)):
        pass
    assert "dataplane-simulation" not in failed.value.message


def test_it_starts_from_a_server_with_many_descriptors(simulate: Simulate) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with ExitStack() as files:
        for _ in range(min(2000, most - 200)):
            handle = os.open("/dev/null", os.O_RDONLY)
            files.callback(os.close, handle)
        assert simulate(SHOP, {"url": "/a.css"})[0]["backend"] == "static"


def test_one_that_says_nothing_of_itself_is_ended(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def silent(self: process.ScratchProcess, words: str) -> str:
        started.append(self)
        raise process.ScratchEnded("the process for the simulation does not answer")

    monkeypatch.setattr(process.ScratchProcess, "command", silent)
    with pytest.raises(ScratchFailed), pool.process(subject(SHOP)):
        pass
    assert not started[0].runs
    assert not started[0].folder.exists()


def test_lua_loads_no_library_in_c(simulate: Simulate, tmp_path: Path) -> None:
    # A library that is found makes `require` fail otherwise than one that is not.
    (tmp_path / "made.so").write_bytes(b"no library")
    script = tmp_path / "loads.lua"
    script.write_text(f"""
local function found()
  package.cpath = "{tmp_path}/?.so"
  local _, said = pcall(require, "made")
  return #package.searchers > 2 or string.find(said, "made.so", 1, true)
end
local loads = found()
core.register_action("look", {{ "http-req" }}, function(txn)
  txn:set_var("txn.loads", tostring(loads or found() or false))
end)
""")
    text = SHOP.replace("global\n", f"global\n  lua-load {script}\n", 1).replace("  use_backend", """
  http-request lua.look
  http-request deny unless { var(txn.loads) -m str false }
  use_backend""", 1)  # fmt: skip
    assert simulate(text, {"url": "/a.css"})[0]["backend"] == "static"


@pytest.mark.parametrize("said", [subprocess.TimeoutExpired("unshare", 5), OSError("no memory"), b"busy"])
def test_a_trial_of_the_namespace_that_breaks_off_is_made_again(
    monkeypatch: pytest.MonkeyPatch, pool: Pool, said: object
) -> None:
    def broken(*arguments: object, **more: object) -> object:
        if isinstance(said, Exception):
            raise said
        return subprocess.CompletedProcess((), 1, b"", said)

    isolation.isolating.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", broken)
        with pytest.raises(isolation.IsolationUnknown), pool.process(subject(SHOP)):
            pass
    with pool.process(subject(SHOP)) as warm:
        assert warm.process.runs


def test_where_no_namespace_is_allowed_none_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b"unshare: unshare failed: Operation not permitted"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess((), 1, b"", said))
    isolation.isolating.cache_clear()
    try:
        assert isolation.isolating() == isolation.isolating() == ()
        assert isolation.isolating.cache_info().misses == 1
    finally:
        isolation.isolating.cache_clear()


@pytest.mark.parametrize("size", [1024, 16384])
def test_commands_go_into_a_small_buffer(pool: Pool, size: int) -> None:
    text = SHOP.replace("global\n", f"global\n  tune.bufsize {size}\n", 1)
    text += "backend seen\n  stick-table type string len 600 size 10k\n"
    with pool.process(subject(text)) as warm:
        warm.send(f"set table seen key {number}{'x' * 300}" for number in range(100))
        warm.send(f"set table seen key k{number}" for number in range(1000))
        assert "used:1100" in warm.process.command("show table").replace(" ", "")
        with pytest.raises(ScratchFailed, match="set table: its entry does not go into tune.bufsize"):
            warm.send(["set table seen key " + "x" * size])


def test_another_program_has_a_process_of_its_own(tmp_path: Path) -> None:
    """HAProxy is installed anew while the server runs: what it does then is what is shown."""
    program = tmp_path / "haproxy"
    program.symlink_to(one_haproxy("2.8"))
    pool = Pool(lambda: str(program), REGISTRY, tmp_path / "haproxy.cfg")
    try:
        with pool.process(subject(SHOP)) as first:
            pass
        with pool.process(subject(SHOP)) as same:
            assert same.process is first.process
        program.unlink()
        program.symlink_to(one_haproxy("3.2"))
        with pool.process(subject(SHOP)) as other:
            assert other.process is not first.process
    finally:
        pool.close()
