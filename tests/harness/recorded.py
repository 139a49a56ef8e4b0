"""The recorded facts of the interface, which stand beside the clone and not in it."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
REASON = "no recorded facts: neither DATAPLANE_SHARED nor the folder `shared` beside the clone"


def shared_folder() -> Path | None:
    """The folder with `spec/`, `golden/` and `tools/`, or None."""
    named = os.environ.get("DATAPLANE_SHARED")
    folder = Path(named) if named else TOP.parent / "shared"
    return folder if (folder / "golden").is_dir() else None


@cache
def reference(shared: Path, version: str = "v2.9") -> dict[str, Any]:
    """The reference document of one version of the interface."""
    document: dict[str, Any] = json.loads((shared / "spec" / f"{version}.json").read_text("utf-8"))
    return document


def collections_of_resources(shared: Path) -> dict[str, set[str]]:
    """Where the recorded writes of each resource were sent: resource to paths."""
    found: dict[str, set[str]] = {}
    with (shared / "golden" / "write.jsonl").open(encoding="utf-8") as cases:
        for line in cases:
            case = json.loads(line)
            found.setdefault(case["resource"], set()).add(case["path"])
    return found


def served_paths(document: dict[str, Any]) -> set[str]:
    """The full paths of a served document, without a trailing slash."""
    base = document.get("basePath", "").rstrip("/")
    return {(base + path).rstrip("/") for path in document["paths"]}


def prepare_golden(
    shared: Path, folder: Path, odd: bool, program: str = "golden_check.py"
) -> Path:
    """Write the start configuration of the recorded cases into `folder`; its path."""
    tool = str(shared / "tools" / program)
    command = [sys.executable, tool, "prepare", *(["--odd"] if odd else []), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    files = folder / "files"
    for path in (files, *files.rglob("*")):  # copied from a folder that may be read-only
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder / "haproxy.cfg"
