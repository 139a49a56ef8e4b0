"""Reading HAProxy's counters for the page."""

import pytest

from dataplane_core.plugin import RuntimeFailed
from dataplane_plugins.page.traffic_rows import (
    COLUMNS,
    SERVERS,
    SINCE,
    keep_moments,
    rows_of,
    statuses_of,
)

ANSWER = (
    "# pxname,svname,qcur,scur,stot,status,weight,lastchg,iid,type,rate,check_status,last_chk,\n"
    "site,FRONTEND,,3,10,OPEN,,,2,0,5,,,\n"
    'web,web1,0,1,4,UP,100,60,3,2,2,L7OK,"OK, as ever",\n'
    "web,BACKEND,0,1,4,UP,100,60,3,1,2,,,\n\n"
)


def test_rows_have_the_columns_of_their_kind() -> None:
    rows = {(kind, proxy, server): values for kind, proxy, server, _, values in rows_of(ANSWER)}
    assert [*rows] == [
        ("frontends", "site", "FRONTEND"), ("servers", "web", "web1"), ("backends", "web", "BACKEND"),
    ]  # fmt: skip
    server = dict(zip(COLUMNS[SERVERS], rows["servers", "web", "web1"], strict=True))
    assert (server["status"], server["scur"], server["weight"]) == ("UP", 1, 100)
    assert server["last_chk"] == "OK, as ever"
    assert server["rtime"] is None, "a column that this HAProxy lacks"


def test_another_answer_is_refused() -> None:
    for read in (rows_of, statuses_of):
        with pytest.raises(RuntimeFailed, match="show stat cannot be read"):
            list(read("Unknown command\n"))


def test_statuses_alone_are_read() -> None:
    assert list(statuses_of(ANSWER)) == [("site", "OPEN"), ("web", "UP"), ("web", "UP")]


def test_a_moment_stays_while_the_status_does() -> None:
    at = COLUMNS[SERVERS].index(SINCE)

    def row(seconds: int | None) -> list[int | None]:
        return [seconds if place == at else None for place in range(len(COLUMNS[SERVERS]))]

    first = {"web/web1": row(60), "web/web2": row(None)}
    keep_moments(SERVERS, first, {}, 1000.4)
    later = {"web/web1": row(61), "web/web2": row(5)}
    keep_moments(SERVERS, later, first, 1002.0)
    assert (first["web/web1"][at], later["web/web1"][at], later["web/web2"][at]) == (940, 940, 997)


@pytest.mark.parametrize("said", ["a\u2028b,c", "a\x85b", "a\x0bb", "a\nweb,web9,0,0,0,UP,1,1,3,2,2,L7OK,x,", 'say ""no""', "a\r\nb"])
def test_what_a_server_says_makes_no_row(said: str) -> None:
    answer = ANSWER.replace("OK, as ever", said)
    rows = {server: values for kind, _, server, _, values in rows_of(answer) if kind == SERVERS}
    assert [*rows] == ["web1"]
    assert rows["web1"][COLUMNS[SERVERS].index("last_chk")] == said.replace('""', '"')
    assert [one for one, _ in statuses_of(answer)] == ["site", "web", "web"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_row_that_is_cut_is_left_out(cut: int) -> None:
    row = 'web,web1,0,1,4,UP,100,60,3,2,2,L7OK,"OK, as ever",'
    for line in (row[:cut], row[:cut] + '"'):
        assert len(list(rows_of(ANSWER.replace(row, line)))) <= 3
