"""`setting(…)`: how one key of the settings is declared, once, on the class that holds it."""

from dataclasses import dataclass, field
from typing import TypeVar, cast

from dataplane_core.settings.kinds import ValueKind

T = TypeVar("T")

METADATA = "setting"


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """What is known of a key beside its name, type and default.

    `flag` and `short` are spelled with their dashes, `environment` is a variable's name. `unused`
    says, when not empty, why this server has no use for the key: setting it gives one warning.
    `secret` values appear in no representation and in no log.
    """

    kind: ValueKind[object]
    help: str
    flag: str = ""
    short: str = ""
    environment: str = ""
    unused: str = ""
    secret: bool = False


def setting(
    default: T,
    kind: ValueKind[T],
    help: str,
    *,
    flag: str = "",
    short: str = "",
    environment: str = "",
    unused: str = "",
    secret: bool = False,
) -> T:
    """Declare one key; the dataclass field it becomes carries all that the table says of it."""
    facts = SettingFacts(
        cast(ValueKind[object], kind), help, flag, short, environment, unused, secret
    )
    return field(default=default, repr=not secret, metadata={METADATA: facts})
