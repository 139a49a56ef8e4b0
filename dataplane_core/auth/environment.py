"""Know the environment variables by which HAProxy reads a userlist, as far as they are certain."""

import os

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text import ConditionalBlocks, Document, Section, Words, words
from dataplane_core.text.language import ENVIRONMENT

# Variables that HAProxy sets itself (manual, section 2.3): those of this process are another one's.
_OWN = lazy_pattern(
    rb"HAPROXY_(?:BRANCH|STARTUP_VERSION|CFGFILES|MWORKER\w*|(?:MASTER_)?CLI|LOCALPEER|PROCESSES"
    rb"|\w+_LOG_FMT)"
)

Environment = dict[bytes, bytes]


def haproxy_environment(document: Document, blocks: ConditionalBlocks) -> Environment:
    """Return this process's environment, with what the `global` sections of a document change.

    Variables whose value is uncertain are left out: those of `presetenv`, as HAProxy's own
    environment may have another value; those that a line in a conditional block changes; and those
    that a `global` section behind a userlist changes, which some versions of HAProxy read before
    the userlist, and some do not.
    """
    changed = {name: value for name, value in os.environb.items() if not _OWN.fullmatch(name)}
    late = False
    at = len(document.preamble)
    for section in document.sections:
        late = late or section.kind == "userlist"
        if section.kind == "global":
            _change_by_section(section, at, changed, blocks, late)
        at += len(section.text)
    return changed


def _change_by_section(
    section: Section, at: int, environ: Environment, blocks: ConditionalBlocks, late: bool
) -> None:
    """Change `environ` as one `global` section, which begins at an offset, changes HAProxy's."""
    at += len(section.text) - sum(len(line.raw) for line in section.lines)
    for line in section.lines:
        read = words(line.raw, environ)
        if read.values and read.values[0] in ENVIRONMENT:
            _change(read, environ, certain=not (late or read.problem or blocks.hold(at)))
        at += len(line.raw)


def _change(read: Words, environ: Environment, certain: bool) -> None:
    keyword, *names = (word.encode("utf-8", "surrogateescape") for word in read.values)
    if keyword == b"resetenv":
        kept = {name: environ[name] for name in names if name in environ} if certain else {}
        environ.clear()
        environ.update(kept)
    elif keyword == b"unsetenv":
        for name in names:
            environ.pop(name, None)
        if read.problem:
            environ.clear()
    elif not names:
        environ.clear()
    elif keyword == b"setenv" and certain and len(names) == 2:
        environ[names[0]] = names[1]
    elif keyword == b"setenv" or not certain:
        environ.pop(names[0], None)
