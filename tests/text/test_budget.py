"""Caches hold no more together than their budget, and what they dropped is made again as it was."""

import gc
from threading import Thread

from dataplane_core.text import Document, Language, Line, Section
from dataplane_core.text.budget import (
    BYTES_FOR_A_CHARACTER,
    BYTES_FOR_A_SECTION,
    BudgetedCache,
    CacheBudget,
)
from dataplane_core.text.splice import Splice
from tests.harness.waiting import stays

TEXT = "# above\nbackend {name}\n  mode http\n\n  # why\n  server s 192.0.2.1:80\n  'mode' tcp\n"


def document(budget: CacheBudget, count: int) -> Document:
    language = Language({"backend"}, budget=budget)
    return Document.parse("".join(TEXT.format(name=f"b{one}") for one in range(count)), language)


def test_what_was_put_in_first_goes_first_whatever_cache_it_is_in() -> None:
    budget = CacheBudget(100)
    one: BudgetedCache[str] = BudgetedCache(budget)
    other: BudgetedCache[str] = BudgetedCache(budget)
    one.put("a", "A", 40)
    other.put("b", "B", 40)
    one.put("c", "C", 40)
    assert (one.get("a"), other.get("b"), one.get("c")) == (None, "B", "C")
    one.put("d", "D", 90)
    assert (other.get("b"), one.get("c"), one.get("d"), budget.size) == (None, None, "D", 90)
    one.put("e", "E", 101)
    assert budget.size == 0


def test_what_is_put_in_again_counts_once_and_is_the_newest() -> None:
    budget = CacheBudget(100)
    cache: BudgetedCache[str] = BudgetedCache(budget)
    for key, size in (("a", 40), ("b", 40), ("a", 50), ("c", 40)):
        cache.put(key, key, size)
    assert "b" not in cache
    assert (cache.get("a"), len(cache), budget.size) == ("a", 2, 90)


def test_a_cache_that_is_gone_counts_no_longer() -> None:
    budget = CacheBudget(100)
    cache: BudgetedCache[str] = BudgetedCache(budget)
    cache.put("a", "A", 60)
    del cache
    gc.collect()
    assert budget.size == 0


def test_sections_forget_what_was_read_and_keep_their_text() -> None:
    budget = CacheBudget(1)
    sections = document(budget, 4).sections
    before = [section.lines for section in sections]
    sections[2].cache["read"] = "much"
    assert len([*sections[2].lines_with({"server"})]) == 2  # and it is the newest
    assert len([*sections[1].lines_with({"server"})]) == 2
    assert sections[2].cache
    assert len([*sections[0].lines_with({"server"})]) == 2
    assert not sections[2].cache
    for section, lines in zip(sections, before, strict=True):
        assert [line.raw for line in section.lines] == [line.raw for line in lines]
        assert [at for at, _ in section.lines_with({"mode"})] == [0, 4]


def test_a_section_that_was_edited_can_forget_its_lines() -> None:
    section = document(CacheBudget(), 1).sections[0]
    edited = section.spliced([Splice(0, 1, section.lines[0:1] * 2)])
    text, lines = edited.text, [line.raw for line in edited.lines]
    edited.forget()
    assert (edited.text, [line.raw for line in edited.lines]) == (text, lines)
    assert edited.header.raw == "backend b0\n"


def test_nothing_keeps_a_section_alive() -> None:
    budget = CacheBudget()
    made = document(budget, 3)
    assert all(section.lines for section in made.sections)
    assert budget.size > 0  # of the one in front of the last two
    del made
    gc.collect()
    assert budget.size == 0


def test_a_section_counts_at_most_for_its_whole_text() -> None:
    budget = CacheBudget()
    section, *others = document(budget, 3).sections
    for _ in range(5):
        section.lines_with({"mode", "server"})
        assert section.lines
    assert budget.size == 0  # the sections that were read last do not count
    assert all(other.lines for other in others)
    assert budget.size == len(section.text) * BYTES_FOR_A_CHARACTER + BYTES_FOR_A_SECTION


def test_sections_that_threads_read_while_they_forget_are_whole() -> None:
    made = document(CacheBudget(1), 8)
    wrong: list[Section] = []

    def read() -> None:
        for _ in range(200):
            for section in made.sections:
                lines = section.lines
                if len(lines) != 5 or section.line(3).tokens[0] != "server" or section.blocks[0]:
                    wrong.append(section)

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_cache_is_added_while_another_thread_goes_through_them():
    budget = CacheBudget(100)
    cache = BudgetedCache(budget)
    other = Thread(target=lambda: cache.put("a", "b", 1))
    with budget.lock:
        other.start()
        assert stays(lambda: len(cache) == 0)
    other.join()
    assert budget.size == 1


def test_a_text_is_whole_that_is_put_together_while_another_thread_forgets_the_lines():
    class Forgetting(Section):
        forgets = True

        @property
        def top(self):
            if self.forgets:
                self.forgets = False
                self.forget()
            return super().top

    section = Forgetting(Line("backend b\n"), (), (Line("  mode http\n"),))
    assert section.text == "backend b\n  mode http\n"
    assert section.text == "backend b\n  mode http\n"


def test_two_large_sections_that_are_looked_at_in_turn_are_cut_once() -> None:
    shared = Language({"backend"}, budget=CacheBudget(10))
    one, other = Document.parse("backend a\n  mode http\nbackend b\n  mode tcp\n", shared).sections
    lines = one.lines, other.lines
    for _ in range(3):
        assert one.lines is lines[0] and other.lines is lines[1]


def test_what_caches_hold_is_counted_while_garbage_is_collected() -> None:
    budget = CacheBudget(1 << 20)
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(200):
            made = document(budget, 4)
            made.sections[0].cache["self"] = made  # a circle, which a collection alone frees
            assert all(section.lines for section in made.sections)
            del made
            assert budget.size >= 0
    finally:
        gc.set_threshold(*before)


def test_caches_are_counted_only_when_they_may_hold_too_much(monkeypatch) -> None:
    asked: list[int] = []
    size = CacheBudget.size.fget
    assert size is not None
    monkeypatch.setattr(CacheBudget, "size", property(lambda self: asked.append(1) or size(self)))
    budget = CacheBudget(1000)
    cache: BudgetedCache[str] = BudgetedCache(budget, spares=1)
    for key in range(1000):
        cache.put(key, "", 1)
    assert not asked
    cache.put("much", "", 10)
    cache.put("more", "", 10)
    assert len(asked) == 1
    assert len(cache) == 1002 - 10
