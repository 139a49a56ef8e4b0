"""Of several who compare the same documents, one reads them."""

import gc
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from dataplane_core.resources import comparisons
from dataplane_core.resources.comparison import compare, compare_first
from dataplane_core.resources.comparisons import Comparisons
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections

TEXT = "backend a\n  server s1 192.0.2.1:80\n\nbackend b\n  server s1 192.0.2.1:80\n"


@cache
def registry() -> Registry:
    return register_collections(make_manager())


def document(text: str = TEXT) -> Document:
    return Document.parse(text, registry().language)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Document, Document]]:
    """The documents that were compared."""
    found: list[tuple[Document, Document]] = []

    def counting(registry, before, after, kinds):  # type: ignore[no-untyped-def]
        found.append((before, after))
        return compare_first(registry, before, after, kinds)

    monkeypatch.setattr(comparisons, "compare_first", counting)
    return found


def test_the_same_documents_are_compared_once(asked: list[tuple[Document, Document]]) -> None:
    shared, before = Comparisons(registry()), document()
    after = document(TEXT.replace("s1", "s2", 1))
    with ThreadPoolExecutor(2) as pool:
        found = [*pool.map(lambda _: shared.between(before, after), range(4))]
    assert len(asked) == 1
    assert all(one.changes == compare(registry(), before, after) for one in found)


def test_other_documents_of_the_same_text_are_compared_anew(
    asked: list[tuple[Document, Document]],
) -> None:
    shared, before, after = Comparisons(registry()), document(), document(TEXT.replace("a", "c", 1))
    shared.between(before, after)
    shared.between(before, document(after.text()))
    assert len(asked) == 2


def test_documents_that_are_gone_are_not_held() -> None:
    shared = Comparisons(registry())
    shared.between(document(), document(TEXT.replace("s1", "s2")))
    gc.collect()
    assert shared._last is not None
    assert [one() for one in shared._last[:2]] == [None, None]
