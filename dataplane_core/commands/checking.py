"""Find what is wrong with a configuration file, outside of any transaction: `dataplane check`."""

import os
from dataclasses import replace
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding, StorageFailed
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.references.existing import finder_of_files, reader_of_files
from dataplane_core.references.names_in_files import NamesInFiles, findings_in_files
from dataplane_core.resources.reading import dangling_names, own_findings, unused_names
from dataplane_core.settings import Settings
from dataplane_core.store.findings import FindingPresenter
from dataplane_core.store.head import decode_text, split_header
from dataplane_core.store.ports import problems_found
from dataplane_core.text import Document
from dataplane_core.wiring import declared

_UNREAD = (
    "HAProxy gave up while it read the file, and may find more once these lines are mended: it "
    "looks for what they name only when it has read them all"
)


def findings(settings: Settings, path: Path) -> tuple[list[Finding], bool]:
    """Return the findings about a file, in the order of its lines, and whether it is accepted.

    Findings come from HAProxy and the plugins. Where HAProxy gave up while it read the file, those
    of our own reading in other lines are added, with a notice; where HAProxy accepts the file,
    names of what is not there, for which HAProxy does not look. Names that nothing refers to are
    added always. Raises `StorageFailed` when the file cannot be read, and `CommandFailed` when
    HAProxy cannot be run.
    """
    manager, registry = declared(settings)
    text = _text_of(path)
    header, rest = split_header(text)
    document = Document.parse(rest, registry.language)
    found = [Finding(None, "alert", problem) for problem in problems_found(manager.hook, document)]
    said, refusal = _checked_by_haproxy(settings, path)
    accepted = refusal is None and not found
    if refusal is not None and not said:
        found.append(Finding(None, "alert", refusal.message))
    presenter = FindingPresenter(path, registry.language)
    found += presenter.findings(said, text, Path(os.path.abspath(path)))
    gave_up = refusal is not None and refusal.unread
    known = {finding.line for finding in found}
    read = reader_of_files(Path(os.path.abspath(path)), rest)
    used = NamesInFiles(registry, document, read).named()
    used.update(settings.dataplaneapi.userlist.names)
    own = [*unused_names(registry, document, used)]
    if gave_up:
        own += own_findings(registry, document)
        own += findings_in_files(registry, document, "alert", read)
    elif refusal is None:
        has_file = finder_of_files(Path(os.path.abspath(path)), rest)
        own += dangling_names(registry, document, "warning", has_file)
        own += findings_in_files(registry, document, "warning", read)
    placed = (replace(one, line=header.above(one.line or 0)) for one in own)
    found += [one for one in placed if one.line not in known]
    found.sort(key=lambda one: one.line or 0)
    return found + [Finding(None, "notice", _UNREAD)] * gave_up, accepted


def _text_of(path: Path) -> str:
    try:
        return decode_text(path.read_bytes())
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from None


def _checked_by_haproxy(settings: Settings, path: Path) -> tuple[list[Finding], CheckFailed | None]:
    """Return HAProxy's findings about a file, and its refusal; None where it accepts the file."""
    checker = HaproxyChecker(settings.replace(**{"haproxy.config_file": path}))
    try:
        return checker.check(path), None
    except CheckFailed as failed:
        return list(failed.findings), failed
