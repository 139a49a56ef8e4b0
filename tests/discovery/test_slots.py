"""Slots of a backend: instances come and go, the others stay where they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text import Document, Section
from dataplane_core.text.language import Language
from dataplane_plugins.discovery.slots import Slots, backend_name, capacity
from dataplane_plugins.discovery.sources import Instance
from tests.golden.offline import registry

SERVERS = registry().declared_rows("servers")
assert SERVERS is not None
SLOTS = Slots(SERVERS.table)
LANGUAGE = Language({"defaults", "frontend", "backend"})
PORTS = st.lists(st.integers(1, 60), max_size=30, unique=True)


def held(section: Section) -> dict[str, Instance]:
    return {slot.name: slot.held for slot in SLOTS.of(section) if slot.held}


@given(
    st.lists(PORTS, min_size=1, max_size=5),
    st.sampled_from(["linear", "exponential"]),
    st.integers(1, 12),
)
def test_every_instance_has_one_slot_and_keeps_it(steps, growth, base):
    entry = {"server_slots_base": base, "server_slots_growth_increment": 3,
             "server_slots_growth_type": growth}  # fmt: skip
    section = Section.new("backend", "b")
    for ports in steps:
        before = held(section)
        wanted = {Instance("192.0.2.1", port) for port in ports}
        section = SLOTS.fill(section, entry, sorted(wanted))
        after = held(section)
        assert sorted(after.values()) == sorted(wanted)
        assert all(after[name] == one for name, one in before.items() if one in wanted)
        assert len(SLOTS.of(section)) >= capacity(entry, len(wanted))
    again = SLOTS.fill(section, entry, sorted(wanted))
    assert len(SLOTS.of(again)) == capacity(entry, len(wanted))
    assert SLOTS.fill(again, entry, sorted(wanted)).text == again.text


@pytest.mark.parametrize(
    ("growth", "wanted", "size"),
    [("linear", 10, 10), ("linear", 11, 15), ("linear", 21, 25), ("exponential", 11, 20),
     ("exponential", 21, 40), ("exponential", 0, 10)],
)  # fmt: skip
def test_capacity(growth, wanted, size):
    entry = {"server_slots_growth_type": growth, "server_slots_growth_increment": 5}
    assert capacity(entry, wanted) == size


def test_servers_and_words_by_hand_stay():
    text = (
        "backend b\n  server mine 192.0.2.9:1\n  server SRV_1 192.0.2.1:80 check weight 5 # old\n"
    )
    section = Document.parse(text, LANGUAGE).sections[0]
    changed = SLOTS.fill(section, {"server_slots_base": 1}, [Instance("2001:db8::1", 81)])
    assert changed.text == (
        "backend b\n  server mine 192.0.2.9:1\n  server SRV_1 [2001:db8::1]:81 check weight 5 # old\n"
    )
    document = Document("", (section,), LANGUAGE)
    rested = SLOTS.plan(document, {"server_slots_base": 1}, {}, ["b"])
    assert "server SRV_1 127.0.0.1:80 check disabled weight 5" in rested.text()


@pytest.mark.parametrize(
    ("line", "stays"),
    [("default_backend b", True), ("use_backend b if TRUE", True), ("use_backend bb", False),
     ("acl few nbsrv(b) lt 2", True), ("use_backend b.c", False), ("# b", False)],
)  # fmt: skip
def test_a_backend_that_is_named_stays(line, stays):
    document = Document.parse(f"frontend f\n  {line}\nbackend b\n", LANGUAGE)
    left = SLOTS.plan(document, {}, {}, ["b"]).find("backend", "b")
    assert (left is not None) is stays


@given(st.text(), st.text())
def test_services_never_share_a_backend(one, other):
    names = backend_name("p-", one), backend_name("p-", other)
    assert (names[0] == names[1]) is (one == other)
    assert all(char.isascii() and (char.isalnum() or char in "-_.:") for char in names[0])


def test_a_backend_stands_behind_the_defaults_of_its_entry():
    text = "defaults d\nbackend old\nbackend b\ndefaults e\n"
    entry = {"defaults": "e", "server_slots_base": 1}
    document = SLOTS.plan(Document.parse(text, LANGUAGE), entry, {"old": [], "new": []}, [])
    order = [(section.kind, section.name, section.parent) for section in document.sections]
    assert order == [
        ("defaults", "d", None), ("backend", "b", None), ("defaults", "e", None),
        ("backend", "old", "e"), ("backend", "new", "e"),
    ]  # fmt: skip
