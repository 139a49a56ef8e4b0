"""What is compared with: a Falcon application that does one thing, and nothing else.

BARE_ANSWERS names a JSON file of route to file; a GET of each route answers with its file's bytes.
BARE_CHECK is a HAProxy: a PUT of `/commit` has it check a copy of the file BARE_FILE, which is
written, synced and put in the place of another; that is the least that a commit can be.
"""

import json
import os
import subprocess
from pathlib import Path

import falcon


class Bytes:
    """Answers with what it was given."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def on_get(self, req: falcon.Request, resp: falcon.Response, **names: str) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self.data


class Commit:
    """Writes, syncs, checks, renames, syncs the folder."""

    def __init__(self, haproxy: str, file: Path) -> None:
        self.command = [haproxy, "-c", "-q", "-f"]
        self.file = file

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        candidate = self.file.with_name("candidate.cfg")
        with candidate.open("wb") as opened:
            opened.write(self.file.read_bytes())
            opened.flush()
            os.fsync(opened.fileno())
        subprocess.run([*self.command, str(candidate)], check=True, capture_output=True)
        candidate.replace(self.file.with_name("copy.cfg"))
        folder = os.open(self.file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        resp.status = 202


def create() -> "falcon.App[falcon.Request, falcon.Response]":
    app = falcon.App()
    answers = json.loads(Path(os.environ["BARE_ANSWERS"]).read_text("utf-8"))
    for route, file in answers.items():
        app.add_route(route, Bytes(Path(file).read_bytes()))
    app.add_route("/commit", Commit(os.environ["BARE_CHECK"], Path(os.environ["BARE_FILE"])))
    return app


application = create()
