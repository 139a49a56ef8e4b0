"""For random edits over all families: texts to the byte, who wrote each line, and ways back."""

import random
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from dataplane_core.resources.comparison import compare
from dataplane_core.resources.comparisons import Comparisons
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings
from dataplane_core.store import ConfigStore, State, VersionedFile
from dataplane_core.store.author import Author
from dataplane_core.store.line_changes import line_changes, take_changes
from dataplane_core.text import Document, Line, Section
from dataplane_core.wiring import _touched, make_manager, register_collections
from tests.laws.lines import Sample, samples
from tests.store.support import FakeChecker, FakeReloads

EDITS = 40
TOP = "# by hand\n\nglobal\n  maxconn 100\n\ndefaults\n  mode http\n"


@cache
def registry() -> Registry:
    return register_collections(make_manager())


@cache
def every_sample() -> tuple[Sample, ...]:
    return tuple(samples())


def store(folder: Path) -> ConfigStore:
    file = folder / "haproxy.cfg"
    if not file.exists():
        file.write_text(TOP)
    settings = Settings.default().replace(**{"haproxy.config_file": str(file)})
    reloads = FakeReloads()
    versioned = VersionedFile(settings, registry().language, State(folder / "state"), reloads, FakeChecker())
    return ConfigStore(versioned, reloads, 20, describe=partial(_touched, Comparisons(registry())))  # type: ignore[arg-type]


def edited(document: Document, chance: random.Random, number: int) -> Document:
    """The document with a line, or a section, more or less, or in another place."""
    sections = document.sections
    section = chance.choice(sections)
    lines = list(section.lines)
    match chance.randrange(6):
        case 0 if len(sections) > 4:
            return document.remove(section)
        case 1 if lines:
            del lines[chance.randrange(len(lines))]
        case 2 if len(lines) > 1:
            lines.append(lines.pop(chance.randrange(len(lines))))
        case 3 if lines:
            at = chance.randrange(len(lines))
            lines[at] = Line(f"{lines[at].raw.rstrip()}  # edit {number}\n")
        case _:
            sample = chance.choice(every_sample())
            known = document.of_kind(sample.kind)
            if not known:
                name = "" if sample.kind in ("global", "defaults", "traces") else f"n{number}"
                return document.add(Section.new(sample.kind, name))
            section = chance.choice(known)
            at = chance.randrange(len(section.lines) + 1)
            return document.replace(section, section.insert(at, Line(f"  {sample.text}  # {number}\n")))
    return document.replace(section, section.with_lines(lines))


def most_that_stay(old: list[str], new: list[str]) -> int:
    """How many lines can have stayed where they were among the others, by the definition."""
    before = [0] * (len(new) + 1)
    for one in old:
        now = [0]
        for at, other in enumerate(new):
            now.append(before[at] + 1 if one == other else max(before[at + 1], now[at]))
        before = now
    return before[-1]


def owners_of(texts: dict[int, str], version: int) -> list[int]:
    """The version of each line: the one whose diff wrote it, or put it in another place."""
    owners = [1] * len(texts[1].split("\n"))
    for one in range(2, version + 1):
        former, text = (texts[which].encode("utf-8", "surrogateescape") for which in (one - 1, one))
        take_changes(owners, line_changes(former, text), one)
    return owners


@pytest.fixture(params=range(4))
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ConfigStore, dict[int, str]]]:
    """A store after random edits of one or several places each, and what the file held in each version."""
    chance = random.Random(request.param)
    config = store(tmp_path)
    texts = {config.version(): config.snapshot().text}
    for number in range(EDITS):
        if number % 11 == 7:
            file = tmp_path / "haproxy.cfg"
            file.write_text(file.read_text() + f"# by hand {number}\n")
        else:
            with config.edit(version=config.version(), author=Author(f"user{number % 3}")) as edit:
                for part in range(chance.choice((1, 1, 1, 5))):
                    edit.document = edited(edit.document, chance, 100 * number + part)
        snapshot = config.snapshot()
        texts[snapshot.version] = snapshot.text
    yield config, texts
    config.file.records.state.shutdown()


def test_texts_blame_objects_and_rollback(history: tuple[ConfigStore, dict[int, str]], tmp_path: Path) -> None:
    config, texts = history
    again = store(tmp_path)
    assert {version: again.raw_text(version)[0] for version in texts} == texts
    lines_of = {version: text.split("\n") for version, text in texts.items()}
    newest = max(texts)
    for version in (newest, newest // 2, 2):
        lines = lines_of[version]
        for line in again.archive.blame(version):
            assert line.text == lines[line.number - 1]
        assert [line.version for line in again.archive.blame(version)] == owners_of(texts, version)[: len(lines) - (not lines[-1])]
    for version in range(2, newest + 1):
        stayed = sum(line.version < version for line in again.archive.blame(version))
        both = (lines_of[one] for one in (version - 1, version))
        assert stayed == most_that_stay(*([*one[:-1], *filter(None, one[-1:])] for one in both))
    records = [again.archive.get(version) for version in range(2, newest + 1)]
    for version, touched in again.archive.objects(records).items():
        before, after = (again.archive.document(one) for one in (version - 1, version))
        found = {one.reference for one in compare(registry(), before, after) if one.reference.collection}
        assert {one.reference for one in touched if one.reference.collection} == found
    for version in (1, newest // 3, newest - 1):
        outcome = again.put_back(version)
        head, _, rest = again.raw_text()[0].partition("\n")
        assert head == f"# _version={outcome.version}"
        assert rest == texts[version].removeprefix(f"# _version={version}\n")


@pytest.mark.parametrize("seed", range(6))
def test_a_moved_line_belongs_to_the_version_that_moved_it(tmp_path: Path, seed: int) -> None:
    """Over all families: one line, unlike all others, goes behind two or more others; no other line has moved."""
    chance = random.Random(seed)
    config = store(tmp_path)
    with config.edit(version=config.version()) as edit:
        for number in range(60):
            edit.document = edited(edit.document, chance, number)
    owner = {line.text: line.version for line in config.archive.blame(config.version())}
    for _ in range(8):
        document = config.snapshot().document
        lines = Counter(config.snapshot().text.split("\n"))
        section = max(document.sections, key=lambda one: (len(one.lines), chance.random()))
        some = list(section.lines)
        places = [at for at in range(len(some) - 2) if lines[some[at].raw.rstrip("\n")] == 1 and some[at].tokens]
        if not places:
            continue
        line = some.pop(chance.choice(places))
        some.append(line)
        with config.edit(version=config.version()) as edit:
            edit.document = document.replace(section, section.with_lines(some))
        owner[line.raw.rstrip("\n")] = config.version()
        for one in config.archive.blame(config.version())[1:]:
            if lines[one.text] == 1:
                assert one.version == owner[one.text], one.text
    config.file.records.state.shutdown()
