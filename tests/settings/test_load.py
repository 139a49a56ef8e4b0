import dataclasses
import json
import os
import re
from pathlib import Path

import click
import pytest

from dataplane_core.settings import Settings, SettingsError, UserSettings, load
from dataplane_core.settings.manual import manual
from dataplane_core.settings.table import keys

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("DATAPLANE_SHARED", ROOT.parent / "shared"))

YAML = """\
dataplaneapi:
  host: 127.0.0.9
  port: 81
  user:
  - name: admin
    password: 0123
    insecure: true
  - name: bob
    password: $5$ab$cd
haproxy:
  config-file: /srv/h.cfg
  reload:
    reload_delay: 250ms
log_targets:
- log_to: syslog
  log_types: [access]
  syslog: {syslog_address: "127.0.0.1:514", syslog_protocol: udp}
"""
HCL = """\
dataplaneapi {
  host = "127.0.0.9"
  port = 81
  user "admin" {
    password = "0123"
    insecure = true
  }
  user "bob" { password = "$5$ab$cd" }
}
haproxy {
  config-file = "/srv/h.cfg"
  reload { reload_delay = "250ms" }
}
log_targets = [{
  log_to = "syslog", log_types = ["access"],
  syslog = { syslog_address = "127.0.0.1:514", syslog_protocol = "udp" }
}]
"""


@pytest.fixture
def settle(tmp_path):
    """Load settings from the text of one file, with flags and environment."""

    def settle(text, suffix="yaml", argv=(), environ=None):
        path = tmp_path / f"s.{suffix}"
        path.write_text(text)
        return load(["-f", str(path), *argv], environ or {})

    return settle


def problems(settle, text, suffix="yaml"):
    with pytest.raises(SettingsError) as caught:
        settle(text, suffix)
    return [
        (problem.place.rpartition(":")[2], problem.key, problem.message)
        for problem in caught.value.problems
    ]


def test_yaml_and_hcl_say_the_same(settle):
    yaml, hcl = settle(YAML), settle(HCL, "hcl")
    assert dataclasses.replace(yaml, file="") == dataclasses.replace(hcl, file="")
    assert yaml.dataplaneapi.user == (UserSettings("admin", "0123", True), UserSettings("bob", "$5$ab$cd"))
    assert yaml.haproxy.reload.reload_delay == 0.25
    assert yaml.haproxy.config_file == "/srv/h.cfg"
    assert yaml.log_targets[0].syslog.syslog_protocol == "udp"
    assert yaml.warnings == ()


def test_flags_over_environment_over_file_over_defaults(settle):
    assert load([], {}).dataplaneapi.port == 5555
    assert settle(YAML).dataplaneapi.port == 81
    assert settle(YAML, environ={"PORT": "82"}).dataplaneapi.port == 82
    assert settle(YAML, environ={"PORT": "82"}, argv=["--port=83"]).dataplaneapi.port == 83
    assert settle(YAML, environ={"PORT": ""}).dataplaneapi.port == 81


def test_a_short_flag_a_switch_and_a_repeated_flag():
    settings = load(["-c", "/a.cfg", "-i", "--scheme", "http", "--scheme=unix", "-d250ms"], {})
    assert settings.haproxy.config_file == "/a.cfg"
    assert settings.dataplaneapi.show_system_info is True
    assert settings.dataplaneapi.scheme == ("http", "unix")
    assert settings.haproxy.reload.reload_delay == 0.25


def test_an_unknown_flag_is_refused():
    with pytest.raises(click.UsageError, match="--hosst"):
        load(["--hosst", "a"], {})


