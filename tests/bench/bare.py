"""What is compared with: a Falcon application that returns given bytes, and does nothing else.

BARE_ANSWERS names a JSON file of route to file; each route answers with its file's bytes.
"""

import json
import os
from pathlib import Path

import falcon


class Bytes:
    """Answers with what it was given."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def on_get(self, req: falcon.Request, resp: falcon.Response, **names: str) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self.data


def create() -> "falcon.App[falcon.Request, falcon.Response]":
    app = falcon.App()
    answers = json.loads(Path(os.environ["BARE_ANSWERS"]).read_text("utf-8"))
    for route, file in answers.items():
        app.add_route(route, Bytes(Path(file).read_bytes()))
    return app


application = create()
