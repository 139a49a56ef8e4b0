"""Have HAProxy judge a text with several files of the storage as they would be.

The folders are shown in another place, as links to what is in them, with the changed files among
them; where the text, or a file in the folders, has the path of a folder, it has that of the other
place. HAProxy that starts meanwhile reads nothing that nobody has judged.
"""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding
from dataplane_core.references.texts import read_up_to
from dataplane_core.store.files import storage_errors, temporary_folder
from dataplane_core.store.head import decode_text, encode_text

_LARGEST_LIST = 1 << 20


def check_shown(
    text: str, changed: Mapping[str, bytes], check: Callable[[str], list[Finding]]
) -> list[Finding]:
    """Return what `check` says of a text with files changed, by path; raises as `check` does."""
    if not changed:
        return check(text)
    folders = sorted({os.path.dirname(path) for path in changed})
    with temporary_folder(Path(next(iter(changed)))) as root:
        places = {folder: str(root / str(number)) for number, folder in enumerate(folders)}
        for folder, place in places.items():
            _show(folder, place, changed, places)
        try:
            return [_with_places(one, places) for one in check(_moved(text, places))]
        except CheckFailed as failed:
            raise _original(failed, places) from None


def _show(
    folder: str, place: str, changed: Mapping[str, bytes], places: Mapping[str, str]
) -> None:
    with storage_errors(Path(folder), "checked"):
        os.makedirs(place, 0o700, exist_ok=True)
        own = {os.path.basename(path): data for path, data in changed.items()
               if os.path.dirname(path) == folder}  # fmt: skip
        for name in _names(folder) - own.keys():
            moved = _moved_list(os.path.join(folder, name), places)
            if moved is None:
                os.symlink(os.path.join(folder, name), os.path.join(place, name))
            else:
                own[name] = moved
        for name, data in own.items():
            target = os.open(os.path.join(place, name), os.O_WRONLY | os.O_CREAT, 0o600)
            with open(target, "wb") as file:
                file.write(data if data.find(b"-----BEGIN") >= 0 else _moved_data(data, places))


def _names(folder: str) -> set[str]:
    with suppress(OSError):
        return {name for name in os.listdir(folder) if not name.startswith(".")}
    return set()


def _moved_list(path: str, places: Mapping[str, str]) -> bytes | None:
    """Return a file that names one of the folders, with the other places; None for any other."""
    with suppress(OSError):
        data = read_up_to(path, _LARGEST_LIST)
        if data is not None:
            moved = _moved_data(data, places)
            return moved if moved != data else None
    return None


def _moved_data(data: bytes, places: Mapping[str, str]) -> bytes:
    return encode_text(_moved(decode_text(data), places))


def _moved(text: str, places: Mapping[str, str]) -> str:
    """Return a text with other places for folders; a folder's name ends there, or with a slash."""
    for folder, place in places.items():
        pattern = rf"(?<![\w./-]){re.escape(folder)}(?![\w.-])"
        text = re.sub(pattern, lambda _, place=place: place, text)  # type: ignore[misc]
    return text


def _original(failed: CheckFailed, places: Mapping[str, str]) -> CheckFailed:
    findings = tuple(_with_places(one, places) for one in failed.findings)
    return CheckFailed(_told(failed.message, places), findings, unread=failed.unread)


def _with_places(finding: Finding, places: Mapping[str, str]) -> Finding:
    return replace(finding, message=_told(finding.message, places))


def _told(message: str, places: Mapping[str, str]) -> str:
    """Return a message about the other places as one about the folders."""
    for folder, place in places.items():
        message = message.replace(place, folder)
    return message