LAUGHS = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
"""Ten lines that stand for ten thousand million values."""


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        ("yaml", "zz: 1\n", ("1", "zz", "there is no such setting; this block takes cluster")),
        (
            "yaml",
            "dataplaneapi:\n  hosst: x\n",
            ("2", "dataplaneapi.hosst", "did you mean dataplaneapi.host?"),
        ),
        (
            "hcl",
            "dataplaneapi {\n\n  hosst = 1\n}\n",
            ("3", "dataplaneapi.hosst", "did you mean dataplaneapi.host?"),
        ),
        (
            "yaml",
            "haproxy:\n  reload_delay: 1\n",
            ("2", "haproxy.reload_delay", "did you mean haproxy.reload.reload_delay?"),
        ),
        (
            "hcl",
            'dataplaneapi {\n  port = "abc"\n}',
            ("2", "dataplaneapi.port", '"abc" is not a whole number from 0 to 65535'),
        ),
        (
            "yaml",
            "haproxy: {reload: {reload_delay: soon}}",
            ("1", "haproxy.reload.reload_delay", "is not a duration such as 250ms"),
        ),
        ("yaml", "haproxy: {}\nlog: {}\nhaproxy: {}\n", ("3", "haproxy", "already given on line")),
        ("hcl", "haproxy {}\nlog {}\nhaproxy {}\n", ("3", "haproxy", "already given on line 1")),
        ("yaml", "haproxy: 5\n", ("1", "haproxy", "is a block of settings")),
        ("hcl", 'haproxy "x" {\n}\n', ("1", "haproxy", "takes no label")),
        ("yaml", "log:\n  log_to: [a]\n", ("2", "log.log_to", "takes one value")),
        (
            "hcl",
            'dataplaneapi {\n  scheme = ["http", "gopher"]\n}\n',
            ("2", "dataplaneapi.scheme", '"gopher" is not one of http, https, unix'),
        ),
        ("yaml", "log:\n  log_to: pipe\n", ("2", "log.log_to", "not one of stdout, file, syslog")),
        (
            "yaml",
            "dataplaneapi:\n  user:\n  - name: a\n  - name: a\n    password: x\n",
            ("3", "dataplaneapi.user[0].password", "the user a has no password"),
        ),
        (
            "yaml",
            "dataplaneapi:\n  user:\n  - name: a\n    password: plain\n",
            ("4", "dataplaneapi.user[0].password", "is no hash of crypt(3); with `insecure: true`"),
        ),
        (
            "yaml",
            "dataplaneapi:\n\n  scheme: [https]\n",
            ("3", "dataplaneapi.tls.tls_certificate", "the listener https needs it"),
        ),
        *(
            ("yaml", f"haproxy:\n  reload:\n    {key}: 'foo \"bar'\n",
             ("3", f"haproxy.reload.{key}", 'is no command: it has an open quote'))
            for key in ("validate_cmd", "reload_cmd", "restart_cmd", "status_cmd")
        ),
        ("hcl", 'haproxy {\n reload {\n  reload_cmd = "a\\\\"\n }\n}\n',
         ("3", "haproxy.reload.reload_cmd", "a lone backslash at its end")),
        ("yaml", "haproxy: {reload: {status_cmd: ' '}}\n",
         ("1", "haproxy.reload.status_cmd", "it names no program")),
        ("yaml", "haproxy:\n  config_file: ''\n", ("2", "haproxy.config_file", "is empty")),
        ("yaml", "haproxy:\n  config_file: /etc\n",
         ("2", "haproxy.config_file", "/etc is a folder, and not a file of HAProxy's")),
        ("yaml", "haproxy:\n  haproxy_bin: ''\n", ("2", "haproxy.haproxy_bin", "is empty")),
        ("yaml", "dataplaneapi:\n  transaction: {transaction_dir: ''}\n",
         ("2", "dataplaneapi.transaction.transaction_dir", "is empty")),
        ("yaml", "log_targets:\n- log_to: file\n  log_file: ''\n",
         ("3", "log_targets[0].log_file", "is empty, and log_to file needs it")),
        ("yaml", "service_discovery:\n  consuls:\n  - {}\n  - 5\n",
         ("4", "service_discovery.consuls", "is a list of objects")),
        ("yaml", "service_discovery:\n  consuls: [{port: 1,\n    port: 2}]\n",
         ("3", "service_discovery.consuls[0].port", "is already given on line 2")),
        ("yaml", "a: *hidden\n", ("1", "", "is not YAML: found undefined alias here: text that begins")),
        ("yaml", "a: !hidden!b c\n", ("1", "", "is not YAML: found undefined tag handle here: text")),
        ("yaml", "a: [\n", ("2", "", "is not YAML")),
        ("yaml", 'a: "\\U99999999"\n', ("1", "", "is not YAML")),
        ("hcl", '\nname = "\\U99999999"\n', ("2", "name", "is no escape in a string")),
        ("yaml", "- a\n", ("1", "", "does not hold a mapping")),
        ("hcl", "a = \n", ("1", "", "is not HCL: something is missing at the end of this line")),
        ("hcl", "\na = @\n", ("2", "", "is not HCL: unexpected '@'")),
        ("hcl", "name = \"a\"\nhaproxy {\n  # }\n  reload {\n  }\n\n",
         ("2", "", "is not HCL: { is not closed")),
        ("hcl", "\ndataplaneapi {\n  scheme = [\"]\",\n}\n",
         ("4", "", "is not HCL: unexpected '}'; a bracket before it is not closed")),
        ("hcl", "\nlog_targets = [{\n  log_to = \"stdout\"\n}\n",
         ("2", "", "is not HCL: [ is not closed")),
        ("hcl", "haproxy {}\n}\n", ("2", "", "is not HCL: unexpected '}', which nothing before")),
        ("hcl", "# \"\nhaproxy {\n  config_file = \"/a\n}\n",
         ("3", "", "is not HCL: the quote of a string is not closed on its line")),
        ("hcl", "\nname = <<EOT\na\n", ("2", "", "no line that ends the text begun with <<EOT")),
        ("hcl", "dataplaneapi {\n  port = abc\n}\n",
         ("2", "dataplaneapi.port", "is not a plain value: write text in quotes")),
        ("hcl", "log_targets = [{\n}, {\n  syslog = { syslog-tag = a }\n}]\n",
         ("3", "log_targets[1].syslog.syslog_tag", "is not a plain value: write text in quotes")),
        ("hcl", "name = upper(5)\n", ("1", "name", "is not a plain value")),
        ("yaml", "service_discovery:\n  consuls:\n  - {port: 0x2134, name: .inf, size: 0o17}\n  - 5\n",
         ("4", "service_discovery.consuls", "is a list of objects")),
        ("yaml", "name: a\nmode: &a [*a]\n", ("2", "", "nested more than")),
        ("yaml", LAUGHS, ("1", "", "its aliases written out")),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_line_and_key(settle, suffix, text, expected):
    line, key, message = problems(settle, text, suffix)[0]
    assert (line, key) == expected[:2]
    assert expected[2] in message


