"""The page on a large site: its first view, what live updates cost, and long tasks of the browser."""

import contextlib
import select
import shutil
import socket
import time
from collections.abc import Iterator
from typing import Any

from tests.bench.load import basic
from tests.bench.page_scene import large_site
from tests.bench.run import Run
from tests.bench.systems import at, processor_seconds
from tests.bench.tables import Row, Table
from tests.harness.server import PASSWORD, USER, ApiServer
from tests.page.browser.conftest import QUIET
from tests.page.browser.viewer import WIDE

FIRST_VIEW, BYTES, LONGEST_TASK = 1500, 1_000_000, 50
SHARES = {1: 2.0, 50: 5.0}
"""How many percent of a core so many viewers may cost."""
_SEEN = ".node .numbers"
"""What the map shows as soon as it can be used: a part of it with its numbers."""
_STREAMS = "/dataplane/v1/live?servers=", "/dataplane/v1/events"
_IDLE_VIEWS = {
    "the map": ("map", _SEEN), "10 000 servers": ("servers", "tbody tr:nth-child(9)"),
    "the history": ("history", ".timeline li"),
}  # fmt: skip
_WATCH = """(() => {
  window.longTasks = [];
  new PerformanceObserver((list) => list.getEntries().forEach((one) => window.longTasks.push(one.duration)))
    .observe({ type: "longtask" });
})()"""


def page(run: Run) -> list[Table]:
    """The figures of the page, in one run; without Chromium those that need no browser."""
    table = Table("The page, at 500 backends with 10 000 servers",
                  ["what", "measured", "limit"], limit="that of the row")  # fmt: skip
    with large_site(run) as server:
        table.rows += _in_browser(run, server)
        for viewers, most in SHARES.items():
            share = _share(server, viewers, 120 * run.effort.seconds)
            what = f"the server's processor time for {viewers} viewer{'s' * (viewers > 1)} of the map (% of a core)"
            table.rows.append(Row([what, f"{share:.1f}", f"≤ {most:.0f}"], share <= most))
    return [table]


def _in_browser(run: Run, server: ApiServer) -> list[Row]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return [Row(["first view, long tasks: not measured, as playwright is not installed", "", ""])]
    if program is None:
        return [Row(["first view, long tasks: not measured, as no Chromium is installed", "", ""])]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=QUIET)
        window = browser.new_context(viewport=WIDE).new_page()
        try:
            return [*_first_views(run, server, window), *_long_tasks(run, server, window)]
        finally:
            browser.close()


def _first_views(run: Run, server: ApiServer, window: Any) -> Iterator[Row]:
    """Open the map: once with nothing in the browser's memory, then again and again."""
    address = f"{server.url}/dataplane/v1/page#/map"
    with _counted(window) as sent:
        window.goto(address)
        window.get_by_label("User").fill(USER)
        window.get_by_label("Password").fill(PASSWORD)
        window.get_by_role("button", name="Log in").click()
        _wait(window, _SEEN)
        first = sum(sent.values())
    times, again = [], []
    for _ in range(max(3, run.effort.rounds)):
        window.goto("about:blank")
        with _counted(window) as sent:
            window.goto(address, wait_until="commit")
            _wait(window, _SEEN)
            times.append(window.evaluate("performance.now()"))
        again.append(sum(sent.values()))
    yield Row(["from the address to a map with numbers, the best (ms)", f"{min(times):.0f}",
               f"≤ {FIRST_VIEW}"], min(times) <= FIRST_VIEW)  # fmt: skip
    yield Row(["the same, the median (ms)", f"{sorted(times)[len(times) // 2]:.0f}", ""])
    yield Row(["sent to a new browser, log-in and map (kB)", f"{first / 1000:.0f}",
               f"≤ {BYTES // 1000}"], first <= BYTES)  # fmt: skip
    yield Row(["sent to one that has been there, the most (kB)", f"{max(again) / 1000:.0f}",
               f"≤ {BYTES // 1000}"], max(again) <= BYTES)  # fmt: skip


@contextlib.contextmanager
def _counted(window: Any) -> Iterator[dict[str, int]]:
    """The bytes that came for each request, streams included, as the browser counts them."""
    sent: dict[str, int] = {}
    session = window.context.new_cdp_session(window)
    session.send("Network.enable")

    def add(event: dict[str, Any]) -> None:
        sent[event["requestId"]] = sent.get(event["requestId"], 0) + event["encodedDataLength"]

    def finish(event: dict[str, Any]) -> None:
        sent[event["requestId"]] = event["encodedDataLength"]  # with the head of the answer

    session.on("Network.dataReceived", add)
    session.on("Network.loadingFinished", finish)
    yield sent
    session.detach()


def _long_tasks(run: Run, server: ApiServer, window: Any) -> Iterator[Row]:
    """Look at a view, and do nothing."""
    for what, (view, seen) in _IDLE_VIEWS.items():
        window.goto("about:blank")
        window.goto(f"{server.url}/dataplane/v1/page#/{view}")
        _wait(window, seen)
        window.wait_for_timeout(3000)
        window.evaluate(_WATCH)
        window.wait_for_timeout(60_000 * run.effort.seconds)
        tasks: list[float] = window.evaluate("window.longTasks")
        # Chromium tells of tasks above the limit, and of no other
        shown = f"{max(tasks):.0f}, {len(tasks)} of them" if tasks else f"none above {LONGEST_TASK}"
        yield Row([f"longest task while somebody looks at {what} (ms)", shown, f"≤ {LONGEST_TASK}"],
                  max(tasks, default=0) <= LONGEST_TASK)  # fmt: skip


def _wait(window: Any, selector: str) -> None:
    window.wait_for_selector(selector, timeout=60_000)


def _share(server: ApiServer, viewers: int, seconds: float) -> float:
    """How many percent of a core the server's processes take while so many follow both streams."""
    process = at(server.port, server.process).process
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(_stream(server, path)) for path in _STREAMS * viewers]
        _take(streams, 10)  # the first, whole pictures
        before, begun = processor_seconds(process), time.monotonic()
        _take(streams, seconds)
        return 100 * (processor_seconds(process) - before) / (time.monotonic() - begun)


def _stream(server: ApiServer, path: str) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    who = basic(f"{USER}:{PASSWORD}")
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {who}\r\n\r\n".encode())
    if not stream.recv(1 << 10).startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"no stream of {path} is to be had")
    return stream


def _take(streams: list[socket.socket], seconds: float) -> None:
    """Take what streams send for so long."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for stream in select.select(streams, [], [], left)[0]:
            if not stream.recv(1 << 18):
                raise RuntimeError("the server ended a stream")
