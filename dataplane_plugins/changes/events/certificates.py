"""Tell of certificates whose end is near: once at each of some numbers of days before it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dataplane_core.plugin import Services, resource_folder
from dataplane_plugins.tls.pem import certificate_facts

DAYS = (30, 14, 7, 3, 1, 0)
"""An event tells that no more than so many days are left."""
_TOLD = "certificates_told"


class CertificateWatch:
    """Looks at the files in `ssl_certs_dir`, and remembers in the state what was told."""

    def __init__(self, services: Services) -> None:
        self._state, self._events = services.state, services.events
        self._folder = resource_folder(services.settings, services.state, "ssl_certs_dir")

    def look(self) -> None:
        """Record the certificates that have come nearer to their ends."""
        told = json.loads(self._state.value(_TOLD) or "{}")
        near = dict(self._near())
        now = {name: [data["not_after"], data["days_left"]] for name, data in near.items()}
        news = {name: _step(now[name]) for name in now}
        if news != told:
            changed = [name for name in news if told.get(name) != news[name]]
            self._events.record_all(("certificate", near[name]) for name in changed)
            self._state.set_value(_TOLD, json.dumps(news))

    def _near(self) -> Iterator[tuple[str, dict[str, Any]]]:
        now = datetime.now(UTC)
        for name in self._folder.names():
            end = certificate_facts(self._folder.read(name)).get("not_after")
            if end is None:
                continue
            days = (datetime.fromisoformat(end) - now).total_seconds() / 86400
            if days <= DAYS[0]:
                yield name, {"file": name, "not_after": end, "days_left": int(days // 1)}


def _step(known: list[Any]) -> list[Any]:
    """Return the end of a certificate, and the number of days that it has come down to."""
    end, days = known
    return [end, min((one for one in DAYS if days <= one), default=0)]
