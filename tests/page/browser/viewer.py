"""Somebody at the page: a window of Chromium that notes whatever a page should not do."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.harness.waiting import PATIENCE, until
from tests.page.browser.system import System

MILLISECONDS = 1000 * PATIENCE
expect: Any = None
"""What is to be seen, or will be soon; without playwright no test of the package comes so far."""
with suppress(ImportError):
    from playwright.sync_api import expect

    expect.set_options(timeout=MILLISECONDS)
CSP = """document.addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Viewer:
    """One window, at one system, and what went wrong in it."""

    system: System
    page: Any
    permitted: set[int] = field(default_factory=set)
    """Statuses of answers that the test wants; 0 for requests that reach nobody."""
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note complaints of the browser, requests to others, and refusals."""
        self.page.set_default_timeout(MILLISECONDS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _console(self, said: Any) -> None:
        # of answers and connections that fail the browser says so here, too: `_response` has them
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self.complaints.append(said.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("data:", "blob:")) and urlsplit(request.url).port != self.system.api.port:
            self.complaints.append(f"leaves the origin: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400 and response.status not in self.permitted:
            self.complaints.append(f"{response.status} {response.request.method} {response.url}: {response.text()[:300]}")

    def go(self, view: str, heading: str = "") -> Any:
        """Open a view by its link, and wait until it has its heading."""
        self.page.goto(f"{self.system.url}#/{view}")
        main = self.page.locator("main.view")
        main.get_by_role("heading", level=1, name=heading or None).first.wait_for()
        return main

    def settled(self) -> None:
        """Wait until nothing of the view is loading."""
        loading = self.page.locator("main .quiet[role=status]:text('Loading'), main button:text('Tracing …')")
        until(lambda: loading.count() == 0)

    def log_in(self, user: str, password: str) -> None:
        """Fill the form and send it."""
        self.page.get_by_label("User").fill(user)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def button(self, name: str, exact: bool = False) -> Any:
        return self.page.get_by_role("button", name=name, exact=exact)

    def dialog(self, title: str) -> Any:
        """The open dialog of a title."""
        dialog = self.page.get_by_role("dialog", name=title)
        dialog.wait_for()
        return dialog

    def says(self, text: str) -> None:
        """Wait until the page announces something."""
        self.page.locator(".announcer").get_by_text(text).wait_for()

    def shuts(self) -> None:
        """Close the window's context; fails if there was anything to complain of."""
        self.page.context.close()
        assert not self.complaints, self.complaints
