"""Check the values of single properties: the validators of marshmallow's fields, in our words."""

from collections.abc import Callable
from functools import cache
from typing import Any

from marshmallow import ValidationError

from dataplane_core.codec.acceptance import pattern_of
from dataplane_core.codec.violations import BrokenRule
from dataplane_core.errors import Code
from dataplane_core.grammar import Prop


@cache
def pattern_check(pattern: str) -> Callable[[str], None]:
    """Return a validator: a pattern is found in the text.

    Fields with one pattern share it: most have one of a few.
    """
    found = pattern_of(pattern)
    rule = BrokenRule(Code.PATTERN, f"in body should match '{pattern}'")

    def check(value: str) -> None:
        if found(value) is None:
            raise ValidationError(rule)

    return check


def choice_check(choices: tuple[Any, ...]) -> Callable[[Any], None]:
    """Return a validator: the value is one of some."""
    rule = BrokenRule(Code.ENUM, f"in body should be one of [{' '.join(map(str, choices))}]")

    def check(value: Any) -> None:
        if value not in choices:
            raise ValidationError(rule)

    return check


def limit_check(minimum: int | None, maximum: int | None) -> Callable[[int], None]:
    """Return a validator: the number lies within limits."""

    def check(value: int) -> None:
        if minimum is not None and value < minimum:
            text = f"in body should be greater than or equal to {minimum}"
            raise ValidationError(BrokenRule(Code.MINIMUM, text))
        if maximum is not None and value > maximum:
            text = f"in body should be less than or equal to {maximum}"
            raise ValidationError(BrokenRule(Code.MAXIMUM, text))

    return check


def count_check(prop: Prop) -> Callable[[list[Any]], None]:
    """Return a validator: an array has as many items as it may, and none twice if so declared."""

    def check(value: list[Any]) -> None:
        if prop.min_items is not None and len(value) < prop.min_items:
            text = f"in body should have at least {prop.min_items} items"
            raise ValidationError(BrokenRule(Code.TOO_FEW, text))
        if prop.max_items is not None and len(value) > prop.max_items:
            text = f"in body should have at most {prop.max_items} items"
            raise ValidationError(BrokenRule(Code.TOO_MANY, text))
        if prop.unique and any(one in value[:at] for at, one in enumerate(value)):
            raise ValidationError(BrokenRule(Code.TOO_MANY, "in body shouldn't contain duplicates"))

    return check


def checks_of(prop: Prop) -> list[Callable[[Any], None]]:
    """Return the validators of a property's values."""
    checks: list[Callable[[Any], None]] = []
    if prop.pattern is not None:
        checks.append(pattern_check(prop.pattern))
    if prop.enum:
        checks.append(choice_check(prop.enum))
    if prop.minimum is not None or prop.maximum is not None:
        checks.append(limit_check(prop.minimum, prop.maximum))
    if prop.unique or prop.min_items is not None or prop.max_items is not None:
        checks.append(count_check(prop))
    return checks
