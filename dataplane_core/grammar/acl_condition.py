"""Read and write conditions at the end of rules: `if` or `unless`, and ACLs (manual, 7.2)."""

from collections.abc import Iterable, Iterator, Sequence

from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    unwritable,
)
from dataplane_core.grammar.terms import Term
from dataplane_core.text.tokens import is_words, plain_word, split_words


class ConditionedTerm(Term):
    """A term with an optional condition behind it, to the end of the line.

    `cond` is the property for `if` or `unless`, `test` the one for the condition itself. HAProxy
    takes a word with nothing behind it: `if` alone never holds, `unless` alone always does.
    """

    WORDS = ("if", "unless")

    def __init__(self, body: Term, cond: Prop, test: Prop) -> None:
        self.body = body
        self.cond = cond
        self.test = test

    def declared(self) -> Iterable[Prop]:
        return (*self.body.props, self.cond, self.test)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        cut, body = self._cut(tokens, at)
        reading.merge(body)
        if cut < len(tokens):
            reading.layout[self] = tokens[cut]
            reading.values[self.cond.name] = plain_word(tokens[cut])
            if tokens[cut + 1 :]:
                reading.values[self.test.name] = " ".join(tokens[cut + 1 :])
        return len(tokens)

    def _cut(self, tokens: Sequence[str], at: int) -> tuple[int, Reading]:
        """Return where the body ends, and its reading.

        It ends at the first `if` or `unless` in front of which the body can be read whole, so that
        the body may hold such a word itself.
        """
        cuts = [at + n for n, word in enumerate(tokens[at:]) if plain_word(word) in self.WORDS]
        failure = NoMatch(tokens[at] if at < len(tokens) else None, "a rule")
        for cut in (*cuts, len(tokens)):
            body = Reading()
            try:
                end = self.body.read(tokens[:cut], at, body)
            except NoMatch as no_match:
                failure = no_match
                continue
            if end == cut:
                return cut, body
            failure = NoMatch(tokens[end], "if, unless or the end of the line")
        raise failure

    def write(self, values: Values, layout: Layout) -> list[str]:
        words = self.body.write(values, layout)
        cond, test = values.get(self.cond.name), str(values.get(self.test.name, ""))
        condition: list[str] = []
        for problem in half_conditions(values, self.cond.name, self.test.name):
            raise Invalid(problem.message, code=problem.code)
        if cond is not None:
            if cond not in self.WORDS:
                raise unwritable(self.cond.name, "in body should be one of [if unless]", Code.ENUM)
            if test and not is_words(test):
                raise unwritable(
                    self.test.name, "must be a condition without a comment or an open quote"
                )
            kept = layout.get(self, cond)
            condition = [kept if plain_word(kept) == cond else cond, *split_words(test)]
        line = [*words, *condition]
        if any(plain_word(word) in self.WORDS for word in words) and self._cut(line, 0)[0] != len(
            words
        ):
            raise unwritable(
                self.body.props[0].name, "must not hold a bare `if` or `unless`: quote it"
            )
        return line

    def needs(self, values: Values) -> Iterator[str]:
        yield from self.body.needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from self.body.problems(values)
        yield from half_conditions(values, self.cond.name, self.test.name)


def half_conditions(values: Values, cond: str, test: str) -> Iterator[Problem]:
    """Yield a problem for a condition without `if` or `unless`: the rule would always hold."""
    if test in values and cond not in values:
        message = f"{cond} in body is required with {test}"
        yield Problem(cond, Code.REQUIRED, message)
