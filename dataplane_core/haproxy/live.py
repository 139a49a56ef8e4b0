"""What a committed change is to a running HAProxy: commands of the Runtime API.

A property whose declaration has `live` is applied by that command. In its text, `{name}` and
`{parent}` are the object's and its section's names, `{value}` the new value, and any other name is
a property of the object after the change (`{port}`; dots and dashes are underscores there). Words
are sent as HAProxy reads them from the file. What stands behind a colon is for the commands that
take less than a file does, or take it otherwise; a reload brings any other value:

* `{address:ip}`: an IP address;
* `{port:1-65535}`: a number in this range;
* `{value:enabled=maint,disabled=ready,=ready}` translates; nothing in front of `=` stands for a
  property that is not set.

A row that is added or taken away is brought by the commands that its collection's `live` names.
"""

import ipaddress
import string
from collections.abc import Callable
from typing import Any

from dataplane_core.errors import Invalid
from dataplane_core.haproxy.runtime_protocol import runtime_argument
from dataplane_core.resources.changes import Difference, NeedsReload, RowChange, differences
from dataplane_core.resources.registry import Registry
from dataplane_core.store.change import Committed
from dataplane_core.text import has_variable, unquote


class _Commands(string.Formatter):
    """Fills the text of a command in."""

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        return kwargs.get(key)

    def format_field(self, value: Any, format_spec: str) -> str:
        if "=" in format_spec:
            words = dict(pair.split("=", 1) for pair in format_spec.split(","))
            value = words.get("" if value is None else str(value))
        if value is None:
            raise NeedsReload("a value that was taken away comes from elsewhere now")
        if has_variable(str(value)):
            raise NeedsReload("only a reload expands variables")
        text = unquote(str(value))
        if format_spec and "=" not in format_spec and not _fits(text, format_spec):
            raise NeedsReload(f"{text} cannot be set while HAProxy runs")
        return runtime_argument(text)


def _fits(text: str, kind: str) -> bool:
    if kind == "ip":
        return is_ip(text)
    low, high = map(int, kind.split("-"))
    return text.isdecimal() and low <= int(text) <= high


def is_ip(text: str) -> bool:
    """Whether a word is an IP address, in brackets or not, and no name that is looked up.

    >>> is_ip("[::1]"), is_ip("127.0.0.1"), is_ip("127.1"), is_ip("localhost")
    (True, True, False, False)
    """
    try:
        ipaddress.ip_address(text[1:-1] if text.startswith("[") else text)
    except ValueError:
        return False
    return True


def runtime_commands(changes: list[Difference]) -> list[str]:
    """The commands that bring changes to a running HAProxy; `NeedsReload` where one cannot.

    A server that goes into maintenance does so first: it must not work at its next address.
    """
    try:
        return _commands(changes)
    except Invalid as error:
        raise NeedsReload(error.message) from None


def _commands(changes: list[Difference]) -> list[str]:
    resting: dict[str, None] = {}
    commands: dict[str, None] = {}
    for change in changes:
        if isinstance(change, RowChange):
            commands.update(dict.fromkeys(change.commands))
            continue
        if change.prop.live is None:
            what = f"{change.collection} {change.parent} {change.name}".replace("  ", " ")
            raise NeedsReload(f"{what}: {change.prop.name} cannot be changed while HAProxy runs")
        names = {path.replace(".", "_").replace("-", "_"): v for path, v in change.values.items()}
        names |= {"parent": change.parent, "name": change.name, "value": change.new}
        command = _Commands().vformat(change.prop.live, (), names)
        (resting if command.endswith(" state maint") else commands)[command] = None
    return [*resting, *commands]


def planner(
    registry: Registry, hooks: Any, runtime: Any, reloading: Callable[[], bool] = lambda: False
) -> Callable[[Committed], Callable[[], bool] | None]:
    """The store's way to a running HAProxy: plugins first, then the commands of `live`.

    While a reload is under way there is none: what the old process is told may be lost with it.
    """

    def plan(change: Committed) -> Callable[[], bool] | None:
        commands, reason = [], ""
        try:
            commands = runtime_commands(differences(registry, change.before, change.after))
            if not runtime.sockets():
                raise NeedsReload("no runtime socket of HAProxy is known")
        except NeedsReload as refusal:
            reason = str(refusal)
        if reason and not hooks.dataplane_apply.get_hookimpls():
            change.require_reload(reason)
            return None

        def apply() -> bool:
            if reloading():
                return False
            if hooks.dataplane_apply(change=change, runtime=runtime):
                return True
            if change.reload_reasons:  # a plugin asked for it, or failed half way
                return False
            if not reason and runtime.apply(commands):
                return True
            change.require_reload(reason or "HAProxy did not take the change while running")
            return False

        return apply

    return plan
