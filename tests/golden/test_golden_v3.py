"""The recorded cases of version 3 of the interface, against the application and a running server."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.golden.programs import asking, loaded
from tests.golden.verdicts import Judges
from tests.harness.fixtures import MakeServer
from tests.harness.in_process import AppServer
from tests.harness.once import shared_by_workers
from tests.harness.recorded import prepare_golden
from tests.harness.server import PASSWORD, USER, ApiServer

ALLOWED = Path(__file__).with_name("allow_v3.txt")
PROGRAM = "golden_check_v3.py"
KINDS = ("write", "put", "sections", "rejected", "parse")

pytestmark = pytest.mark.recorded


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "odd"])
def application(
    request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ModuleType, AppServer]]:
    """The program that runs the cases, and the application that it asks."""
    program = loaded(shared, "golden_check_v3")
    with asking(program, shared, tmp_path_factory.mktemp("golden_v3"), request.param) as server:
        yield program, server


@pytest.fixture(scope="session")
def judges(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Judges:
    folder = tmp_path_factory.mktemp("judged")
    start = prepare_golden(shared, folder, False, PROGRAM).read_text("utf-8")
    return Judges(start, folder, shared_by_workers(tmp_path_factory) / "verdicts")


def allowed() -> dict[str, list[str]]:
    """The cases that are held to be wrong though HAProxy takes their lines, by the reason.

    A case is named by its identifier, in which `*` stands for anything.
    """
    found: dict[str, list[str]] = {}
    reason = ""
    for line in ALLOWED.read_text("utf-8").splitlines():
        if line.startswith("  "):
            found[reason].append(line.strip())
        elif line.strip() and not line.startswith("#"):
            reason = line
            found[reason] = []
    return found


def pattern_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of the identifiers that a list of names stands for."""
    return re.compile("|".join(re.escape(name).replace(r"\*", ".*") for name in names))


def run(checker: ModuleType, server: ApiServer | AppServer, kind: str, note: Callable[..., None]) -> None:
    """Run all cases of a kind; `note(case, check, holds, detail)` is told of each check."""
    client = checker.Client(server.url, f"{USER}:{PASSWORD}")
    files = str(server.configuration.with_name("files"))
    cases = checker.load(checker.GOLDEN, kind, files)
    if kind == "parse":
        taken = [one for one in cases if one["haproxy_ok_2_8"] is not False or one["haproxy_ok_3_2"]]
        checker.run_parse(client, taken, lambda check, holds, detail, case: note(case, check, holds, detail))
        return
    version = client.version()
    with checker.Transaction(client, version) as transaction:
        state = {"version": version, "base": transaction.raw()}
    for case in cases:
        getattr(checker, f"run_{kind}")(client, case, state, partial(note, case))


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_cases(
    application: tuple[ModuleType, AppServer], judges: Judges, kind: str
) -> None:
    check_all(*application, judges, kind)


@pytest.mark.server
def test_a_server_answers_recorded_cases(
    make_server: MakeServer, judges: Judges, shared: Path, tmp_path: Path
) -> None:
    server = make_server(prepare_golden(shared, tmp_path, False, PROGRAM))
    check_all(loaded(shared, "golden_check_v3"), server, judges, "put")


def check_all(
    checker: ModuleType, server: ApiServer | AppServer, judges: Judges, kind: str
) -> None:
    """Run all cases of a kind; what fails is wrong, but where every HAProxy refuses the lines."""
    known = pattern_of(name for names in allowed().values() for name in names)
    failures: list[str] = []
    scratch = server.configuration.parent

    def note(case: Mapping[str, Any], check: str, holds: bool, detail: str) -> None:
        if not holds and not known.fullmatch(case["id"]) and not judges.refuse(case, scratch):
            failures.append(f"{case['id']} {check}: {detail}")

    run(checker, server, kind, note)
    shown = "\n".join(failures[:200])
    assert not failures, f"{len(failures)} checks fail:\n{shown}"


def test_allowed_cases_have_reasons() -> None:
    assert all(len(reason.split()) > 3 and names for reason, names in allowed().items())
