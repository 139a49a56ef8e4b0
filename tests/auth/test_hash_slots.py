"""How many passwords are verified at once, and who waits for whom."""

import threading

import pytest

from dataplane_core.auth.hash_slots import Busy, HashSlots
from tests.harness.waiting import PATIENCE, until


class Verifying:
    """Verifications that take until they are let go."""

    def __init__(self):
        self.begun = 0
        self.go = threading.Event()
        self.verdicts = []

    def __call__(self):
        self.begun += 1
        assert self.go.wait(PATIENCE)
        return True

    def start(self, slots, digest, is_doubted=False):
        def run():
            self.verdicts.append(slots.verdict(digest, self, is_doubted))

        thread = threading.Thread(target=run)
        thread.start()
        return thread


def test_a_quarter_of_the_threads_verify_and_half_are_busy_with_strangers():
    slots, verifying = HashSlots(8), Verifying()
    threads = [verifying.start(slots, bytes([number]), True) for number in range(4)]
    until(lambda: verifying.begun == 2 and slots._inside == 4)
    with pytest.raises(Busy) as caught:
        slots.verdict(b"5", verifying, True)
    assert caught.value.retry_after == 1
    threads.append(verifying.start(slots, b"6"))  # from where nobody was wrong
    until(lambda: slots._inside == 5)
    assert verifying.begun == 2
    verifying.go.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert verifying.verdicts == [True] * 5
    assert slots._inside == 0
    assert not slots._under_way


def test_an_equal_credential_is_verified_once():
    slots, verifying = HashSlots(8), Verifying()
    threads = [verifying.start(slots, b"same") for _ in range(7)]
    until(lambda: slots._inside == 7)
    verifying.go.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert (verifying.begun, verifying.verdicts) == (1, [True] * 7)


def test_one_that_fails_leaves_nothing():
    slots = HashSlots(1)

    def fail():
        raise MemoryError

    with pytest.raises(MemoryError):
        slots.verdict(b"a", fail, False)
    assert slots.verdict(b"a", lambda: True, True)
