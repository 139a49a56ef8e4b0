"""Take secrets of the configuration out of what is told of a simulation."""

from collections.abc import Iterable, Mapping
from typing import Any

from dataplane_core.plugin import Registry, Secrets, conceal
from dataplane_plugins.changes.simulation.requests import SimulatedRequest

_REASONS = ("decided_by", "backend_because", "server_because", "response_because")


class Concealing:
    """Knows by a registry which words of rules are secret.

    What a client has sent itself is shown to it.
    """

    def __init__(self, registry: Registry) -> None:
        self._secrets = Secrets(registry)

    def shown(self, result: Mapping[str, Any], request: SimulatedRequest) -> dict[str, Any]:
        """Return the result of a request without secrets."""
        found = {**result, "rules": [self._rule(one) for one in result["rules"]]}
        for name in _REASONS:
            found[name] = self._with(result[name], "text")
        if result["response_headers"] is not None:
            sent = request.response.headers if request.response is not None else ()
            found["response_headers"] = self._fields(result["response_headers"], sent)
        found["location"] = _text(result["location"])
        if "location" in result.get("before", ()):
            found["before"] = {**result["before"], "location": _text(result["before"]["location"])}
        if result["forwarded"] is not None:
            forwarded = result["forwarded"]
            url = forwarded["url"]
            found["forwarded"] = {
                **forwarded,
                "url": url if url in request.url else conceal(url),
                "headers": self._fields(forwarded["headers"], request.headers),
            }
        return found

    def _rule(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._with(rule, "does"), "condition": _text(rule["condition"])}

    def _with(self, part: Mapping[str, Any] | None, name: str) -> Any:
        """Return a part of a result whose property of this name is a line's words."""
        return None if part is None else {**part, name: self._secrets.concealed(part[name])}

    def _fields(
        self, fields: list[dict[str, str]], own: Iterable[tuple[str, str]]
    ) -> list[dict[str, str]]:
        """Return header fields without credentials, but for those that the client has sent."""
        sent = {(name.lower(), value.strip()) for name, value in own}
        return [
            one
            if (one["name"].lower(), one["value"]) in sent
            else {**one, "value": self._secrets.concealed_field(one["name"], one["value"])}
            for one in fields
        ]


def _text(text: str | None) -> str | None:
    return None if text is None else conceal(text)
