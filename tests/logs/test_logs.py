import json
import logging
import re
import socket

import pytest

from dataplane_core.logs.apache import AccessRecord, compile_format
from dataplane_core.server.log_targets import configure, log_access
from dataplane_core.settings import LogTarget, Settings, SettingsError, SyslogSettings, load

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "RAW_URI": "/v2/x?a=1&Token=hidden&b=2",
    "PATH_INFO": "/v2/x",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "192.0.2.1",
    "REMOTE_USER": "admin",
    "dataplane.api_version": "v2",
    "HTTP_AUTHORIZATION": "Basic hidden",
    "HTTP_USER_AGENT": 'curl "8"\n',
}
ACCESS = AccessRecord(ENVIRON, 200, 12, 0.25, (("X-Request-ID", "r1"), ("Set-Cookie", "hidden")), 0.0)
log = logging.getLogger("dataplane.test")


@pytest.fixture
def settle():
    """Put log targets in force; the former ones come back after the test."""
    loggers = (logging.getLogger(), logging.getLogger("dataplane.access"))
    before = [(one, one.level, one.propagate, list(one.handlers)) for one in loggers]
    yield lambda *targets: configure(Settings.default().replace(log_targets=targets))
    for one, level, propagate, handlers in before:
        for handler in one.handlers:
            if handler not in handlers:
                handler.close()
        one.setLevel(level)
        one.propagate, one.handlers = propagate, handlers


def test_the_default_access_line_is_apaches():
    line = compile_format(Settings.default().log.apache_common_log_format)(ACCESS)
    pattern = (
        r"192\.0\.2\.1 - admin \[\d\d/\w{3}/19\d\d:\d\d:\d\d:\d\d [+-]\d{4}\] "
        r'"GET /v2/x\?a=1&Token=\*\*\*&b=2 HTTP/1\.1" 200 12 "-" "curl \\"8\\"\\x0a" 250000'
    )
    assert re.fullmatch(pattern, line.replace("1970", "1970")), line


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%m %U %q %H %a %>s %B %D %T %{ms}T 100%%", "GET /v2/x ?a=1&Token=***&b=2 HTTP/1.1 "
         "192.0.2.1 200 12 250000 0 250 100%"),
        ("%{Authorization}i %{X-Request-Id}o %{Set-Cookie}o %v", "- r1 - -"),
        ("%{%Y}t", "1970"),
        ("%{api_version}n %{other}n", "v2 -"),
        ("%h%l%u", "192.0.2.1-admin"),
    ],
)  # fmt: skip
def test_directives(form, text):
    assert compile_format(form)(ACCESS) == text


@pytest.mark.parametrize("form", ["%", "%Z", "a % b", "%{x}T"])
def test_a_format_with_an_unknown_directive_is_refused(form):
    with pytest.raises(ValueError, match="%"):
        compile_format(form)


def test_targets_get_their_kinds_and_levels(settle, tmp_path):
    app, access, both = tmp_path / "app", tmp_path / "deep" / "access", tmp_path / "both"
    settle(
        LogTarget(log_to="file", log_file=str(app), log_level="error", log_types=("app",)),
        LogTarget(log_to="file", log_file=str(access), log_level="info", log_types=("access",)),
        LogTarget(log_to="file", log_file=str(both), log_level="info", log_format="json"),
    )
    log.info("hello")
    log.error("bad\nthing")
    log_access(ACCESS)
    assert app.read_text().endswith("Z error dataplane.test bad\\x0athing\n")
    assert access.read_text().count("\n") == 1
    lines = [json.loads(line) for line in both.read_text().splitlines()]
    assert [line.get("message") for line in lines] == ["hello", "bad\nthing", None]
    assert lines[0]["level"] == "info"
    assert lines[0]["logger"] == "dataplane.test"
    assert (lines[2]["type"], lines[2]["status"], lines[2]["user"]) == ("access", 200, "admin")
    assert lines[2]["request_id"] == "r1"
    assert lines[2]["api_version"] == "v2"
    assert "hidden" not in both.read_text() + access.read_text()


def test_the_old_form_writes_both_kinds_to_one_place(settle, tmp_path):
    path = tmp_path / "log"
    settings = Settings.default().replace(
        **{"log.log_to": "file", "log.log_file": path, "log.log_level": "info"}
    )
    settle()
    configure(settings)
    log.info("hello")
    log_access(ACCESS)
    assert len(path.read_text().splitlines()) == 2


