"""List the keywords that an HAProxy build knows: `haproxy -dKall -q -c -f /dev/null`.

Management Guide, section 3 ("-dK"): the classes are `acl`, `cfg` (configuration), `cli`, `cnv`
(converters), `flt` (filters), `smp` (sample fetches) and `svc` (services).
"""

from collections.abc import Iterator

from dataplane_core.dataclass import dataclass
from dataplane_core.haproxy.subprocesses import run_command
from dataplane_core.lazy_pattern import lazy_pattern

_CLASSES = {
    "ACL keywords": "acl",
    "configuration keywords": "cfg",
    "CLI keywords": "cli",
    "sample converter functions": "cnv",
    "filter names": "flt",
    "sample fetch functions": "smp",
    "service names": "svc",
}
_HEADING = lazy_pattern(r"# List of registered (.+):")
_ARGUMENTS = lazy_pattern(r"(?P<words>.*?)(?: \+(?P<count>-?[0-9]+))?(?: \[ (?P<note>.+) \])?")
_SAMPLE = lazy_pattern(r"\[ (?P<where>[Y. ]+) \] (?P<rest>.+)")
_SIGNATURE = lazy_pattern(r"(?P<name>[^ (:=]+)(?P<rest>.*)")
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class BuildKeyword:
    """One keyword of a build.

    `kind` is its class. `name` is as one writes it, without arguments. Only `cfg` keywords have a
    `section` (`listen` stands for all four kinds of proxies) and `words`, those that come before
    the keyword on its line (`bind`, `ssl`; `http-request`). `usage` is the rest of what HAProxy
    prints: the number of arguments, their types, the result.
    """

    kind: str
    name: str
    section: str = ""
    words: tuple[str, ...] = ()
    usage: str = ""


def keywords(binary: str) -> dict[str, list[BuildKeyword]]:
    """Return every keyword of an HAProxy program by class; raises `CommandFailed`.

    All lists are empty for a program that does not know the option (before 2.6).
    """
    command = [binary, "-dKall", "-q", "-c", "-f", "/dev/null"]
    return parse(run_command(command, _SECONDS, "haproxy.haproxy_bin").output)


def parse(text: str) -> dict[str, list[BuildKeyword]]:
    """Return the keywords in HAProxy's list, by class."""
    found: dict[str, list[BuildKeyword]] = {kind: [] for kind in _CLASSES.values()}
    for kind, lines in _parts(text):
        found[kind] += _configuration(lines) if kind == "cfg" else map(_READERS[kind], lines)
    return found


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    kind, lines = "", list[str]()
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading is None:
            if line.strip() and not line.startswith(("#", "[ALERT]", "[WARNING]", "[NOTICE]")):
                lines.append(line)
            continue
        if kind:
            yield kind, lines
        kind, lines = _CLASSES.get(heading[1], ""), []
    if kind:
        yield kind, lines


def _configuration(lines: list[str]) -> Iterator[BuildKeyword]:
    section = ""
    for line in lines:
        if not line.startswith(("\t", " ")):
            section = line.strip()
            continue
        match = _ARGUMENTS.fullmatch(line.strip())
        assert match is not None
        words = [word for word in match["words"].split() if not word.startswith("<")]
        usage = " ".join(filter(None, [match["count"], match["note"]]))
        name = words.pop()
        yield BuildKeyword("cfg", name.rstrip("*"), section, tuple(words), usage)


def _function(kind: str, line: str) -> BuildKeyword:
    sample = _SAMPLE.fullmatch(line)
    match = _SIGNATURE.fullmatch(sample["rest"] if sample else line)
    assert match is not None, line
    return BuildKeyword(kind, match["name"], usage=match["rest"].removeprefix(":").strip())


def _command(line: str) -> BuildKeyword:
    """Read `show map [WORKER]`: the name is all words, the usage says who takes the command."""
    name, _, usage = line.strip().partition(" [")
    return BuildKeyword("cli", name, usage=usage.replace("[", "").replace("]", ""))


def _plain(kind: str, line: str) -> BuildKeyword:
    name, _, usage = line.strip().partition(" ")
    return BuildKeyword(kind, name, usage=usage.strip("=[] "))


_READERS = {
    "acl": lambda line: _plain("acl", line),
    "cli": _command,
    "cnv": lambda line: _function("cnv", line),
    "flt": lambda line: _plain("flt", line),
    "smp": lambda line: _function("smp", line),
    "svc": lambda line: _plain("svc", line),
}
