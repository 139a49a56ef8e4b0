from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.support import Api


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


@pytest.fixture
def make_api(tmp_path: Path) -> Callable[..., Api]:
    """Makes an application on another text or with other settings and plugins."""

    def make(*arguments: object, **named: object) -> Api:
        return Api(tmp_path, *arguments, **named)  # type: ignore[arg-type]

    return make
