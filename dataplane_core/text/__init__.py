"""Lossless text: tokens, lines, sections, documents."""

from dataplane_core.text.conditions import ConditionalBlocks
from dataplane_core.text.document import Document, SectionChange, SectionKey
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section
from dataplane_core.text.tokens import (
    QuoteError,
    has_variable,
    is_one_word,
    is_words,
    plain_word,
    scan,
    split_words,
    unquote,
)
from dataplane_core.text.words import Words, words

__all__ = [
    "SectionChange",
    "ConditionalBlocks",
    "Document",
    "SectionKey",
    "Line",
    "QuoteError",
    "Section",
    "Words",
    "has_variable",
    "is_one_word",
    "is_words",
    "plain_word",
    "scan",
    "split_words",
    "unquote",
    "words",
]
