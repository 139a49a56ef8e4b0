"""Over HTTP, on every resource of every plugin: putting back what GET returned changes no byte."""

import difflib
from pathlib import Path

import pytest

from dataplane_core.grammar import Model
from dataplane_core.resources.collections import RowCollection
from dataplane_core.text.comments import is_commented_out
from dataplane_core.text.lines import Line, with_last_newline
from tests.golden.offline import registry
from tests.laws.support import SPELLINGS, Everything, is_in_v2, odd, places, text_in

NONE = Model("none")
NAMES = list(registry().collections)
OTHERS = [one for one in SPELLINGS if one != "as it is"]


@pytest.fixture(scope="module", params=SPELLINGS)
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Everything:
    folder: Path = tmp_path_factory.mktemp("lossless")
    return Everything(folder, odd(registry(), SPELLINGS[request.param]))


@pytest.mark.parametrize("api", ["as it is"], indirect=True)
def test_every_example_is_shown(api: Everything) -> None:
    for one in api.registry.collections.values():
        if isinstance(one, RowCollection) and is_in_v2(api.registry, one):
            shown = list(places(api, one))
            assert shown, f"no {one.name} in the file"


def assert_same(before: str, after: str, where: str) -> None:
    """Hold a text to what it was."""
    lines = (text.splitlines(True) for text in (before, after))
    assert after == before, f"PUT {where}\n" + "".join(difflib.unified_diff(*lines, n=0))


def replaceable(api: Everything, name: str) -> list[tuple[str, dict[str, str]]]:
    """Where the objects of a collection are that a PUT replaces."""
    one = api.registry.collections[name]
    return list(places(api, one)) if "replace" in one.operations else []


@pytest.mark.parametrize("api", ["as it is"], indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_putting_back_what_was_read_changes_nothing(api: Everything, name: str) -> None:
    before = with_last_newline(api.text)
    for path, query in replaceable(api, name):
        body = api.get(path, **query)
        version = api.version
        answer = api.call("PUT", path, body, version=version, **query)
        assert answer.status_code in (200, 202), f"PUT {path} {query}: {answer.text}"
        assert_same(before, api.text, f"{path} {query}")
        assert api.version == version + 1


@pytest.mark.parametrize("api", OTHERS, indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_nor_does_it_however_lines_are_spelled(api: Everything, name: str) -> None:
    """In one transaction, whose text is looked at after each PUT, as the file is in the end."""
    before, found = with_last_newline(api.text), replaceable(api, name)
    if not found:
        return
    with api.transaction() as transaction:
        started = with_last_newline(text_in(api, transaction))
        for path, query in found:
            body = api.get(path, transaction_id=transaction, **query)
            answer = api.call("PUT", path, body, transaction_id=transaction, **query)
            assert answer.status_code == 202, f"PUT {path} {query}: {answer.text}"
            assert_same(started, with_last_newline(text_in(api, transaction)), f"{path} {query}")
    assert_same(before, with_last_newline(api.text), name)


FREE = ("description", "stats show-desc")
"""Lines of free text: commented out, some look like prose."""


def test_every_example_is_known_when_it_is_commented_out() -> None:
    examples = {
        line
        for one in registry().collections.values()
        for statement in ([one.table.statement] if isinstance(one, RowCollection) else getattr(one, "model", NONE).statements)
        for line in statement.examples
    }
    assert len(examples) > 500
    unknown = {line for line in examples if not is_commented_out(Line("# " + line), registry().language)}
    assert all(line.startswith(FREE) for line in unknown), unknown
