"""`/services/haproxy/spoe_transactions`: several edits of one SPOE file, committed as one."""

import falcon

from dataplane_core.plugin import ApiRequest, to_json
from dataplane_plugins.service.transactions import shown
from dataplane_plugins.spoe.resources import SpoeResource


class SpoeTransactionList(SpoeResource):
    """The transactions on a file that are open or failed: GET; a new one: POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        transactions = self.files.store(req.query["spoe"]).transactions
        resp.data = to_json([shown(one) for one in transactions.list(req.query["status"])])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        transactions = self.files.store(req.query["spoe"]).transactions
        resp.status = 201
        resp.data = to_json(shown(transactions.begin(req.query["version"], req.who)))


class SpoeTransactionItem(SpoeResource):
    """One transaction: GET; commit it: PUT; give it up: DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        resp.data = to_json(shown(self.files.store(req.query["spoe"]).transactions.get(id)))

    def on_put(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        transactions = self.files.store(req.query["spoe"]).transactions
        force = req.query["force_reload"]
        done, outcome = transactions.commit(id, force, req.who, req.request_id)
        status = 200 if outcome.reload_id is None else 202
        self.changed(resp, outcome, status, shown(done))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        self.files.store(req.query["spoe"]).transactions.delete(id)
        resp.status = 204
