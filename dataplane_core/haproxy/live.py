"""Bring a committed change to a running HAProxy by commands of the Runtime API.

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

import socket
import string
from collections.abc import Callable
from functools import partial
from typing import Any

from dataplane_core.errors import Invalid, RuntimeFailed
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_protocol import runtime_argument
from dataplane_core.resources.changes import Difference, NeedsReload, RowChange, differences
from dataplane_core.resources.registry import Registry
from dataplane_core.store.change import Committed
from dataplane_core.store.planned import Foreseen
from dataplane_core.store.ports import Apply
from dataplane_core.text import has_variable, unquote

_UNLISTED = "a keyword that HAProxy does not take while it runs leads to a reload"
_AWAITED = "a reload is to come: HAProxy refuses commands about what only that brings"


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
    """Tell whether a word is an IP address, in brackets or not, and no name that is looked up.

    >>> is_ip("[::1]"), is_ip("127.0.0.1"), is_ip("127.1"), is_ip("localhost")
    (True, True, False, False)
    """
    bare, zoned, zone = (text[1:-1] if text.startswith("[") else text).partition("%")
    if zoned and (not zone or "%" in zone or "/" in zone or ":" not in bare):
        return False
    try:  # the module `ipaddress` would take 0.5 MiB in each worker
        socket.inet_pton(socket.AF_INET6 if ":" in bare else socket.AF_INET, bare)
    except (OSError, ValueError):
        return False
    return True


def runtime_commands(changes: list[Difference]) -> list[str]:
    """Return the commands that bring changes to a running HAProxy.

    A server that goes into maintenance does so first: it must not work at its next address. Raises
    `NeedsReload` where a change takes a reload.
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


class LivePlanner:
    """Plans how a change reaches a running HAProxy: plugins first, then the commands of `live`.

    While `reloading` says that a reload is under way nothing is sent: what the old process is told
    may be lost with it. `awaited` says whether a reload is to come, with what HAProxy has not read.
    """

    def __init__(
        self,
        registry: Registry,
        hooks: Any,
        runtime: Runtime,
        reloading: Callable[[], bool],
        awaited: Callable[[], bool],
    ) -> None:
        self._registry = registry
        self._hooks = hooks
        self._runtime = runtime
        self._reloading = reloading
        self._awaited = awaited

    def plan(self, change: Committed) -> Apply | None:
        """Return what sends a change; None, with the reason in the change, if only a reload does.

        What is returned tells whether HAProxy took the change; the reason is in the change if not.
        """
        commands, reason = self._commands(change)
        if reason and not self._hooks.dataplane_apply.get_hookimpls():
            change.require_reload(reason)
            return None
        return partial(self._apply, change, commands, reason)

    def foresee(self, change: Committed) -> Foreseen:
        """Return how a change would reach the running HAProxy now; nothing is sent but a question.

        A plugin that brings changes by `dataplane_apply` says in `dataplane_foresee` what it would
        send; of one that does not, nobody knows.
        """
        if self._reloading():
            return Foreseen("reload", reasons=("a reload is under way, and nothing is sent",))
        sent: list[str] | None = self._hooks.dataplane_foresee(change=change)
        if sent is not None:
            return Foreseen("commands" if sent else "nothing", tuple(sent))
        commands, reason = self._commands(change)
        names = [one.plugin_name for one in self._hooks.dataplane_apply.get_hookimpls()]
        notes = tuple(f"the plugin {name} may bring it without a reload" for name in names)
        if not reason and not self._runtime.apply(()):
            reason = "HAProxy does not answer"
        if reason:
            return Foreseen("reload", reasons=(reason,), notes=notes)
        refusal, note = self._doubt(change)
        if refusal:
            return Foreseen("reload", reasons=(refusal,), notes=notes)
        if commands and self._awaited():
            notes = (*notes, _AWAITED)
        notes = (*notes, note) if note else notes
        return Foreseen("commands" if commands else "nothing", tuple(commands), notes=notes)

    def _doubt(self, change: Committed) -> tuple[str, str]:
        """Return why HAProxy will refuse a row that is added, and what is not certain of that."""
        note = ""
        for one in differences(self._registry, change.before, change.after):
            live = one.rows.live if isinstance(one, RowChange) and one.added else None
            if live is None or not live.help or not isinstance(one, RowChange):
                continue
            known = self._listed(live.help)
            if not known:
                return "", _UNLISTED
            for word in live.words(one.document, one.section, one.row):
                if word not in known:
                    return f"HAProxy takes no {word} in {live.help.removesuffix(' help')}", ""
                if word in live.unsure:
                    note = f"a reload may follow: HAProxy takes {word} only if {live.unsure[word]}"
        return "", note

    def _listed(self, question: str) -> frozenset[str]:
        """Return the keywords that HAProxy lists; none where it does not list them."""
        try:
            answer = self._runtime.execute(question)[0]
        except (RuntimeFailed, Invalid):
            return frozenset()
        return frozenset(answer.splitlines()[1:])

    def _commands(self, change: Committed) -> tuple[list[str], str]:
        """Return the commands for a change, or why there are none."""
        try:
            commands = runtime_commands(differences(self._registry, change.before, change.after))
            if not self._runtime.sockets():
                raise NeedsReload("no runtime socket of HAProxy is known")
        except NeedsReload as refusal:
            return [], str(refusal)
        return commands, ""

    def _apply(self, change: Committed, commands: list[str], reason: str) -> bool:
        if self._reloading():
            return False
        if self._hooks.dataplane_apply(change=change, runtime=self._runtime):
            return True
        if change.reload_reasons:  # a plugin asked for it, or failed half way
            return False
        if not reason and self._runtime.apply(commands):
            change.commands.extend(commands)
            return True
        change.require_reload(reason or "HAProxy did not take the change while running")
        return False
