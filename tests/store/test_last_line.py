"""A file whose last line has no end: HAProxy refuses it, so whatever is written has one."""

from pathlib import Path

import pytest

from dataplane_core.errors import CheckFailed
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.text import Line, Section
from tests.haproxy.support import VERSIONS, configured
from tests.harness.fixtures import one_haproxy
from tests.store.support import Bench, with_backend, with_server

END = "backend be1\n  server s1 127.0.0.1:80\nbackend be2"
ENDS = [END, END + "\n  server s1 127.0.0.1:80", END + "\n  # spare", END + "\n\n  "]


def _first_section(document):
    return with_server(document, "be1", "s2")


def _last_section(document):
    return with_server(document, "be2", "s2")


def _new_section(document):
    return with_backend(document, "be3")


def _without_the_last(document):
    return document.remove(document.find("backend", "be2"))


def _without_the_first(document):
    return document.remove(document.find("backend", "be1"))


def _nothing(document):
    return document


EDITS = [_first_section, _last_section, _new_section, _without_the_last, _without_the_first, _nothing]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("in_transaction", [False, True])
def test_the_first_change_ends_the_last_line(bench: Bench, end, edit, in_transaction) -> None:
    config, before = bench.store(), end.encode()
    bench.file.write_bytes(before)
    assert config.raw_text()[0] == end
    changed = edit(config.snapshot().document).text()
    if in_transaction:
        begun = config.transactions.begin(config.version())
        with config.edit(transaction_id=begun.id) as change:
            change.document = edit(change.document)
        assert bench.file.read_bytes() == before
        config.transactions.commit(begun.id)
    else:
        with config.edit(version=config.version()) as change:
            change.document = edit(change.document)
    expected = changed if changed.endswith("\n") else changed + "\n"
    assert bench.text == f"# _version={config.version()}\n{expected}"
    assert bench.checker.texts == [bench.text]  # what was checked is what was written
    assert config.raw_text() == (bench.text, config.version())


def test_lines_of_a_dos_file_end_alike(bench: Bench) -> None:
    text = END.replace("\n", "\r\n") + "\r\n  server s1 127.0.0.1:80"
    for edit in EDITS:
        bench.file.write_bytes(text.encode())
        config = bench.store(edit.__name__)
        with config.edit(version=config.version()) as change:
            change.document = edit(change.document)
        own = bench.file.read_bytes().replace(b"  server s2 10.9.9.9:80\n", b"").replace(b"backend be3\n", b"")
        assert own.endswith(b"\r\n") and b"\n" not in own.replace(b"\r\n", b"")


def test_a_section_ends_the_line_that_another_follows() -> None:
    section = Section.parse("backend b\r\n  server s 192.0.2.1:80")
    longer = section.insert(1, Line("  server t 192.0.2.2:80\r\n"))
    assert longer.text == "backend b\r\n  server s 192.0.2.1:80\r\n  server t 192.0.2.2:80\r\n"
    assert section.with_blank_end().text == "backend b\r\n  server s 192.0.2.1:80\r\n\r\n"


def test_what_is_put_back_after_a_failed_reload_is_ended(bench: Bench) -> None:
    bench.file.write_text(END)
    config = bench.store()
    with config.edit(version=config.version()) as change:
        change.document = with_backend(change.document, "be3")
    assert config.file.restore("it failed", config.version()) == 3
    assert bench.text == f"# _version=3\n{END}\n"


@pytest.mark.haproxy
@pytest.mark.parametrize("version", VERSIONS)
def test_haproxy_takes_what_is_written_and_not_what_was_there(tmp_path: Path, version: str) -> None:
    bench = Bench(tmp_path, END)
    bench.checker = HaproxyChecker(configured(tmp_path, haproxy_bin=one_haproxy(version)))  # type: ignore[assignment]
    with pytest.raises(CheckFailed, match="Missing LF"):
        bench.checker.check(bench.file)
    for number, edit in enumerate(EDITS):
        bench.file.write_text(END)
        config = bench.store(str(number))
        with config.edit(version=config.version()) as change:
            change.document = edit(change.document)
        bench.checker.check(bench.file)
