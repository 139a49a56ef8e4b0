r"""Edit a configuration file without losing a byte of what stays.

A `Document` is a file cut into `Section`s, a section is cut into `Line`s when somebody looks into
it, and a line into raw tokens when somebody reads it. All of them are immutable and keep the text
that they were made of. An edit makes the lines, and the sections around them, that differ, and
shares all others, so that whatever nobody edits is written back as it was read:

>>> from dataplane_core.text.language import SECTIONS
>>> text = "# the shop\n\nbackend shop\n  mode   http # why\n  anything at-all\n"
>>> document = Document.parse(text, SECTIONS)
>>> document.text() == text
True
>>> section = document.find("backend", "shop")
>>> edited = section.replace(0, section.lines[0].rewritten(["mode", "tcp"]))
>>> print(document.replace(section, edited).text(), end="")
# the shop
<BLANKLINE>
backend shop
  mode tcp # why
  anything at-all

Nothing here knows a keyword. What the words of a line say is declared in
`dataplane_core.grammar`; which words start a section is a fact of the `Language`.
"""

from dataplane_core.text.conditions import ConditionalBlocks
from dataplane_core.text.document import Document, SectionChange, SectionKey
from dataplane_core.text.language import SECTIONS, Language
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
    "SECTIONS",
    "Language",
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