def test_a_new_configuration_replaces_the_old_one(settle, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    settle(LogTarget(log_to="file", log_file=str(old)))
    settle(LogTarget(log_to="file", log_file=str(new)))
    log.error("x")
    assert old.read_text() == ""
    assert new.read_text().count("\n") == 1


def test_a_file_that_cannot_be_written_is_named_and_changes_nothing(settle, tmp_path):
    kept = tmp_path / "kept"
    settle(LogTarget(log_to="file", log_file=str(kept)))
    with pytest.raises(SettingsError, match="cannot be written"):
        settle(LogTarget(log_to="file", log_file=str(kept / "below")))
    log.error("x")
    assert kept.read_text().count("\n") == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_failure_is_one_line_but_for_debugging(settle, tmp_path, form):
    path = tmp_path / "log"
    for level, lines in (("info", False), ("debug", True)):
        path.unlink(missing_ok=True)
        settle(LogTarget(log_to="file", log_file=str(path), log_level=level, log_format=form))
        try:
            raise ValueError("inner")
        except ValueError:
            log.exception("outer")
        text = path.read_text()
        assert "ValueError: inner" in text
        assert ("Traceback" in text) is lines


def syslog(protocol, address, **values):
    return LogTarget(
        log_to="syslog",
        log_level="info",
        syslog=SyslogSettings(syslog_protocol=protocol, syslog_address=address, **values),
    )


def test_syslog_over_udp_is_rfc_3164(settle):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        settle(syslog("udp", f"127.0.0.1:{server.getsockname()[1]}", syslog_facility="local3"))
        log.error("bad")
        received = server.recv(4096).decode()
    pattern = r"<155>\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ dataplaneapi\[\d+\]: .* dataplane.test bad"
    assert re.fullmatch(pattern, received), received


def test_syslog_over_tcp_is_rfc_5424_and_survives_a_restart(settle):
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(5)
    settle(syslog("tcp", f"127.0.0.1:{server.getsockname()[1]}", syslog_tag="a tag"))
    log.warning("first")
    connection, _ = server.accept()
    received = connection.recv(4096).decode()
    length, _, message = received.partition(" ")
    assert len(message.encode()) == int(length)
    assert re.match(r"<132>1 \d{4}-\S+Z \S+ a_tag \d+ - - ", message), message
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    for number in range(3):
        log.warning("again %s", number)
    connection, _ = server.accept()
    assert b"again" in connection.recv(4096)
    connection.close()
    server.close()


def test_syslog_on_a_unix_socket_and_its_own_level(settle, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "log"))
        server.settimeout(5)
        settle(syslog("unix", str(tmp_path / "log"), syslog_level="error"))
        log.warning("small")
        log.error("large")
        assert server.recv(4096).endswith(b"large")


def test_a_syslog_server_that_is_away_stops_nobody(settle):
    settle(syslog("tcp", "127.0.0.1:1"))
    for _ in range(100):
        log.error("x")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("log_targets:\n- log_to: stdout\n- log_to: file\n  log_file: /dev/null/x\n",
         "4: log_targets[1].log_file"),
        ("log:\n\n  log_to: file\n  log_file: /dev/null/x\n", "4: log.log_file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_written_is_told_with_its_place(tmp_path, text, key):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        configure(load(["-f", str(path)], {}))
    assert str(caught.value).startswith(f"{path}:{key}: /dev/null/x cannot be written: ")


def test_a_syslog_server_that_is_away_is_told(settle, tmp_path, capsys):
    path = tmp_path / "log"
    away = syslog("unixgram", "/no.sock")
    settle(LogTarget(log_to="file", log_file=str(path)), away)
    told = "log_targets[1].syslog.syslog_address: /no.sock cannot be reached: No such file"
    assert told in path.read_text()
    assert capsys.readouterr().err == ""
    settle(away)
    assert told.replace("[1]", "[0]") in capsys.readouterr().err


@pytest.mark.parametrize("given", [True, False])
def test_a_path_is_a_datagram_socket_whatever_the_protocol_says(
    settle, tmp_path, monkeypatch, given
):
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(5)
        monkeypatch.setattr("dataplane_core.logs.syslog.LOCAL", path)
        settle(syslog("tcp", path if given else ""))
        log.error("bad")
        assert re.match(rb"<131>\w{3} [ \d]\d .* dataplaneapi\[\d+\]: ", server.recv(4096))
