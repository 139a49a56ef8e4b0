"""What is only tried has all parts of the store that it is tried beside."""

from dataplane_core.store.scratch import Scratch
from tests.store.support import Bench


def test_a_scratch_has_every_part_of_its_store(bench: Bench) -> None:
    store = bench.store()
    scratch = Scratch(store)
    assert vars(store).items() <= vars(scratch).items()
    with scratch.edit() as edit:
        edit.document = edit.document.remove(edit.document.sections[-1])
    assert scratch.snapshot().text != store.snapshot().text
    assert scratch.version() == store.version()
