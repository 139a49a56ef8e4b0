"""One Chromium for the package, one live system a module, and a window a test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.fixtures import one_haproxy
from tests.harness.server import PASSWORD, USER
from tests.page.browser.system import System, live_system
from tests.page.browser.viewer import CSP, WIDE, Viewer

QUIET = [  # without these Chromium asks for updates and names of its own while it starts
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
OPEN: list[Viewer] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests as ones that drive a browser."""
    here = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed here")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def system(request: pytest.FixtureRequest, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A live system; a module says with `MORE` what else its configuration has, with `HAPROXY` which version.

    The variable `PAGE_HAPROXY` has all of them use one version: `PAGE_HAPROXY=3.2 pytest tests/page/browser`.
    """
    version = os.environ.get("PAGE_HAPROXY") or getattr(request.module, "HAPROXY", "2.8")
    program = one_haproxy(version)
    with live_system(program, tmp_path_factory.mktemp("lb"), getattr(request.module, "MORE", "")) as started:
        yield started


@pytest.fixture
def open_window(chromium: Any, system: System) -> Iterator[Callable[..., Viewer]]:
    """Open windows: `open_window(logged_in=True, **context)`; each is closed, and judged, at the end."""
    opened: list[Viewer] = []

    def make(logged_in: bool = True, on: System | None = None, **context: Any) -> Viewer:
        at = on or system
        if logged_in:
            context["storage_state"] = at.cookies or log_in(chromium, at)
        made = chromium.new_context(**{"viewport": WIDE, "color_scheme": "light", "locale": "en-GB", **context})
        made.add_init_script(CSP)
        viewer = Viewer(at, made.new_page())
        viewer.watch()
        opened.append(viewer)
        return viewer

    yield make
    for viewer in opened:
        viewer.shuts()


def log_in(chromium: Any, system: System) -> Any:
    """Log in by the form, once a system; what the browser keeps of it."""
    context = chromium.new_context()
    viewer = Viewer(system, context.new_page(), {401})
    viewer.watch()
    viewer.page.goto(system.url)
    viewer.log_in(USER, PASSWORD)
    viewer.page.locator("main.view h1").wait_for()
    system.cookies = context.storage_state()
    viewer.shuts()
    return system.cookies


@pytest.fixture
def viewer(open_window: Callable[..., Viewer]) -> Viewer:
    """A wide window with somebody logged in."""
    return open_window()
