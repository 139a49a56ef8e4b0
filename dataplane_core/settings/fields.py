"""Declare one key of the settings, once, on the dataclass of its block: `name = setting(…)`."""

from dataclasses import field
from typing import TypeVar, cast

from dataplane_core.dataclass import dataclass
from dataplane_core.settings.kinds import ValueKind

T = TypeVar("T")

METADATA = "setting"


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """What is declared of a key beside its name, type and default.

    `flag` and `short` have their dashes; `environment` is the name of a variable. `unused`, when
    not empty, says why this server has no use for the key: whoever sets it gets one warning. Values
    that are `secret` appear in no representation and in no log.
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
    """Return the dataclass field of a key, with the facts in its metadata.

    The type says that it is the default, so that the class reads as `name: int = setting(…)`.
    """
    facts = SettingFacts(
        cast(ValueKind[object], kind), help, flag, short, environment, unused, secret
    )
    return field(default=default, repr=not secret, metadata={METADATA: facts})
