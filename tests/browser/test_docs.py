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


@pytest.fixture(scope="module")
def chromium() -> Iterator["playwright.Browser"]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed here")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(server: ApiServer, chromium: "playwright.Browser") -> Iterator["playwright.Page"]:
    """A window of its own, in which nobody has been before."""
    context = chromium.new_context(
        http_credentials={"username": USER, "password": PASSWORD},
        viewport={"width": 1200, "height": 900},
    )
    yield context.new_page()
    context.close()


def unfold(page: "playwright.Page") -> None:
    """Open every family; only then the page draws its operations."""
    page.evaluate(
        """() => document.querySelectorAll('.opblock-tag[data-is-open="false"]')
                    .forEach(one => one.click())"""
    )


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
    page.wait_for_selector(".opblock-tag", timeout=60_000)
    page.screenshot(path=str(tmp_path / "docs.png"))
    unfold(page)
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


def test_the_page_opens_with_an_introduction_and_folded_families(
    server: ApiServer, page: "playwright.Page"
) -> None:
    page.goto(f"{server.url}/v2/docs")
    page.wait_for_selector(".opblock-tag", timeout=60_000)
    introduction = page.locator(".info").inner_text()
    for word in ("Authentication", "Versions", "Transactions", "curl"):
        assert word in introduction
    assert f"api={server.url}/v2/services/haproxy" in introduction
    assert page.locator(".opblock").count() == 0
    script = "() => [...document.querySelectorAll('.opblock-tag')].map(one => one.dataset.tag)"
    document = server.specification("specification_openapiv3")
    assert page.evaluate(script) == [tag["name"] for tag in document["tags"]]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_stands_out_of_the_window(
    server: ApiServer, page: "playwright.Page", width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/v2/docs")
    page.wait_for_selector(".opblock-tag", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.goto("about:blank")
    try_out(server, page, "Server/createServer")
    status(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def try_out(server: ApiServer, page: "playwright.Page", operation: str) -> None:
    page.goto(f"{server.url}/v2/docs#/{operation}")
    page.get_by_role("button", name="Try it out").click(timeout=60_000)


def status(page: "playwright.Page") -> str:
    """Send what stands there, and wait for the answer."""
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table .response-col_status").last
    return answer.inner_text(timeout=30_000).strip()[:3]


def test_an_operation_can_be_tried_out(server: ApiServer, page: "playwright.Page") -> None:
    try_out(server, page, "Configuration/getConfigurationVersion")
    assert status(page) == "200"


def test_an_example_can_be_sent_with_the_version_that_is_filled_in(
    server: ApiServer, page: "playwright.Page"
) -> None:
    client = server.client()
    before = client.version()
    try_out(server, page, "Backend/createBackend")
    version = page.locator("input[placeholder=version]")
    playwright.expect(version).to_have_value(str(before), timeout=30_000)
    assert status(page) in ("201", "202")
    # The version of the next change is there, and not beside a transaction.
    playwright.expect(version).to_have_value(str(before + 1), timeout=30_000)
    page.locator("input[placeholder=transaction_id]").fill("some")
    playwright.expect(version).to_have_value("", timeout=30_000)
    name = server.specification()["definitions"]["backend"]["example"]["name"]
    path = f"/v2/services/haproxy/configuration/backends/{name}"
    assert client.call("DELETE", path, version=before + 1).status in (202, 204)


def test_a_transaction_starts_from_the_version_that_is_filled_in(
    server: ApiServer, page: "playwright.Page"
) -> None:
    try_out(server, page, "Transactions/startTransaction")
    version = page.locator("input[placeholder=version]")
    playwright.expect(version).to_have_value(str(server.client().version()), timeout=30_000)
    assert status(page) == "201"
    client, transactions = server.client(), "/v2/services/haproxy/transactions"
    for one in client.call("GET", transactions, status="in_progress").json:
        client.call("DELETE", f"{transactions}/{one['id']}")


def test_the_version_of_an_spoe_file_is_not_that_of_the_configuration(
    server: ApiServer, page: "playwright.Page"
) -> None:
    try_out(server, page, "SpoeTransactions/startSpoeTransaction")
    page.get_by_role("button", name="Execute").wait_for()
    assert page.locator("input[placeholder=version]").input_value() == ""