@pytest.mark.parametrize(
    "text",
    [
        'dataplaneapi { user "a" { password = "hunter2" } } x\n',
        'dataplaneapi { user "a" {\n password = $6$hunter2\n} }\n',
        'haproxy { reload { reload_cmd = "curl -u a:hunter2 \'x" } }\n',
    ],
)
def test_no_secret_is_told_of_a_file_that_is_refused(settle, text):
    [found] = problems(settle, text, "hcl")
    assert "hunter" not in " ".join(found)


@pytest.mark.parametrize("suffix", ["yaml", "hcl"])
def test_a_file_that_is_nested_too_deeply(settle, suffix):
    text = "name = " if suffix == "hcl" else "name: "
    with pytest.raises(SettingsError, match="nested too deeply"):
        settle(text + "[" * 3000 + "]" * 3000 + "\n", suffix)


def test_every_problem_is_told_at_once(settle):
    found = problems(settle, "nam: a\nlog:\n  log_level: loud\n")
    assert [line for line, _, _ in found] == ["1", "3"]


def test_a_file_that_is_not_there_or_of_no_known_form(tmp_path):
    for name, message in (("no.yaml", "cannot be read"), ("no.ini", "must end in .yaml")):
        with pytest.raises(SettingsError, match=message):
            load(["-f", str(tmp_path / name)], {})


def test_the_environment_names_the_file_where_no_flag_does(settle, tmp_path):
    path = settle("name: flag\n").file
    other = tmp_path / "other.hcl"
    other.write_text('name = "environment"\n')
    environ = {"DATAPLANE_SETTINGS": str(other)}
    assert load([], environ).name == "environment"
    assert load(["-f", path], environ).name == "flag"


def test_a_bad_flag_and_a_bad_variable_name_themselves():
    with pytest.raises(SettingsError, match='flag --port: dataplaneapi.port: "x" is not'):
        load(["--port", "x"], {})
    with pytest.raises(SettingsError, match="environment TLS_PORT: dataplaneapi.tls.tls_port"):
        load([], {"TLS_PORT": "99999"})


def test_a_bad_password_is_not_echoed(settle):
    text = 'dataplaneapi {\n user "a" {\n password = "hidden\\n"\n }\n}'
    assert "hidden" not in str(problems(settle, text, "hcl"))


def test_passwords_are_in_no_representation(settle):
    assert "0123" not in repr(settle(YAML))


def test_a_key_without_use_gives_one_warning(settle):
    settings = settle("dataplaneapi: {debug_socket_path: /d, advertised: {api_port: 0}}\n")
    assert len(settings.warnings) == 1
    assert settings.warnings[0].endswith(
        "s.yaml:1: dataplaneapi.debug_socket_path has no effect: this server has no debugger socket"
    )
    assert len(settle("mode: cluster\n").warnings) == 1


@pytest.mark.parametrize(
    ("command", "warns"),
    [
        ("haproxy -c -f /srv/h.cfg", True),
        ("sh -c 'haproxy -c -f /srv/h.cfg'", True),
        ("haproxy -c -f /srv/h.cfg.d -f /srv/h.cfg", True),
        ("haproxy -c -f {file}", False),
        ("diff /srv/h.cfg {file}", False),
        ("sh -c 'haproxy -c -f $DATAPLANEAPI_TRANSACTION_FILE # not /srv/h.cfg'", False),
        ("haproxy -c -f /srv/h.cfg.new", False),
        ("/usr/local/bin/check", False),
    ],
)
def test_a_check_of_the_former_configuration_gives_a_warning(settle, command, warns):
    haproxy = {"config_file": "/srv/h.cfg", "reload": {"validate_cmd": command}}
    warnings = settle(json.dumps({"haproxy": haproxy})).warnings
    assert len(warnings) == warns
    for one in warnings:
        assert re.search(r"s\.yaml:1: haproxy\.reload\.validate_cmd: .* write \{file\}", one)


