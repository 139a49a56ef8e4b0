"""Cuts by the system cut off, each in its way, and end."""

import random
import socket
import threading
from contextlib import suppress

import pytest

from tests.fleet.proof.members import settle
from tests.fleet.proof.networks import Namespaces, Place, no_namespaces
from tests.harness.waiting import PATIENCE, stays, until

WAYS = ("down", "deaf", "mute", "deaf to some", "mute to some")


class Chosen(random.Random):
    """Chance that falls on one way."""

    def __init__(self, way: str) -> None:
        super().__init__(0)
        self.way = way

    def choice(self, _: object) -> str:  # type: ignore[override]
        return self.way


def socket_at(place: Place) -> socket.socket:
    """A socket of a namespace, made by a thread that moves there."""
    made: list[socket.socket] = []

    def make() -> None:
        settle(place.namespace, "")
        made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join(PATIENCE)
    made[0].bind((place.host, 7000))
    made[0].setblocking(False)
    return made[0]


def arrives(sender: socket.socket, receiver: socket.socket) -> bool:
    """Whether what is sent now, or was sent before, has come."""
    with suppress(OSError):
        sender.sendto(b"x", receiver.getsockname())
    with suppress(OSError):
        return bool(receiver.recv(10))
    return False


@pytest.mark.skipif(bool(no_namespaces()), reason=no_namespaces())
@pytest.mark.parametrize("way", WAYS)
def test_a_cut_is_in_the_direction_that_it_says_until_it_ends(way: str) -> None:
    network = Namespaces()
    try:
        places = [network.place("store", stores=True), network.place("member")]
        store, member = map(socket_at, places)
        with store, member:
            for pair in ((store, member), (member, store)):
                until(lambda pair=pair: arrives(*pair))
            end = network.cut_off("member", Chosen(way))
            with suppress(OSError):
                while member.recv(10) or store.recv(10):
                    pass
            both = [(store, member), (member, store)]
            lost = {"down": both, "mute": both[1:]}.get(way.partition(" ")[0], both[:1])
            for pair in both:
                if pair in lost:
                    assert stays(lambda pair=pair: not arrives(*pair))
                else:
                    until(lambda pair=pair: arrives(*pair))
            end()
            for pair in ((store, member), (member, store)):
                until(lambda pair=pair: arrives(*pair))
    finally:
        network.close()
