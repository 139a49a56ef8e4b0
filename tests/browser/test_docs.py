"""The page at /v2/docs in headless Chromium: every operation is shown, and nothing leaves here."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.harness.server import PASSWORD, USER, ApiServer

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.server]

QUIET = [  # without these Chromium asks for updates and names of its own while it starts
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


@pytest.fixture
def page(server: ApiServer) -> Iterator["playwright.Page"]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed here")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=QUIET)
        context = browser.new_context(
            http_credentials={"username": USER, "password": PASSWORD},
            viewport={"width": 1200, "height": 900},
        )
        yield context.new_page()
        browser.close()


def shown(page: "playwright.Page", wanted: int) -> set[tuple[str, str]]:
    """The operations that come into view while somebody scrolls; the page draws only those."""
    found: set[tuple[str, str]] = set()
    script = """() => [...document.querySelectorAll(".opblock-summary")].map(
        row => [row.querySelector(".opblock-summary-method").innerText,
                row.querySelector(".opblock-summary-path").dataset.path])"""
    for _ in range(200):
        found |= {(method, path) for method, path in page.evaluate(script)}
        if len(found) == wanted:
            break
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(50)
    return found


def test_every_operation_is_shown(
    server: ApiServer, page: "playwright.Page", tmp_path: Path
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )

    page.goto(f"{server.url}/v2/docs")
    page.wait_for_selector(".opblock", timeout=60_000)
    page.screenshot(path=str(tmp_path / "docs.png"))
    document = server.specification("specification_openapiv3")
    operations = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method in ("get", "put", "post", "delete")
    }
    assert shown(page, len(operations)) == operations
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith("data:")}
    assert hosts == {"127.0.0.1"}
    assert complaints == []


def test_an_operation_can_be_tried_out(server: ApiServer, page: "playwright.Page") -> None:
    page.goto(f"{server.url}/v2/docs#/Configuration/getConfigurationVersion")
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table .response-col_status").last
    assert answer.inner_text(timeout=30_000).strip().startswith("200")
