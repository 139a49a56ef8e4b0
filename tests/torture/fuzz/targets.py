"""What is fuzzed, and what each target promises of any bytes."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dataplane_core.errors import DataplaneError
from dataplane_core.settings.load import load_values
from dataplane_core.settings.problems import SettingsError
from dataplane_core.settings.table import FILE
from tests.torture.fuzz import answers, configuration

Run = Callable[[str], object]
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
SAMPLES = Path(__file__).parents[3] / "config"


class Fault(AssertionError):
    """A promise that some bytes break."""


@dataclass(frozen=True)
class Target:
    """A reader of a text: `run` raises for a broken promise, and what is `foreseen` for bad texts."""

    name: str
    run: Run
    corpus: Callable[[], Iterable[str]]
    foreseen: tuple[type[Exception], ...] = (DataplaneError,)

    def __call__(self, data: bytes) -> None:
        """Run on bytes; whatever comes through is a fault."""
        with suppress(*self.foreseen):
            self.run(data.decode("utf-8", "surrogateescape"))


def _settings(suffix: str) -> Run:
    """Read settings as a start does: from a file."""

    def read(text: str) -> None:
        with tempfile.NamedTemporaryFile(suffix=suffix, prefix="dp-fuzz-", dir=_MEMORY) as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            load_values({FILE: file.name}, {})

    return read


def _samples(suffix: str) -> Iterable[str]:
    for path in sorted(SAMPLES.glob(f"*{suffix}")):
        text = path.read_text("utf-8")
        yield text
        yield from text.split("\n\n")


def _crt_list(text: str) -> None:
    from dataplane_plugins.tls.crt_lists import (
        parse_crt_list,
        parse_loaded_crt_list,
        with_entry,
        without_line,
    )

    for entry in [*parse_crt_list(text)]:
        more = with_entry(text, entry)
        kept(text, without_line(more, more.rstrip("\n").count("\n") + 1).removesuffix("\n"), "\n")
        again = [*parse_crt_list(entry.line)]
        if [one.line for one in again] != [entry.line]:
            raise Fault(f"{entry.line!r} is read as {again}")
    list(parse_loaded_crt_list(text))


def kept(before: str, after: str, end: str = "") -> None:
    """Raise for a text of which a byte is lost."""
    if before.rstrip(end) != after.rstrip(end):
        raise Fault(f"{before!r} has become {after!r}")


def _maps(text: str) -> None:
    from dataplane_plugins.patterns.map_files import (
        parse_map_file,
        rewrite_map_file,
        values_by_key,
    )
    from dataplane_plugins.patterns.pattern_lists import parse_patterns

    entries = [*parse_map_file(text)]
    kept(text, rewrite_map_file(text, values_by_key(entries)), "\n")  # which gets an end of its last line
    list(parse_patterns(text))


def _pem(text: str) -> None:
    from dataplane_plugins.tls.pem import brief_facts, check_pem, parse_pem

    data = text.encode("utf-8", "surrogateescape")
    parse_pem(data)
    check_pem(data)
    brief_facts(data)


def _consul(text: str) -> None:
    from dataplane_plugins.discovery import consul

    class Client:
        """Answers with a part of the text for each path."""

        def get(self, path: str, query: Mapping[str, object] = {}, wait: float = 0) -> tuple[Any, int]:
            parts = text.split("\n")
            part = parts[min(len(path) % 3, len(parts) - 1)]
            try:
                return json.loads(part), 1
            except (ValueError, RecursionError):
                raise consul.SourceFailed("no JSON") from None

    client: Any = Client()
    entry = {"health_check_policy": "min", "health_check_policy_min": 1, "address": "127.0.0.1", "port": 1}
    for read in (
        lambda: consul._names(client.get("a")[0]),
        lambda: consul._states(client.get("ab")[0]),
        lambda: consul._look(client, entry, ["web", "db"]),
    ):
        with suppress(consul.SourceFailed):
            read()


def _xml(text: str) -> None:
    from dataplane_plugins.discovery import aws

    with suppress(aws.SourceFailed):
        aws._parsed(text.encode("utf-8", "surrogateescape"))
    aws._code_of(text.encode("utf-8", "surrogateescape"))


CONSUL = (
    '[{"Service": {"Address": "10.0.0.1", "Port": 80, "ID": "web-1"}, "Node": {"Address": "10.0.0.9", "Node": "n1"}, '
    '"Checks": [{"Status": "passing"}]}]\n{"web": [], "db": ["a"], "consul": []}\n'
    '[{"Node": "n1", "CheckID": "c", "ServiceID": "s", "Status": "critical"}]'
)
XML = ("<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId></item>"
       "</instancesSet></item></reservationSet></DescribeInstancesResponse>",
       "<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>")  # fmt: skip
PEM = ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
       "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n")  # fmt: skip
CRT_LIST = ("a.pem\n# why\nb.pem [alpn h2,http/1.1 ssl-min-ver TLSv1.2] *.example.com !x.example.com\n", "a.pem:1 [] b\n",
            "# a.pem\nsite.pem:2 [verify none] a b\n")  # fmt: skip
MAP = ("# the first\nk1 v1\n\n  k2   v2 and more\n", "/a one\r\n\t/b two\r\n", "a b\nc")


@cache
def every_target() -> dict[str, Target]:
    """All targets by their names."""
    bad_settings = (SettingsError,)
    found = [
        Target("text", configuration.text, configuration.whole_texts),
        Target("grammar", configuration.line, configuration.example_lines),
        Target("spoe", configuration.spoe, configuration.spoe_texts),
        Target("yaml", _settings(".yaml"), lambda: _samples(".yaml"), bad_settings),
        Target("hcl", _settings(".hcl"), lambda: _samples(".hcl"), bad_settings),
        Target("crt-lists", _crt_list, lambda: CRT_LIST),
        Target("maps", _maps, lambda: MAP),
        Target("pem", _pem, lambda: PEM),
        Target("consul", _consul, lambda: [CONSUL]),
        Target("ec2", _xml, lambda: XML),
        *(Target(name, run, lambda name=name: answers.SAMPLES[name]) for name, run in answers.READERS.items()),  # type: ignore[misc]
    ]
    return {one.name: one for one in found}
