"""Certificates, maps, ACL files, stick tables, and the sources of discovery."""

import re

from tests.discovery.consul import ConsulDouble
from tests.page.browser.certificates import make_pem
from tests.page.browser.viewer import expect


def test_a_certificate_that_does_not_fit_is_refused_before(viewer, system, tmp_path):
    viewer.permitted = {400, 406, 422}
    page, before = viewer.page, (system.folder / "ssl" / "shop.pem").read_bytes()
    file = tmp_path / "half.pem"
    pem = make_pem("shop.example", 50)
    file.write_bytes(pem[: pem.index(b"-----BEGIN PRIVATE KEY")])
    viewer.go("certificates?name=shop.pem")
    expect(page.get_by_label("Certificate shop.pem")).to_contain_text("frontends/secure/binds")
    page.get_by_label("Replace shop.pem").set_input_files(file)
    said = page.locator(".message.bad").or_(page.get_by_role("dialog").get_by_role("alert"))
    expect(said).to_contain_text(re.compile("key", re.I))
    assert (system.folder / "ssl" / "shop.pem").read_bytes() == before


def test_another_certificate_is_stored(viewer, tmp_path):
    page, file = viewer.page, tmp_path / "other.pem"
    file.write_bytes(make_pem("other.example", 20.5))
    viewer.go("certificates")
    page.get_by_label("Drop a PEM file").set_input_files(file)
    viewer.says("other.pem is stored")
    row = page.get_by_role("row").filter(has_text="other.pem")
    expect(row).to_contain_text("20 days")
    page.get_by_label("Search").fill("other")
    expect(page.get_by_role("row").filter(has_text="shop.pem")).to_have_count(0)


def test_entries_of_a_map_are_searched_added_changed_and_removed(viewer, system):
    page = viewer.page
    main = viewer.go("patterns")
    main.get_by_role("button", name="teams.map").click()
    section = main.get_by_label("teams.map", exact=True)
    rows = section.get_by_role("row")
    expect(section).to_contain_text("in sync")
    section.get_by_label("Key").fill("/beta")
    section.get_by_label("Value").fill("research")
    section.get_by_role("button", name="Add").click()
    expect(rows.filter(has_text="/beta")).to_contain_text("research")
    section.get_by_label("Search").fill("resea")
    expect(rows).to_have_count(2)
    section.get_by_role("button", name="Change /beta").click()
    dialog = viewer.dialog("Change /beta")
    dialog.get_by_label("New value").fill("design")
    dialog.get_by_role("button", name="Change").click()
    viewer.says("/beta is now design")
    section.get_by_label("Search").fill("")
    expect(rows.filter(has_text="/beta")).to_contain_text("design")
    viewer.button("Undo").click()
    expect(rows.filter(has_text="/beta")).to_contain_text("research")
    section.get_by_role("button", name="Remove /beta").click()
    viewer.dialog("Remove /beta").get_by_role("button", name="Remove").click()
    expect(rows.filter(has_text="/beta")).to_have_count(0)
    assert page.url.endswith("patterns?kind=maps&list=teams.map")


def test_entries_of_an_acl_file(viewer, system):
    main = viewer.go("patterns")
    main.get_by_role("button", name="blocked.acl").click()
    section = main.locator("section").filter(has_text="blocked.acl")
    rows = section.get_by_role("row")
    expect(rows.filter(has_text="203.0.113.7")).to_be_visible()
    section.get_by_label("Pattern").fill("127.0.0.1")
    section.get_by_role("button", name="Add").click()
    expect(rows.filter(has_text="127.0.0.1")).to_be_visible()
    assert system.request("/") == 403
    section.get_by_role("button", name="Remove 127.0.0.1").click()
    viewer.dialog("Remove 127.0.0.1").get_by_role("button", name="Remove").click()
    expect(rows.filter(has_text="127.0.0.1")).to_have_count(0)
    assert system.request("/") == 200


def test_a_stick_table_is_shown_as_it_changes(viewer, system):
    main = viewer.go("tables")
    main.get_by_role("button", name="clients").click()
    row = main.get_by_label("Entries of clients").get_by_role("row").filter(has_text="127.0.0.1")
    cell = row.get_by_role("cell").last
    before = int(cell.inner_text())
    system.request("/")
    expect(cell).to_have_text(re.compile(rf"^({'|'.join(str(before + more) for more in range(1, 9))})$"))


def test_sources_of_discovery_are_shown_with_their_state(viewer, system):
    main = viewer.go("discovery")
    expect(main).to_contain_text("No source is configured")
    with ConsulDouble() as consul:
        source = {
            "name": "office", "address": "127.0.0.1", "port": consul.port, "enabled": True, "retry_timeout": 1,
            "server_slots_base": 2, "server_slots_growth_type": "linear", "server_slots_growth_increment": 2,
        }  # fmt: skip
        answer = system.client.call("POST", "/v3/service_discovery/consul", source)
        assert answer.status == 201, answer.body
        card = main.get_by_label("Consul office")
        expect(card).to_contain_text("followed")
        consul.status = 500
        with consul.changed:
            consul.changed.notify_all()
        expect(card).to_contain_text("has a problem")
        system.client.call("DELETE", f"/v3/service_discovery/consul/{answer.json['id']}")
