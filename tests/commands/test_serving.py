"""The application as the server makes it, at the start and at each SIGHUP."""

import pytest

from dataplane_core.commands.serving import build
from dataplane_core.errors import StorageFailed
from dataplane_core.settings import Settings
from dataplane_core.store import State
from tests.harness.processes import open_files


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    return Settings().replace(
        **{
            "haproxy.config_file": str(tmp_path / "haproxy.cfg"),
            "dataplane.state_dir": str(tmp_path / "state"),
        }
    )


@pytest.fixture
def state(settings):
    state = State(settings.state_dir)
    yield state
    state.shutdown()


def files_of(state: State) -> int:
    return sum(path.startswith(f"{state.directory}/") for path in open_files())


def test_a_state_of_a_newer_server_stays_closed(settings, state):
    state.migrate("history", ["SELECT 1"] * 99)
    state.close()
    before = files_of(state)
    with pytest.raises(StorageFailed, match="newer version"):
        build(settings)
    assert files_of(state) == before


def test_a_state_that_another_file_has_stays_closed(settings, state):
    state.set_value("config_file", "/elsewhere/haproxy.cfg")
    state.close()
    before = files_of(state)
    with pytest.raises(StorageFailed, match="in use for /elsewhere/haproxy.cfg"):
        build(settings)
    assert files_of(state) == before
