"""Certificates that HAProxy itself renews, through v3."""

from pathlib import Path

import pytest

from dataplane_plugins.runtime.acme import parse_acme_status
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS
from tests.harness.waiting import until
from tests.runtime.support import live
from tests.storage.support import bundle

ACME = "/v3/services/haproxy/runtime/acme"
TEXT = """\
global
  expose-experimental-directives
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
acme LE
  directory http://127.0.0.1:1/directory
  account-key {folder}/account.key
crt-store
  load crt {folder}/site.pem acme LE domains site.example.com
frontend fe
  bind unix@{folder}/fe.sock ssl crt {folder}/site.pem
"""  # fmt: skip


@pytest.mark.haproxy
def test_a_certificate_is_renewed(tmp_path: Path) -> None:
    (tmp_path / "site.pem").write_bytes(bundle("site.example.com"))
    with live(one_haproxy("3.2"), tmp_path, TEXT) as api:
        name = f"{tmp_path}/site.pem"
        [one] = api.get(ACME)
        assert one["expiries_in"]
        assert (one["certificate"], one["acme_section"]) == (name, "LE")
        assert one["expiry_date"] == "2027-01-30T00:00:00Z"
        if one["state"] == "Scheduled":  # a certificate that has expired is renewed at once
            assert one["scheduled_renewal"] and one["renewal_in"]
            answer = api.call("PUT", ACME, certificate=name)
            assert (answer.status_code, answer.text) == (200, "")
        until(lambda: api.get(ACME)[0]["state"] == "Running")
        assert "scheduled_renewal" not in api.get(ACME)[0]


def test_no_certificate() -> None:
    assert parse_acme_status("# certificate\tsection\tstate\n") == []
