"""Where a dialogue plays: a server, and the file that the recorded one had at the beginning."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.dialogues.contents import contents
from tests.dialogues.recorded import Dialogue, Step, dialogues
from tests.dialogues.replay import Bindings
from tests.dialogues.texts import LEFT_BY_READING
from tests.harness.server import TRANSACTIONS, ApiServer, merged
from tests.harness.waiting import until

STORED = ("maps", "ssl", "general", "spoe")
AGED = frozenset({
    "discovery", "errors", "versions_and_reload", "transactions", "indexes", "put_semantics",
    "strings", "binds_noname", "storage", "raw",
})  # fmt: skip
"""Told by one server one after the other; the last of them shows the file that it had by then."""
APART = 1000
"""Versions between the beginnings of two dialogues on one server: more than any of them makes."""


def beginning(dialogue: Dialogue, golden: Path) -> str:
    """The text that the recorded server had at the beginning, placeholders left in."""
    if dialogue.begins_with is not None:
        return dialogue.begins_with
    if dialogue.name in AGED:
        text = str(dialogues()["raw"].steps[0].answer["data"])
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if line.strip() not in LEFT_BY_READING)
    base = (golden / "files" / "base.cfg").read_text("utf-8")
    # The recorded server had written into each proxy where it inherits from.
    return re.sub(r"^((?:frontend|backend) \S+)$", r"\1 from df_named", base, flags=re.M)


def first_version(first: Step) -> int:
    """The version that the recorded server had at the beginning."""
    asked = parse_qs(urlsplit(first.path).query).get("version")
    return int(asked[0]) if asked and first.status < 400 else first.version


class Stage:
    """A server in a folder, for one dialogue after the other."""

    def __init__(self, folder: Path, golden: Path, settings: Mapping[str, Any]) -> None:
        self.folder, self.golden = folder, golden
        self.file = folder / "haproxy.cfg"
        self._apart = 0
        places = {"maps_dir": "maps", "ssl_certs_dir": "ssl", "general_storage_dir": "general",
                  "spoe_dir": "spoe"}  # fmt: skip
        own = {
            "dataplaneapi": {"resources": {k: str(folder / v) for k, v in places.items()}},
            "haproxy": {"reload": {"status_cmd": "true"}},
        }
        self.server = ApiServer(self.file, folder / "server", merged(own, settings))

    def begin(self, dialogue: Dialogue, text: str, places: Mapping[str, str]) -> Bindings:
        """Put the starting file in place and clear away what another dialogue left."""
        for name in STORED:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        folder = str(self.folder)
        known = {
            **places,
            "%40DIR%40%2F": quote(f"{folder}/", safe=""),
            "@DIR@": folder,
            "@FILES@": str(self.golden / "files"),
            **contents(self.golden),
        }
        bindings = Bindings(known, self._transaction)
        first = first_version(dialogue.steps[0])
        if first > 1:  # then the recorded server had reloaded before
            self._write(bindings.text(text), first - 1)
        self._write(bindings.text(text), first)
        self._apart += APART
        client = self.server.client()
        bindings.begin(first, client.version())
        for one in client.call("GET", TRANSACTIONS).json:
            client.call("DELETE", f"{TRANSACTIONS}/{one['id']}")
        return bindings

    def give_up(self, identifier: str) -> None:
        """End a transaction that the recorded server's client ended off the record."""
        gone = self.server.client().call("DELETE", f"{TRANSACTIONS}/{identifier}")
        assert gone.status == 204, gone.body

    def wait_for_reloads(self) -> None:
        """Until a reload was asked for, and all are over: the recorded client was slower."""
        path = "/v2/services/haproxy/reloads"  # they are the same in every version

        def over() -> bool:
            records = self.server.client().call("GET", path).json
            return bool(records) and all(one["status"] != "in_progress" for one in records)

        until(over)

    def edit(self, words: str, others: str) -> None:
        """Put other words into the file, as a person does, and let the server notice."""
        text = self.file.read_text("utf-8")
        assert words in text
        self.file.write_text(text.replace(words, others), "utf-8")
        self.server.client().version()

    def restart(self) -> None:
        """End the server at once and start it again on what it left."""
        self.server.kill()
        self.server.start()

    def _write(self, text: str, version: int) -> None:
        """Put a text in the file's place, and let the server notice."""
        line = f"# _version={version + self._apart}"
        self.file.write_text(re.sub(r"^# _version=.*$", line, text, flags=re.M))
        if self.server.process is None:
            self.server.start()
        self.server.client().version()

    def _transaction(self) -> str:
        client = self.server.client()
        begun = client.call("POST", TRANSACTIONS, version=client.version())
        assert begun.status == 201, begun.body
        return str(begun.json["id"])
