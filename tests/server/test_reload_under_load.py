"""SIGHUP and SIGTERM while clients ask without a pause: every request has its answer."""

import concurrent.futures
import http.client
import signal
import threading

import pytest

from tests.harness.waiting import PATIENCE

pytestmark = pytest.mark.server


def ask_on(running, end, names):
    """Ask on kept connections until `end` is set; the names that answers had. A failure is raised."""
    connection = running.connection()
    while not end.is_set():
        connection.request("GET", "/")
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200
        names.add(text.split('"')[3])
        if answer.will_close:
            connection.close()
    connection.close()


def test_no_request_is_lost_at_a_sighup(make):
    running = make({"dataplane": {"workers": 2, "threads": 4}}).start()
    end, names = threading.Event(), set()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        try:
            clients = [pool.submit(ask_on, running, end, names) for _ in range(6)]
            for name in ("second", "third"):
                running.change({"name": name})
                running.signal(signal.SIGHUP)
                running.wait_for(lambda wanted=name: wanted in names)
        finally:
            end.set()
        for client in clients:
            client.result(PATIENCE)
    assert names >= {"first", "second", "third"}
    assert "Traceback" not in running.log.read_text()


def test_answers_under_way_at_a_sigterm_end_their_connections(make):
    running = make().start()
    connection = running.connection()
    connection.request("GET", "/slow")
    running.wait_for((running.folder / "state" / "slow").exists)
    running.signal(signal.SIGTERM)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, "close")
    answer.read()
    connection.close()
    assert running.process.wait(PATIENCE) == 0
    with pytest.raises((OSError, http.client.HTTPException)):
        running.ask("/")