@pytest.mark.parametrize(
    "text",
    [
        'dataplaneapi {\n  user = [{ name = "a", password = "p", insecure = true }]\n}',
        'dataplaneapi {\n  user = { a = { password = "p", insecure = true } }\n}',
        'dataplaneapi {\n  user {\n name = "a"\n password = "p"\n insecure = true\n }\n}',
        'dataplaneapi {\n  user "a" { password = "p" insecure = true }\n}',
    ],
)
def test_users_in_every_spelling_of_hcl(settle, text):
    assert settle(text, "hcl").dataplaneapi.user == (UserSettings("a", "p", True),)


def test_strings_of_hcl_are_decoded(settle):
    settings = settle('name = "a\\"b\\\\c\\u0041 ${x} $${y} %%{z}"\n', "hcl")
    assert settings.name == 'a"b\\cA ${x} ${y} %{z}'


def test_null_and_empty_values_are_unset(settle):
    settings = settle("haproxy:\n  master_runtime:\n  haproxy_bin: ~\ncluster:\nlog_targets:\n")
    assert dataclasses.replace(settings, file="") == Settings()
    assert settle("", "hcl").dataplaneapi == Settings().dataplaneapi


def test_discovery_keeps_its_objects(settle):
    text = "service_discovery:\n  consuls:\n  - {address: a, port: 8500, enabled: true, x: 1.5}\n"
    (consul,) = settle(text).service_discovery.consuls
    assert consul == {"address": "a", "port": 8500, "enabled": True, "x": 1.5}
    hcl = 'service_discovery {\n consuls "one" {\n address = "a"\n}\n}\n'
    assert settle(hcl, "hcl").service_discovery.consuls == ({"name": "one", "address": "a"},)


def test_every_place_inside_of_discovery_is_known(settle):
    text = (
        "service_discovery:\n  aws_regions:\n  - name: a\n  - name: b\n    allowlist:\n"
        "    - key: x\n      value: y\n"
    )
    settings = settle(text)
    for key, line in (("[0].name", 3), ("[1]", 4), ("[1].allowlist[0].value", 7), ("[1].no", 4)):
        place = settings.place(f"service_discovery.aws_regions{key}")
        assert place.endswith(f"s.yaml:{line}"), key


def test_the_state_stands_beside_the_transactions():
    settings = Settings.default()
    assert re.fullmatch("/tmp/haproxy-state-[0-9a-f]{8}", settings.state_dir)
    assert settings.replace(**{"haproxy.config_file": "/x"}).state_dir != settings.state_dir
    assert settings.replace(**{"dataplane.state_dir": Path("/s")}).state_dir == "/s"
    with pytest.raises(KeyError, match="haproxy.nope"):
        settings.replace(**{"haproxy.nope": 1})
    with pytest.raises(SettingsError, match="must not be the folder"):
        load(["--state-dir=/tmp/haproxy/"], {})


def test_the_manual_is_in_step_with_the_table():
    assert (ROOT / "docs" / "settings.md").read_text() == manual()


def test_the_samples_say_the_same_and_warn_of_nothing():
    yaml, hcl = (load(["-f", str(ROOT / "config" / f"dataplane.{s}")], {}) for s in ("yaml", "hcl"))
    assert dataclasses.replace(yaml, file="") == dataclasses.replace(hcl, file="")
    assert yaml.warnings == ()


def test_no_two_keys_share_a_flag_or_a_variable():
    used = [
        name
        for key in keys()
        if not key.repeated
        for name in (key.facts.flag, key.facts.short, key.facts.environment)
        if name
    ]
    assert sorted(used) == sorted(set(used))


def test_defaults_are_shown_as_they_would_be_written():
    for key in keys():
        if key.shown_default:
            assert key.facts.kind.parse(key.shown_default) == key.default, key.path


@pytest.mark.recorded
@pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded facts")
def test_every_recorded_key_is_there_with_its_flag_variable_and_default():
    ours = {key.path: key for key in keys()}
    with (SHARED / "spec" / "settings.jsonl").open() as lines:
        recorded = [json.loads(line) for line in lines]
    for row in recorded:
        if "key" not in row:
            assert row["flag"] in ("-f", "--version", "--help")
            continue
        key = ours[row["key"]]
        assert key.facts.flag == row.get("flag", "") or key.repeated
        assert key.facts.short == row.get("short", "")
        assert key.facts.environment == row.get("env", "")
        if "default" in row and key.path != "log.apache_common_log_format":
            assert key.facts.kind.parse(row["default"]) == key.default, key.path
