"""Sessions that end while a dialog is open."""

from tests.harness.server import PASSWORD, USER
from tests.page.browser.system import READER, READS
from tests.page.browser.viewer import expect


def at_servers(open_window, system):
    """Somebody who has logged in, and the page that shows the servers."""
    viewer = open_window(logged_in=False)
    viewer.permitted = {401}
    page = viewer.page
    page.goto(f"{system.url}#/servers")
    viewer.log_in(USER, PASSWORD)
    page.get_by_role("heading", level=1, name="Servers").wait_for()
    return viewer, page


def end_session(page):
    """Take the cookie away, and have the page ask who is logged in."""
    page.context.clear_cookies()
    page.evaluate("import('/dataplane/v1/page/app/session.js').then((one) => one.recall())")


def test_somebody_can_log_in_again_beside_an_open_dialog(open_window, system):
    viewer, page = at_servers(open_window, system)
    viewer.button("Keys", exact=True).click()
    viewer.dialog("Keys")
    end_session(page)
    expect(page.get_by_label("User")).to_be_visible()
    expect(page.get_by_label("User")).to_be_focused()
    viewer.log_in(USER, PASSWORD)
    viewer.dialog("Keys").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_another_user_is_not_asked_what_the_first_one_was(open_window, system):
    viewer, page = at_servers(open_window, system)
    page.evaluate("import('/dataplane/v1/page/parts/dialog.js').then((one) => void one.confirmFirst({ title: 'Drain', body: 'all', action: 'Drain' }))")
    viewer.dialog("Drain")
    end_session(page)
    viewer.log_in(READER, READS)
    page.get_by_text("read only").wait_for()
    expect(page.get_by_role("dialog")).to_have_count(0)
