"""`log-profile` and `healthcheck` sections: what their lines say, and what bodies write."""

import pytest

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.schema import SchemaFactory
from dataplane_plugins.configuration.proxies.healthcheck_sections import HEALTHCHECK
from dataplane_plugins.configuration.sections.log_profiles import LOG_PROFILE
from tests.configuration.support import section

PROFILE = Codec("log_profile", LOG_PROFILE.props, "v3", SchemaFactory())


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("on error drop", {"step": "error", "drop": "enabled"}),
        ('on any format "%ci %r" sd x', {"step": "any", "format": "%ci %r", "sd": "x"}),
        ('on any format "%ci"', {"step": "any", "format": '"%ci"'}),
    ],
)
def test_a_step_reads_back_as_it_was_written(line, step):
    shown = {"steps": [{"drop": "disabled", **step}]}
    values = PROFILE.load({"steps": [step]}).values
    written = LOG_PROFILE.put(section(), values)
    assert [one.raw.strip() for one in written.lines] == [line]
    assert PROFILE.project(LOG_PROFILE.read(written)) == shown
    again = LOG_PROFILE.put(written, PROFILE.load(shown, shown).values)
    assert again.lines == written.lines


def test_a_step_is_answered_as_it_was_sent_and_shown_with_what_it_leaves_out():
    sent = {"steps": [{"step": "any"}]}
    assert PROFILE.load(sent).echo == sent


def test_a_health_check_keeps_its_type():
    written = HEALTHCHECK.put(section(), {"type": "httpchk"})
    assert [one.raw.strip() for one in written.lines] == ["type httpchk"]
    assert HEALTHCHECK.read(written) == {"type": "httpchk"}
