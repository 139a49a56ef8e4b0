"""Documents in JSON take no more memory than their bytes, as long as they are held."""

import tracemalloc

from dataplane_core.api.body import to_json


def test_answers_that_are_kept_hold_no_spare_room() -> None:
    values = [[{"name": f"s{number}"} for number in range(count)] for count in range(100)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = [to_json(value) for value in values]
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < sum(map(len, made)) + 100 * len(made)
