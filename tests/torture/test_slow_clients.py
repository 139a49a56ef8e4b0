"""Clients that are never done hold nobody up: a few of each kind, where `--slow-clients` has thousands."""

import pytest

from tests.torture.slow_clients import rows

pytestmark = pytest.mark.server

FEW = 40  # more than there are threads


def test_others_are_served_beside_clients_of_every_kind():
    for row in rows(FEW, requests=6):
        assert row.beside.answered == len(row.beside.seconds) == 6, str(row)
        assert row.held == FEW, str(row)
