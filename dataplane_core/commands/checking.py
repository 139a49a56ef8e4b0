"""Find what is wrong with a configuration file, outside of any transaction: `dataplane check`."""

import os
from dataclasses import replace
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding, StorageFailed
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.resources.reading import own_findings
from dataplane_core.settings import Settings
from dataplane_core.store.findings import FindingPresenter
from dataplane_core.store.head import decode_text, split_header
from dataplane_core.store.ports import problems_found
from dataplane_core.text import Document
from dataplane_core.wiring import manager_of, register_collections

_UNREAD = (
    "HAProxy gave up while it read the file, and may find more once these lines are mended: it "
    "looks for what they name only when it has read them all"
)


def findings(settings: Settings, path: Path) -> tuple[list[Finding], bool]:
    """Return the findings about a file, in the order of its lines, and whether it would be
    accepted.

    Findings come from HAProxy and the plugins. Where HAProxy gave up while it read the file, those
    of our own reading in other lines are added, with a notice. Raises `StorageFailed` when the file
    cannot be read, and `CommandFailed` when HAProxy cannot be run.
    """
    manager = manager_of(settings)
    registry = register_collections(manager)
    try:
        text = decode_text(path.read_bytes())
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from None
    head, rest = split_header(text)
    document = Document.parse(rest, registry.language)
    found = [Finding(None, "alert", problem) for problem in problems_found(manager.hook, document)]
    accepted, unread = not found, False
    try:
        said = HaproxyChecker(settings.replace(**{"haproxy.config_file": path})).check(path)
    except CheckFailed as failed:
        said, accepted, unread = list(failed.findings), False, failed.unread
        if not said:
            found.append(Finding(None, "alert", failed.message))
    presenter = FindingPresenter(path, registry.language)
    found += presenter.findings(said, text, Path(os.path.abspath(path)))
    if unread:
        told = {finding.line for finding in found}
        own = own_findings(registry, document)
        moved = [replace(one, line=head.above(one.line or 0)) for one in own]
        found += [one for one in moved if one.line not in told]
    found.sort(key=lambda one: one.line or 0)
    return found + [Finding(None, "notice", _UNREAD)] * unread, accepted
