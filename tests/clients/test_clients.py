"""Published clients of the interface do their work on a running HAProxy, and notice nothing."""

from collections.abc import Iterator

import pytest

from tests.announced.support import balancer
from tests.clients import (
    ansible_kube_cloud,
    mesh,
    terraform_cepitacio,
    terraform_marcomezzaro,
    terraform_matthisholleville,
    terraform_sepehrimanian,
    wazuh,
)
from tests.clients.replay import Replay, Story, versionless
from tests.clients.stage import Stage, furnished
from tests.harness.fixtures import one_haproxy
from tests.harness.story import lines_by_section

pytestmark = [pytest.mark.server, pytest.mark.haproxy]

CLIENTS = (
    ansible_kube_cloud,
    mesh,
    terraform_cepitacio,
    terraform_marcomezzaro,
    terraform_matthisholleville,
    terraform_sepehrimanian,
    wazuh,
)
STORIES = [story for client in CLIENTS for story in client.STORIES]


def words(line: str) -> tuple[str, ...]:
    """The words of a line in any order."""
    return tuple(sorted(line.split()))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with balancer(one_haproxy("2.8"), tmp_path_factory.mktemp("lb")) as lb:
        yield furnished(lb)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_client_does_its_work(stage: Stage, story: Story) -> None:
    stage.reset()
    begun = versionless(stage.lb.text)
    replay = Replay(stage.lb, story.headers, stage.known())
    for call in story.calls:
        replay.send(call)
    found = lines_by_section(stage.lb.text)
    for header, lines in story.lines.items():
        missing = set(map(words, map(replay.filled, lines))) - set(map(words, found.get(header, ())))
        assert header in found and not missing, (header, missing, found.get(header))
    for call in story.ending:
        replay.send(call)
    if story.ending:
        assert versionless(stage.lb.text) == begun
