"""What a worker makes of discovery when it starts."""

from types import SimpleNamespace

from dataplane_plugins.discovery.routes import dataplane_start


def test_only_the_worker_that_follows_sources_makes_them():
    duties = {}
    services = SimpleNamespace(lead=duties.__setitem__)  # there are no hooks to ask for sources
    dataplane_start(services)
    assert list(duties) == ["discovery"]
