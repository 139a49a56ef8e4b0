"""Which addresses a plain listener may have, and what else has to be said for the others."""

import pytest

from dataplane_core.settings import Settings
from dataplane_core.settings.rules import broken_rules, is_loopback

OWN = ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "ip6-localhost"]
OTHERS = ["0.0.0.0", "::", "", "*", "10.0.0.1", "192.0.2.1", "2001:db8::1", "lb.example", "127.0.0.1.example", "localhost.example", "1127.0.0.1"]


def faults(**given):
    settings = Settings.default().replace(**{name.replace("__", "."): value for name, value in given.items()})
    return [str(one) for one in broken_rules(settings) if "dataplaneapi.host" in str(one)]


@pytest.mark.parametrize("host", OWN)
def test_own_addresses_need_no_word(host):
    assert is_loopback(host)
    assert faults(dataplaneapi__host=host) == []


@pytest.mark.parametrize("host", OTHERS)
def test_others_start_only_where_a_setting_says_so(host):
    (said,) = faults(dataplaneapi__host=host)
    for word in ("without TLS", "https", "dataplane.behind_tls", "dataplane.plain_network", "--plain-network"):
        assert word in said
    assert faults(dataplaneapi__host=host, dataplane__plain_network=True) == []
    assert faults(dataplaneapi__host=host, dataplane__behind_tls=True) == []
    assert faults(dataplaneapi__host=host, dataplaneapi__scheme=("unix",)) == []
    assert faults(dataplaneapi__host=host, dataplaneapi__scheme=("https",)) == []
