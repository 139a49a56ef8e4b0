"""A configuration file's findings, outside of any transaction: `dataplane check`."""

import os
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding, StorageFailed
from dataplane_core.haproxy.check import Checker
from dataplane_core.hooks.manager import manager_of, register_collections
from dataplane_core.settings import Settings
from dataplane_core.store.findings import Teller
from dataplane_core.store.head import decode, split
from dataplane_core.text import Document


def findings(settings: Settings, path: Path) -> tuple[list[Finding], bool]:
    """Return what HAProxy and the plugins say of a file, in its order, and whether it would do.

    Raises StorageFailed when the file cannot be read, CommandFailed when HAProxy cannot be run.
    """
    manager = manager_of(settings)
    kinds = register_collections(manager).section_kinds
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from None
    document = Document.parse(split(text)[1], kinds)
    found = [Finding(None, "alert", problem) for problem in _problems(manager.hook, document)]
    accepted = not found
    try:
        said = Checker(settings.replace(**{"haproxy.config_file": path})).check(path)
    except CheckFailed as failed:
        said, accepted = list(failed.findings), False
        if not said:
            found.append(Finding(None, "alert", failed.message))
    found += Teller(path, kinds, None).findings(said, text, Path(os.path.abspath(path)))
    return sorted(found, key=lambda one: one.line or 0), accepted


def _problems(hooks: object, document: Document) -> list[str]:
    answers = hooks.dataplane_check(document=document)  # type: ignore[attr-defined]
    return [problem for problems in answers for problem in problems]
