"""Schemas that ask only the fields that an object has, or should have."""

import pytest
from marshmallow import ValidationError, fields

from dataplane_core.codec.schema_classes import _MOST_NARROW, JsonObject, Text, WholeNumber

NAMES = [f"p{number}" for number in range(40)]


class Asked(Text):
    """A field that counts how often it is asked."""

    asked = 0

    def deserialize(self, *values: object, **named: object) -> object:
        Asked.asked += 1
        return super().deserialize(*values, **named)  # type: ignore[arg-type]


def schema() -> JsonObject:
    members: dict[str, fields.Field[object]] = {name: Asked() for name in NAMES}
    members["name"], members["port"] = Text(required=True), WholeNumber()
    made = JsonObject.from_dict(members)()  # type: ignore[arg-type]
    assert isinstance(made, JsonObject)
    return made


def test_only_the_fields_of_an_object_are_asked_each_time() -> None:
    one = schema()
    for _ in range(3):
        Asked.asked = 0
        assert one.load({"name": "a", "p1": "b"}) == {"name": "a", "p1": "b"}
        assert Asked.asked == 1


def test_every_load_is_judged_by_its_own_values() -> None:
    """The schema that is kept of the properties knows nothing of the object that it was made for."""
    one = schema()
    for _ in range(2):
        assert one.load({"name": "a", "port": 1}) == {"name": "a", "port": 1}
        with pytest.raises(ValidationError) as refused:
            one.load({"name": 1, "port": "x"})
        assert list(refused.value.messages_dict) == ["name", "port"]
        with pytest.raises(ValidationError) as refused:
            one.load({"port": 1})
        assert list(refused.value.messages_dict) == ["name"]


def test_a_client_that_sends_ever_other_properties_fills_no_memory() -> None:
    one = schema()
    for name in NAMES:
        assert one.load({"name": "a", name: "b"}) == {"name": "a", name: "b"}
    assert len(one._narrow) <= _MOST_NARROW
