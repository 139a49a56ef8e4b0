"""The whole text: what is made of one for an answer is made once."""

import pytest

from dataplane_plugins.configuration import raw
from tests.laws.support import Everything

TEXT = "global\n\ndefaults\n  mode http\n\nbackend be\n  server s1 192.0.2.1:80\n"
PLAIN = {"Content-Type": "text/plain"}


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_an_answer_is_made_once_for_a_text(tmp_path, version, monkeypatch):
    made = []

    def checksum(text):
        made.append(text)
        return str(len(made))

    monkeypatch.setattr(raw, "checksum", checksum)
    api = Everything(tmp_path, TEXT)
    path = f"/{version}/services/haproxy/configuration/raw"
    answers = [api.call("GET", path) for _ in range(3)]
    assert len(made) == 1
    assert {(one.content, one.headers["Configuration-Checksum"]) for one in answers} == {(answers[0].content, "1")}
    assert {one.headers["Configuration-Version"] for one in answers} == {"1"}
    assert "192.0.2.1" in answers[0].text
    api.call("POST", f"{path}?skip_version=true", raw=TEXT.replace("192.0.2.1", "192.0.2.9"), headers=PLAIN)
    changed = api.call("GET", path)
    assert "192.0.2.9" in changed.text
    assert changed.headers["Configuration-Version"] == "2"
    transaction = api.call("POST", f"/{version}/services/haproxy/transactions?version=2").json["id"]
    inside = f"/{version}/services/haproxy/configuration/backends"
    api.call("POST", f"{inside}?transaction_id={transaction}", {"name": "other"})
    assert "backend other" in api.call("GET", f"{path}?transaction_id={transaction}").text
    assert "backend other" not in api.call("GET", path).text
    assert "192.0.2.1" in api.call("GET", f"{path}?version=1").text
