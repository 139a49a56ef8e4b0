"""Ask the registries what is known against the versions that ship: of libraries, and of scripts."""

import json
import os
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import licences
import locked

PATIENCE = 20
"""Seconds for one answer of a registry."""
_ENOUGH = 3
"""An index that has answered none of so many questions is asked no more."""


class NoAnswer(Exception):
    """A registry does not say what it knows; the message is the reason."""


def index() -> str:
    """Return the address of the index that pip is configured with, without the part for pip."""
    from pip._internal.models.index import PyPI

    address = os.environ.get("PIP_INDEX_URL")
    if not address:
        command = [*locked.PIP, "config", "list"]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found = dict(re.findall(r"(?m)^(install|global)\.index-url='(.*)'$", told))
        address = found.get("install") or found.get("global") or PyPI.simple_url
    return address.rstrip("/").removesuffix("/simple")


def of_libraries(pins: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what the index knows against libraries: an identifier, and a line for people."""
    address, unknown, answered = index(), [], 0
    for name, version in pins:
        try:
            told = _asked(f"{address}/pypi/{name}/{version}/json")
        except NoAnswer as error:
            unknown.append(f"{name} {version} ({error})")
            if not answered and len(unknown) == _ENOUGH:
                break
            continue
        answered += 1
        for one in told["vulnerabilities"]:
            if not one.get("withdrawn"):
                yield one["id"], _line(name, version, one)
        if told["info"].get("yanked"):
            reason = told["info"].get("yanked_reason") or "without a reason"
            yield f"yanked-{name}", f"{name} {version} was taken back: {reason}"
    if unknown:
        raise NoAnswer(f"the index of pip does not tell about {', '.join(unknown)}")


def _asked(address: str) -> dict[str, object]:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        raise NoAnswer(f"it answers {error.code}") from None
    except (OSError, ValueError) as error:
        raise NoAnswer(str(getattr(error, "reason", error))) from None
    if not isinstance(told, dict) or not isinstance(told.get("vulnerabilities"), list):
        raise NoAnswer("it says nothing of vulnerabilities")
    return {"info": {}, **told}


def _line(name: str, version: str, one: Mapping[str, object]) -> str:
    aliases, fixed = (", ".join(map(str, one.get(key) or ())) for key in ("aliases", "fixed_in"))  # type: ignore[call-overload]
    summary = str(one.get("summary") or one.get("details") or "").strip().partition("\n")[0]
    names = f"{one['id']} ({aliases})" if aliases else one["id"]
    return f"{name} {version}: {names}, {f'fixed in {fixed}' if fixed else 'not fixed'}: {summary}"


def of_scripts(scripts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what npm's registry knows against scripts: an identifier, and a line for people."""
    with tempfile.TemporaryDirectory(prefix="dataplane-") as folder:
        page = {"name": "page", "version": "1.0.0", "private": True, "dependencies": dict(scripts)}
        Path(folder, "package.json").write_text(json.dumps(page))
        _npm(folder, "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--silent")
        told = _npm(folder, "audit", "--json")
    try:
        report = json.loads(told)
    except ValueError:
        raise NoAnswer("npm prints no report") from None
    if "vulnerabilities" not in report:
        raise NoAnswer(f"npm: {report.get('message') or 'its report says nothing of them'}")
    for name, one in report["vulnerabilities"].items():
        for via in one["via"]:
            if isinstance(via, dict):
                yield str(via["url"]).rpartition("/")[2], f"{name}: {via['url']}: {via['title']}"


def _npm(folder: str, *words: str) -> str:
    try:
        done = subprocess.run(
            ["npm", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=120
        )
    except FileNotFoundError:
        raise NoAnswer("npm is not installed") from None
    except subprocess.TimeoutExpired:
        raise NoAnswer("npm's registry does not answer") from None
    return done.stdout


def shipped() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return names and versions: of libraries, with what builds the wheel, and of scripts."""
    pins = [*locked.pins(locked.SERVING).items(), *locked.pins(locked.BUILDING).items()]
    return pins, [(name, version) for name, version, _ in licences.scripts()]
