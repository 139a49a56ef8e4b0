"""Answers of HAProxy that cannot be read are failures of HAProxy, and no unforeseen ones."""

from typing import Any

import pytest

from dataplane_core.errors import RuntimeFailed
from dataplane_core.haproxy.master import processes
from dataplane_plugins.runtime.ssl_details import certificate_details, revocation_lists
from dataplane_plugins.runtime.stats import parse_stats
from dataplane_plugins.runtime.stick_tables import parse_header, parse_table_entry
from dataplane_plugins.server_states import parse_server_states, server_columns
from dataplane_plugins.tls.crt_lists import parse_loaded_crt_list
from tests.torture.fuzz.answers import PROCESSES, Client

HEADER = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port\n"
MANY = "1" * 5000
"""More digits than Python makes a number of."""


@pytest.mark.parametrize(
    "row", ["3 be 1 s 127.0.0.1 2 x 10 9", "3 be 1 s 127.0.0.1 2 0 10", f"{MANY} be 1 s 127.0.0.1 2 0 10 9", "3 be 1 s"]
)
def test_servers_without_what_each_has(row: str) -> None:
    with pytest.raises(RuntimeFailed, match="show servers state"):
        list(parse_server_states(f"{HEADER}{row}\n"))


def test_columns_that_are_no_numbers() -> None:
    with pytest.raises(RuntimeFailed, match="show servers state"):
        list(server_columns(f"{HEADER}3 be 1 s 127.0.0.1 2 x 10 9\n", ["srv_name", "srv_admin_state"]))
    assert list(server_columns(f"{HEADER}3 be 1 s 127.0.0.1 2 5 10 9\n", ["srv_admin_state"])) == [("5",)]


def test_numbers_that_are_too_long_are_none() -> None:
    [one] = parse_stats(f"# pxname,svname,type,scur,smax\nbe,BACKEND,1,{MANY},7\n")
    assert one["stats"] == {"smax": 7}
    assert parse_header(f"# table: st, type: ip, size:{MANY}, used:1") is None
    assert parse_table_entry(f"0x1: key=a use=0 gpc0={MANY} exp=5") == {"id": "0x1", "key": "a", "exp": 5}
    assert list(parse_loaded_crt_list(f"a.pem:{MANY}\na.pem:2\n"))[0].number == 2


def test_times_that_are_none() -> None:
    with pytest.raises(RuntimeFailed, match="cannot be read"):
        certificate_details("a", ["notBefore: soon"])
    [one] = revocation_lists("a", ["Certificate Revocation List #1:", "Revocation Date: Nov  1 00:00:00 2026 GMT"])
    assert "revoked_certificates" not in one


def test_a_process_with_a_number_that_no_process_has_is_none() -> None:
    odd: Any = Client(PROCESSES.replace("7   ", f"{'9' * 30}   ", 1))
    with pytest.raises(RuntimeFailed, match="master"):
        processes(odd)
