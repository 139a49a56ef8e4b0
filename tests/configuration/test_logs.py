"""Log targets, and what receives messages."""

import pytest

from dataplane_plugins.configuration.rules.log_targets import LOG
from dataplane_plugins.configuration.sections.log_forwards import DGRAM_BIND
from tests.configuration.support import read, rewritten, written

TO = {"address": "127.0.0.1:514", "facility": "local0"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (TO, "log 127.0.0.1:514 local0"),
        ({**TO, "minlevel": "err"}, "log 127.0.0.1:514 local0 debug err"),
        ({**TO, "sample_range": "1,3-5", "sample_size": 6}, "log 127.0.0.1:514 sample 1,3-5:6 local0"),
        ({**TO, "length": 99, "format": "raw", "profile": "p"}, "log 127.0.0.1:514 len 99 format raw profile p local0"),
        ({**TO, "global": True}, "log global"),
        ({"nolog": True}, "no log"),
    ],
)  # fmt: skip
def test_a_new_target(values, line):
    assert written(LOG, **values) == line


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({}, "address"),
        ({"facility": "local0"}, "address"),
        ({"address": "a"}, "facility"),
        ({**TO, "sample_range": "1"}, "sample_size"),
    ],
)
def test_what_a_target_cannot_do_without(values, path):
    assert [(one.path, one.code) for one in LOG.problems(values)] == [(path, 602)]


def test_a_target_becomes_another_one():
    assert rewritten(LOG, "log   global", **{"global": None}, **TO) == "log 127.0.0.1:514 local0"
    assert rewritten(LOG, "log a local0 err", level=None) == "log a local0"


def test_a_datagram_address():
    line = "dgram-bind [::1]:514-520 namespace blue later 5"
    assert read(DGRAM_BIND, line) == {
        "address": "::1",
        "port": 514,
        "port-range-end": 520,
        "namespace": "blue",
    }
    assert rewritten(DGRAM_BIND, line, transparent=True) == f"{line[:24]} transparent namespace blue later 5"
