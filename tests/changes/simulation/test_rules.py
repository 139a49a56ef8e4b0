"""Which rules match is what their conditions say: chains of rules whose outcome Python knows, too."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.changes.simulation.support import SimulatingApi
from tests.harness.haproxy import DEFAULTS

WORDS = ("a", "b", "c", "d")
PATHS = ["/", "/a", "/b", "/ab", "/cd", "/abc", "/bd", "/abcd"]
FINAL = ("http-request deny", "http-request allow", "http-request redirect location /x")
OTHERS = ("http-request set-header X-A b", "http-request set-var(txn.b) str(x)", "http-request del-header X-C")


@dataclass(frozen=True)
class Chance:
    """A rule made by chance: alternatives of words that the path has, or with `!` has not."""

    does: str
    word: str
    alternatives: tuple[tuple[str, ...], ...]

    @property
    def line(self) -> str:
        terms = [" ".join(map(self.term, one)) for one in self.alternatives]
        return f"  {self.does} {self.word} {' || '.join(terms)}" if terms else f"  {self.does}"

    def term(self, word: str) -> str:
        sign = "!" if word.startswith("!") else ""
        return f"{sign}has_{word[-1]}" if word[-1] in "ab" else f"{sign}{{ path -m sub {word[-1]} }}"

    def holds(self, path: str) -> bool:
        found = not self.alternatives or any(
            all((word[-1] in path) is not word.startswith("!") for word in one) for one in self.alternatives
        )
        return found is (self.word == "if") if self.alternatives else True


def chain(chance: random.Random, count: int) -> Iterator[Chance]:
    for _ in range(count):
        does = chance.choice(FINAL) if chance.random() < 0.15 else chance.choice(OTHERS)
        word = chance.choice(("if", "unless"))
        sizes = [chance.randint(1, 3) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
        signed = [*WORDS, *(f"!{word}" for word in WORDS)]
        yield Chance(does, word, tuple(tuple(chance.sample(signed, size)) for size in sizes))


def states(rules: list[Chance], path: str) -> list[str]:
    """What becomes of each rule of a chain for a path."""
    found, ended = [], False
    for rule in rules:
        if ended:
            found.append("not_reached")
            continue
        held = rule.holds(path)
        found.append("matched" if held else "not_matched")
        ended = held and rule.does in FINAL
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_states_of_rules_are_those_of_their_conditions(tmp_path: Path, haproxy_program: str, seed: int) -> None:
    front, back = (list(chain(random.Random(f"{seed} {part}"), 25)) for part in ("front", "back"))
    text = f"""{DEFAULTS}
frontend web
  bind :80
  acl has_a path -m sub a
  acl has_b path -m sub b
{chr(10).join(rule.line for rule in front)}
  default_backend shop
backend shop
  acl has_a path -m sub a
  acl has_b path -m sub b
{chr(10).join(rule.line for rule in back)}
  server s1 192.0.2.1:80
"""
    api = SimulatingApi(tmp_path, haproxy_program, text)
    results: list[dict[str, Any]] = api.ask(*({"url": path} for path in PATHS))["results"]
    api.close()
    for path, result in zip(PATHS, results, strict=True):
        for kind, rules in (("frontend web", front), ("backend shop", back)):
            told = sorted((one["line"], one["state"]) for one in result["rules"] if one["section"] == kind)
            if told:
                assert [state for _, state in told] == states(rules, path), (path, kind)
        ended = [rule.does for rule in front if rule.does in FINAL and rule.holds(path)][:1]
        assert (result["backend"] == "shop") is (not ended or "allow" in ended[0])
