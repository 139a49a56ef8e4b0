"""Tell HAProxy's words about a configuration without what they repeat and nobody is to read there.

That is what lines of files outside the storage hold, and secrets of the configuration's own lines:
HAProxy quotes a line, or a word of it, that it does not take.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from dataplane_core.haproxy.foreign_files import ForeignFiles, storage_folders
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.secrets import Secrets, without_words
from dataplane_core.settings import Settings


class ShownWords:
    """Hides parts of messages about texts.

    `name` is what messages call the configuration, `stored` are the folders whose files a client
    can read.
    """

    def __init__(self, name: str, stored: Iterable[str], secrets: Secrets) -> None:
        self.name = name
        self.foreign = ForeignFiles(name, stored)
        self.secrets = secrets

    def about(self, text: str) -> "WordsAbout":
        """Return what hides parts of messages about one text."""
        return WordsAbout(self, text)


class WordsAbout:
    """Hides parts of messages about one text."""

    def __init__(self, words: ShownWords, text: str) -> None:
        self._words = words
        self._text = text

    def told(self, message: str, line: int | None = None, *, refused: bool = True) -> str:
        """Return a message as it may be shown, about a line of the text, from 1.

        The line may be in the message. Where HAProxy has `refused` a text and names no line,
        secrets of all lines are looked for.
        """
        line = line or self._words.foreign.line_of(message)
        written = self._lines[line - 1] if line and line <= len(self._lines) else ""
        message = self._words.foreign.without_contents(message, written)
        hidden = self._hidden if refused and not written else self._words.secrets.hidden(written)
        return without_words(message, hidden)

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.split("\n")

    @cached_property
    def _hidden(self) -> set[str]:
        return {word for line in self._lines for word in self._words.secrets.hidden(line)}


def shown_words(
    settings: Settings, registry: Registry | None = None, name: str = ""
) -> ShownWords:
    """Return what hides parts of messages about the configuration of the settings.

    `name` is what they call it, unless it is the name of its file. Without a registry, only those
    secrets are found that need no declaration.
    """
    name = name or Path(settings.haproxy.config_file).name
    return ShownWords(name, storage_folders(settings), Secrets(registry or Registry()))
