"""What stands in for all servers of a simulation, where descriptors are lacking."""

import errno
import socket

from dataplane_plugins.changes.simulation.scratch_text import ANSWERS
from dataplane_plugins.changes.simulation.stand_in import StandIn
from tests.harness.waiting import PATIENCE, until


def connected(folder):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(PATIENCE)
    made.connect(str(folder / ANSWERS))
    return made


def test_without_descriptors_the_oldest_connection_gives_way(tmp_path, monkeypatch):
    stand_in = StandIn(tmp_path)
    silent = connected(tmp_path)
    until(lambda: len(stand_in._connections) == 1)
    accept, failed = socket.socket.accept, []

    def lacking(self):
        if len(failed) < 3:
            failed.append(len(stand_in._connections))
            raise OSError(errno.EMFILE, "too many open files")
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", lacking)
    with connected(tmp_path) as other:
        other.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert other.recv(100).startswith(b"HTTP/1.1 200")
    assert failed == [1, 0, 0]
    assert silent.recv(1) == b""
    silent.close()
    stand_in.close()
