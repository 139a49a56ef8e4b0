"""What a plugin returns from `dataplane_status`: the lines of `dataplane status`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the overview: `topic` is one word in front, `text` what is so.

    `bad`: it is wrong now. `doubtful`: nothing is wrong yet or any more, but somebody should look.
    """

    topic: str
    text: str
    bad: bool = False
    doubtful: bool = False
