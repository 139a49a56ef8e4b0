"""Which of several operations a finding is the fault of."""

from collections.abc import Iterator

from dataplane_core.errors import Finding
from dataplane_core.text import Document
from dataplane_core.text.language import SECTIONS
from dataplane_plugins.changes.causes import Causes

TEXTS = [
    "backend a\n  mode http\nbackend b\n",
    "backend a\n  mode http\n  odd one\nbackend b\n",
    "backend a\n  mode http\n  odd one\n",
    "backend c\nbackend a\n  mode http\n  odd one\n",
    "backend c\nbackend a\n  mode http\n  odd one\n  odd two\n",
]
DOCUMENTS = [Document.parse(text, SECTIONS) for text in TEXTS]


def found(document: Document) -> Iterator[Finding]:
    for number, line in enumerate(document.text().splitlines(), 1):
        if "odd" in line:
            yield Finding(number, "alert", f"line {number} is odd")
    if document.find("backend", "b") is None:
        yield Finding(2, "alert", "there is no backend b")
    yield Finding(None, "warning", "nobody likes this file")


def test_a_line_is_of_the_operation_that_wrote_it_and_the_rest_of_the_one_that_it_began_with():
    asked: list[Document] = []

    def check(document: Document) -> Iterator[Finding]:
        asked.append(document)
        return found(document)

    causes = Causes(DOCUMENTS, check)
    assert [causes.operation(one, one.line) for one in found(DOCUMENTS[-1])] == [0, 3, 1, None]
    assert len(asked) <= 4


def test_a_finding_of_the_last_operation_in_a_long_text():
    last = "".join(f"  x {n}\n" for n in range(5000))
    documents = [Document.parse(f"backend {n}\n{last}", SECTIONS) for n in range(3)]
    causes = Causes(documents, lambda document: ())
    assert causes.operation(Finding(None, "alert", "new"), None) == 1
