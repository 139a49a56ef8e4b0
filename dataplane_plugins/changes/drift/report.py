"""Answer requests about drift."""

from typing import Any

import falcon

from dataplane_core.plugin import ApiRequest, Planned, View, rehearsing, to_json
from dataplane_plugins.changes.drift.engine import Drift


class DriftReport:
    """All differences: GET; mend them: POST."""

    def __init__(self, drift: Drift, view: View) -> None:
        self._drift, self._view = drift, view

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        found = [one.shown(self._view) for one in self._drift.find()]
        resp.data = to_json({"drifted": bool(found), "deviations": found})

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        values = req.body.values
        if rehearsing() is not None:
            raise Planned(self._drift.plan(values["towards"], values.get("only") or ()))
        mended = self._drift.mend(values["towards"], values.get("only") or (), req.author)
        if mended.version is not None:
            req.shown_version = mended.version
        if mended.reload_id is not None:
            resp.status = 202
            resp.set_header("Reload-ID", mended.reload_id)
        left: list[dict[str, Any]] = [
            {"subject": one.subject, "reason": reason} for one, reason in mended.left
        ]
        resp.data = to_json({
            "done": mended.done, "left": left, "version": mended.version,
            "reload_id": mended.reload_id,
        })  # fmt: skip
