"""What single versions call a collection, and which operations it has in them."""

import pytest

from dataplane_core.grammar import Model
from dataplane_core.resources.origins import RegistryError
from dataplane_core.resources.registry import Registry

MODEL = Model("shed")
OTHERWISE = {"v3": {"tag": "Barn", "title": "Barn", "operations": ("list", "read"),
                    "operation_ids": {"list": "everyBarn"}}}  # fmt: skip


def test_a_version_has_other_names_and_operations() -> None:
    one = Registry().sections("sheds", kind="shed", model=MODEL, tag="Shed", otherwise=OTHERWISE)
    assert one.naming_in("v2") is one.naming
    assert one.naming_in("v3").tag == "Barn"
    assert one.naming_in("v3").schema == "shed"
    assert one.naming_in("v3").operation_id("list") == "everyBarn"
    assert one.naming_in("v3").operation_id("read") == "getBarn"
    assert one.operations_of("v3") == ("list", "read")
    assert "delete" in one.operations_of("v2")


def test_an_operation_of_one_version_is_declared_once() -> None:
    registry = Registry()
    registry.sections("sheds", kind="shed", model=MODEL, otherwise=OTHERWISE)
    registry.sections("barns", kind="barn", model=Model("barn"))
    with pytest.raises(RegistryError, match="operation getBarn is declared twice"):
        registry.freeze()


def test_what_a_version_could_say_otherwise_is_known() -> None:
    with pytest.raises(RegistryError, match="says color, which means nothing"):
        Registry().sections("sheds", kind="shed", model=MODEL, color="red")  # type: ignore[call-arg]
