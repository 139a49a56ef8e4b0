"""What a version lacks of a model is neither shown nor taken, and stays in the file."""

import pytest

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.masks import ModelMask
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar import Prop

PROPS = (
    Prop("name"),
    Prop("mode", enum=("a", "b", "c")),
    Prop("group.one"),
    Prop("group.two"),
    Prop("rows", "array", items=(Prop("id", "integer"), Prop("x.y"), Prop("kind", enum=("p", "q")))),
    Prop("words", "array", items=Prop("", enum=("p", "q"))),
)
VALUES = {
    "name": "n", "mode": "c", "group.one": "1", "group.two": "2",
    "rows": [{"id": 1, "x.y": "z"}], "words": ["p", "q"],
}  # fmt: skip


def codec(*properties: str, strict: bool = False, **values: list[str]) -> Codec:
    words = {path.replace("_", "[]."): frozenset(some) for path, some in values.items()}
    words = {path.removesuffix("."): some for path, some in words.items()}
    mask = ModelMask(frozenset(properties), words)
    return Codec("thing", PROPS, "v9", SchemaFactory(), mask=mask, strict=strict)


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("name", {"mode", "group", "rows", "words"}),
        ("group", {"name", "mode", "rows", "words"}),
        ("rows", {"name", "mode", "group", "words"}),
    ],
)
def test_what_is_lacking_is_not_shown(path, left):
    assert set(codec(path).project(VALUES)) == left


def test_a_path_reaches_into_objects_and_lists():
    shown = codec("group.two", "rows[].x.y").project(VALUES)
    assert (shown["group"], shown["rows"]) == ({"one": "1"}, [{"id": 1}])


def test_what_is_lacking_is_kept_and_in_a_body_ignored():
    one = codec("group", strict=True)
    loaded = one.load({"name": "n", "group": {"one": "x"}})
    assert (loaded.values, loaded.ignored) == ({"name": "n"}, ("group",))
    assert one.keeping.keep(VALUES, loaded.values) == {"name": "n", "group.one": "1", "group.two": "2"}


def test_words_that_a_version_lacks_are_no_choice_but_stay_where_they_are():
    one = codec(mode=["b", "c"], rows_kind=["p"], words_=["q"])
    for body in ({"mode": "c"}, {"rows": [{"id": 1, "kind": "p"}]}, {"words": ["p", "q"]}):
        with pytest.raises(Invalid) as refusal:
            one.load(body).check()
        assert refusal.value.code == Code.ENUM
    one.load({"mode": "a", "rows": [{"id": 1, "kind": "q"}], "words": ["p"]}).check()
    assert one.project(VALUES)["mode"] == "c"
    one.load({"mode": "c"}, one.project(VALUES)).check()
