"""Entries of sources in the settings file: what is wrong with them stops the start."""

import pytest

from dataplane_core.app import create_app
from dataplane_core.settings import SettingsError, load
from dataplane_plugins.discovery import aws, consul
from dataplane_plugins.discovery.configured import configured

CONSUL = "{address: a, port: 8500, enabled: true, retry_timeout: 10}"


@pytest.fixture
def settle(tmp_path):
    def settle(text):
        path = tmp_path / "s.yaml"
        path.write_text(text)
        return load(["-f", str(path), "--state-dir", str(tmp_path / "state")], {})

    return settle


def told(settings, source):
    with pytest.raises(SettingsError) as caught:
        configured(source, settings)
    return [
        (int(one.place.rpartition(":")[2]), one.key, one.message) for one in caught.value.problems
    ]


def test_a_misspelt_key_and_a_bad_value_are_told_with_line_and_key(settle):
    text = f"""\
service_discovery:
  consuls:
  - {CONSUL}
  - adress: a
    port: abc
    enabled: true
    retry_timeout: 10
    service_allowlist:
    - a
    - 5
"""
    assert told(settle(text), consul.SOURCE) == [
        (5, "service_discovery.consuls[1].port", "must be a whole number of at most 64 bits"),
        (10, "service_discovery.consuls[1].service_allowlist[1]", "must be a string"),
        (4, "service_discovery.consuls[1].address", "is required"),
        (4, "service_discovery.consuls[1].adress",
         "there is no such setting; did you mean address?"),
    ]  # fmt: skip


def test_rules_between_properties_count_as_well(settle):
    text = f"""\
service_discovery:
  consuls:
  - {CONSUL[:-1]}, health_check_policy: min}}
  aws_regions:
  - name: a
    region: no region
    enabled: true
    retry_timeout: 10
    ipv4_address: private
    allowlist: [{{kye: a, value: b}}]
  - name: a
    region: no region
    enabled: true
    retry_timeout: 10
    ipv4_address: private
"""
    settings = settle(text)
    ((line, key, message),) = told(settings, consul.SOURCE)
    assert (line, key) == (3, "service_discovery.consuls[0].health_check_policy_min")
    assert message == "is required with health_check_policy min"
    missing, unknown, region = told(settings, aws.SOURCE)
    assert missing[:2] == (10, "service_discovery.aws_regions[0].allowlist[0].key")
    assert unknown[0] == 10
    assert region == (
        12, "service_discovery.aws_regions[1].region", "must be one such as eu-central-1",
    )  # fmt: skip


def test_the_start_is_stopped(settle):
    with pytest.raises(SettingsError, match=r"s.yaml:1: service_discovery.consuls\[0\].nme: there"):
        create_app(settle("service_discovery: {consuls: [{nme: x}]}\n"))
