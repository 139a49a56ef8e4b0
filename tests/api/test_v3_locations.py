"""Failures name objects by paths of the client's version, and each of them answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_core.resources.collections import SectionCollection, SingleSection
from dataplane_core.resources.locate import object_at
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document
from tests.api.support import Api


class Whole(Api):
    """The application with all its own plugins."""

    def wanted(self, plugins: object) -> None:
        return None


def text_of(registry: Registry) -> str:
    """A file with a section of each kind, and in it an example of each of its rows."""
    lines = []
    for kind in registry.section_order:
        sections = registry.sections_of(kind)
        single = any(
            isinstance(one, SingleSection) and one.kind == kind
            for one in registry.collections.values()
        )
        if sections is None and not single:
            continue
        lines.append(kind if sections is None else f"{kind} some-{kind}")
        for rows in registry.rows_of(kind):
            lines += [f"  {line}" for line in rows.table.statement.examples[:1]]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    folder: Path = tmp_path_factory.mktemp("locations")
    made = Whole(folder, "global\n")
    made.file.write_text(text_of(made.app.services.registry) + "defaults\n  mode http\n")
    return made


def references(api: Api) -> Iterator[tuple[str, object]]:
    """Each object of the file, with the line that it stands in."""
    registry = api.app.services.registry
    document: Document = api.app.services.config.snapshot().document
    for section in document.sections:
        for at in range(-1, len(section.lines)):
            line = section.header if at < 0 else section.lines[at]
            yield line.raw.strip(), object_at(registry, document, section, at)


@pytest.mark.parametrize("name", ["v2", "v3"])
def test_every_object_is_named_by_a_path_that_answers(api: Api, name: str) -> None:
    view = next(one.view for one in api.app.served if one.version.name == name)
    kinds = {one.kind for one in view.collections if isinstance(one, SectionCollection | SingleSection)}
    wrong, seen = [], set()
    for line, reference in references(api):
        if reference is None or reference.kind not in kinds:
            continue
        path = view.location(reference)
        answer = api.call("GET", path)
        seen.add(reference.collection)
        if answer.status_code != 200:
            wrong.append((line, path, answer.status_code))
    assert wrong == []
    rows_and_sections = {
        one.name
        for one in view.collections
        if not isinstance(one, SectionCollection | SingleSection) or "read" in one.operations
    }
    assert {"backends", "servers", "acls", "binds", "log_targets", "global"} <= seen
    assert len(rows_and_sections - seen) <= 3, rows_and_sections - seen


@pytest.mark.parametrize(
    ("name", "collection", "rows"),
    [("v2", "named_defaults", "named_defaults/{}"), ("v3", "defaults", "defaults/{}/acls/0")],
)
def test_defaults_without_a_name_are_named_by_the_one_made_up(
    api: Api, name: str, collection: str, rows: str
) -> None:
    view = next(one.view for one in api.app.served if one.version.name == name)
    registry, top = api.app.services.registry, f"/{name}/services/haproxy/configuration"
    text = "defaults\n  acl a src 1.1.1.1\ndefaults d\n  acl a src 1.1.1.1\ndefaults\n  acl a src 1.1.1.1\n"
    document = Document.parse(text, registry.language)
    sections = zip(document.sections, ("unnamed_defaults_1", "d", "unnamed_defaults_2"), strict=True)
    for section, shown in sections:
        header, line = (object_at(registry, document, section, at) for at in (-1, 0))
        assert header is not None and line is not None
        assert view.location(header) == f"{top}/{collection}/{shown}"
        assert view.location(line) == f"{top}/{rows.format(shown)}"


@pytest.mark.parametrize("name", ["v2", "v3"])
def test_a_finding_in_defaults_without_a_name_has_a_path_that_answers(tmp_path: Path, name: str) -> None:
    api = Whole(tmp_path, "defaults\n  mode http\n", haproxy__reload__validate_cmd="")
    wrong = "defaults\n  mode http\n  acl a nothing 1\n  retries x\n"
    answer = api.call(
        "POST", f"/{name}/services/haproxy/configuration/raw", raw=wrong, version=1,
        headers={"Content-Type": "text/plain"},
    )
    assert answer.status_code == 400, answer.text
    found = [one["resource"] for one in answer.json["findings"] if one["resource"]]
    assert found
    for path in found:
        assert "unnamed_defaults_1" in path
        assert api.call("GET", path.partition("/acls")[0]).status_code == 200
