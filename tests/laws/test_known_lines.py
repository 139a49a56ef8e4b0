"""A line is only passed over without being read where reading it finds a row."""

from collections.abc import Iterable, Iterator

import pytest

from dataplane_core.grammar import Model
from dataplane_core.grammar.model import HeadTable
from dataplane_core.resources import known_lines
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.known_lines import KnownLines
from dataplane_core.resources.unmanaged import UnmanagedLines
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.conditions import says_something
from dataplane_core.wiring import make_manager, register_collections
from tests.corpus import lines as corpus
from tests.laws.support import SPELLINGS, odd

NOTHING = Model("nothing")
WORDS = (
    *("if", "unless", '"if"', "x", "'x y'", "a\\ b", "a#b", "#", "é\u2028", "\x1cx", "a\rb", "'open"),
    *("0", "007", "-1", "+5", "99999999999999999999", "10s", "5us", "15min", "1k", "s", "1.5"),
    *("192.0.2.1", "192.0.2.1:80", ":80", "a:0", "a:99999", "[::1]:80", "unix@/s", "/s:80", '"$A:1"'),
    *("no", "check", "len", "table", "-f", "{", "}", ",", "(", "a(b)", "%[src]", "IF", "tlv(1)"),
)
"""What stands in the place of each word of a line in turn, and between each two of them."""
REGISTRY = register_collections(make_manager())


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes are used soon, however many there are."""
    monkeypatch.setattr(known_lines, "_READINGS_FOR_A_SHAPE", 1)
    monkeypatch.setattr(known_lines, "_MOST_SHAPES", 10_000)
    monkeypatch.setattr(known_lines, "_FREE_READINGS", 1_000_000)


def written() -> list[str]:
    """Lines as people write them."""
    texts = [value for name, value in vars(corpus).items() if name.isupper() and isinstance(value, str)]
    texts += corpus.OTHERS.values()
    return [line.replace("{n}", "7").replace("{{", "{").replace("}}", "}") for text in texts for line in text.split("\n")]


def others(line: str) -> Iterator[str]:
    """A line with other words, fewer and more of them, and written otherwise."""
    words = line.split()
    for at in range(len(words)):
        yield " ".join([*words[:at], *words[at + 1 :]])
        yield " ".join([*words[:at], words[at].upper(), *words[at + 1 :]])
        yield " ".join([*words[: at + 1], *words[at:]])
        for word in WORDS:
            yield " ".join([*words[:at], word, *words[at + 1 :]])
            yield " ".join([*words[: at + 1], word, *words[at + 1 :]])
    for spell in SPELLINGS.values():
        yield spell(line)
    yield from (f"no {line}", f"\t{line}\t ", f"{line}\r", f"{line}#x", f"{line} # 'it", f"{line}\v", f"\r{line}")
    yield line.replace(" ", "\t\t")


def passed_over(known: KnownLines, line: str) -> bool:
    return not list(known.between(Section.parse(f"section name\n{line}\n")))


def learned(table: HeadTable, lines: Iterable[str]) -> KnownLines:
    known = KnownLines(NOTHING, [table])
    for line in [*lines] * 3:
        known.is_row(Line(line))
    return known


def reads(table: HeadTable, line: str) -> bool:
    match = table.lookup(Line(line))
    return match is not None and match[2] is not None


@pytest.mark.parametrize("rows", REGISTRY.all_rows(), ids=lambda one: one.name)
def test_a_line_that_is_passed_over_is_one_that_is_read(eager: None, rows: RowCollection) -> None:
    table = rows.table.heads
    heads = {head[0] for head in table.by_head}
    own = [*rows.table.statement.examples, *(line.strip() for line in written() if line.split()[:1] and line.split()[0] in heads)]
    own = [line for line in own if line.split()]
    known = learned(table, own)
    tried = {other for line in own for other in others(line) if line.strip()}
    passed = {line for line in tried if says_something(Line(line)) and passed_over(known, line)}
    assert [line for line in passed if not reads(table, line)] == []
    assert len(passed) > 1_000 or rows.name not in ("servers", "http_request_rules")


@pytest.mark.parametrize(("spelling", "end"), [*((one, "\n") for one in SPELLINGS), ("as it is", "\r\n")])
def test_what_is_unmanaged_does_not_depend_on_what_was_read_before(
    eager: None, monkeypatch: pytest.MonkeyPatch, spelling: str, end: str
) -> None:
    text = odd(REGISTRY, SPELLINGS[spelling]).replace("\n", end)
    document = Document.parse(text, REGISTRY.language)
    for one in REGISTRY.all_sections():
        rows, sections = REGISTRY.rows_of(one.kind), document.of_kind(one.kind)
        learned = UnmanagedLines(rows, one.model)
        for section in sections * 3:
            section.cache.clear()
            shown = learned.of(section)
        with monkeypatch.context() as patch:
            patch.setattr(known_lines, "_MOST_SHAPES", 0)
            fresh = UnmanagedLines(rows, one.model)
            for section in sections:
                shown = learned.of(section)
                section.cache.clear()
                assert shown == fresh.of(section)


def test_many_lines_of_few_shapes_are_hardly_read() -> None:
    texts = [f"  server s{n} 10.0.0.{n % 250}:80 check inter {n}s # {n}\n" for n in range(2_000)]
    texts += [f"  http-request set-header X-{n} a{n} if {{ path /{n} }}\n\n" for n in range(2_000)]
    section = Section.parse("backend b\n" + "".join(texts))
    backends = REGISTRY.sections_of("backend")
    assert backends is not None
    known = KnownLines(backends.model, [rows.table.heads for rows in REGISTRY.rows_of("backend")])
    read = [line.raw for _, line in known.between(section) if known.is_row(line)]
    assert len(read) < 100
    assert read[0] == texts[0]
