"""Configurations in the hand of people, made by a seed: each one is another hand, and HAProxy takes them."""

import random
import re

from tests.corpus import lines

_PLAIN = re.compile(r"[A-Za-z0-9_./:-]+")


RULES = (
    lambda line, others: "!internal" not in line or _has(others[: others.index(line)], "acl internal"),
    lambda line, others: not line.startswith("stick on") or _has(others, "stick-table"),
    lambda line, others: line != "filter compression" or not _has(others, "http-re", "cache-"),
)
"""What HAProxy wants of a line, given the others of its section."""


NEEDED = (
    *("acl", "user ", "group ", "server first", "stick-table", "mode", "timeout", "nameserver"),
    *("total-max-size", "docroot"),
)
"""Lines that others are nothing without: no condition may take them away."""


def _has(others: list[str], start: str, word: str = "") -> bool:
    return any(line.startswith(start) and word in line for line in others)


class Hand:
    """One person's way to write: spacing, quotes, comments, conditions, line ends."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        pick = self._random.choice
        self._indent = pick(("  ", "    ", "\t", "\t\t", "", "   "))
        self._gaps = pick(((" ",), (" ",), (" ", "  ", "\t"), (" ", "    ")))
        self._quotes = pick((0.0, 0.1, 0.3))
        self._comments = pick((0.0, 0.1, 0.3))
        self._conditions = pick((0.0, 0.0, 0.1))
        self._blanks = pick((0, 1, 1, 2))
        self._end = pick(("\n", "\n", "\n", "\r\n"))
        self._unended = self._chance(0.2)
        self._tidy = self._chance(0.5)
        self._used = 100
        self._depth = 0
        self._out: list[str] = []

    def text(self) -> str:
        """The whole file."""
        if self._chance(0.5):
            self._out += ["# load balancer, " + self._prose(), *([""] if self._chance(0.5) else [])]
        self._section("global", self._some(lines.GLOBAL, 8))
        self._defaults()
        for header, pool in self._others():
            self._section(header, pool)
        self._proxies()
        if self._chance(0.3):
            more = self._some(lines.GLOBAL, 3)
            self._section("global", [line for line in more if not line.startswith("nbthread")])
            self._defaults(again=True)
            self._proxies(again=True)
        while self._out and not self._out[-1].strip() and self._chance(0.7):
            self._out.pop()
        return self._end.join(self._out) + ("" if self._unended else self._end)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _number(self) -> str:
        self._used += 1
        return str(self._used)

    def _some(self, pool: str, most: int) -> list[str]:
        found = pool.splitlines()
        chosen = self._random.sample(found, self._random.randint(0, min(most, len(found))))
        if self._tidy:
            chosen.sort(key=found.index)
        return chosen

    def _others(self) -> list[tuple[str, list[str]]]:
        """The sections that are no proxies; some are named in rules, so they are always there."""
        whole = [(header, pool.splitlines()) for header, pool in lines.OTHERS.items()]
        self._random.shuffle(whole)
        needed = ("userlist people", "mailers mail", "resolvers dns", "cache small")
        kept = [one for one in whole if one[0] in needed or self._chance(0.3)]
        return [*kept, *([("userlist staff", ["user eve insecure-password x"])] * self._chance(0.3))]

    def _defaults(self, again: bool = False) -> None:
        timeouts = ["timeout connect 5s", "timeout client 50000", "timeout server 1m"]
        name = self._random.choice(("", " later", " web" if not again else " other"))
        body = ["mode http", *timeouts, *self._some(lines.DEFAULTS, 8)]
        self._section("defaults" + name, body)

    def _proxies(self, again: bool = False) -> None:
        names = [f"{name}{'2' * again}" for name in self._random.sample(lines.NAMES, 4)]
        if not again:
            table = "stick-table type ip size 1k expire 1m store conn_rate(3s),http_req_rate(10s)"
            self._section("backend be0", ["mode http", table, "server first 127.0.0.1:8000"])
        for name in names[: self._random.randint(1, 2)]:
            body = self._body(lines.FRONT, 14)
            fronts = [line.replace("is_it", "{{ path / }}") for line in body]
            self._section(f"frontend f_{name}", [*self._binds(), *fronts, "default_backend be0"])
        for name in names[: self._random.randint(1, 3)]:
            self._section(f"backend {name}", [*self._body(lines.BACK, 10), *self._servers()])
        if self._chance(0.5):
            tcp = self._body(lines.TCP.removeprefix("mode tcp\n"), 6)
            self._section(f"listen {names[3]}", ["mode tcp", *self._binds(), *tcp, *self._servers(tcp=True)])
        if self._chance(0.4):
            both = [line for line in self._body(lines.FRONT, 8) if "is_it" not in line]
            self._section(f"listen l_{names[3]}", [*self._binds(), *both, *self._servers()])

    def _body(self, pool: str, most: int) -> list[str]:
        """Some lines, rules in front of those that lead elsewhere if the person is tidy."""
        chosen = self._some(pool, most)
        return [line for line in chosen if all(one(line, chosen) for one in RULES)]

    def _binds(self) -> list[str]:
        return self._random.choices(lines.BINDS.splitlines(), k=self._random.randint(1, 3))

    def _servers(self, tcp: bool = False) -> list[str]:
        pool = [line for line in lines.SERVERS.splitlines() if not tcp or "cookie" not in line]
        return ["server first 192.0.2.1:80", *self._random.choices(pool, k=self._random.randint(0, 4))]

    def _section(self, header: str, body: list[str]) -> None:
        self._out += [""] * self._blanks
        if self._chance(self._comments):
            self._out += self._above()
        whole = self._chance(self._conditions / 2) and header.startswith(("frontend", "backend f"))
        if whole:
            self._out.append(f".if {self._random.choice(lines.CONDITIONS)}")
        words = header.split()
        remark = f"  # {self._prose()}" if self._chance(self._comments) else ""
        self._out.append(self._random.choice(self._gaps).join(words) + remark)
        number = self._number()
        at = 0
        while at < len(body):
            at += self._lines(body[at:], number)
        if whole:
            self._out.append(".endif")

    def _lines(self, body: list[str], number: str) -> int:
        """Write one line, or a few in a conditional block; how many it was."""
        if self._chance(self._comments / 2):
            self._out.append("")
        if self._chance(self._comments):
            self._out += self._above(body)
        if body[0].startswith(NEEDED) or not self._chance(self._conditions):
            self._out.append(self._line(body[0], number))
            return 1
        free = next((at for at, line in enumerate(body) if line.startswith(NEEDED)), len(body))
        count = min(free, self._random.randint(1, 3))
        self._out.append(f"{self._indent}.if {self._random.choice(lines.CONDITIONS)}")
        self._out += [self._line(line, number) for line in body[:count]]
        if self._chance(0.3):
            self._out += [f"{self._indent}.else", f"{self._indent}# nothing"]
        self._out.append(self._random.choice(("", self._indent)) + ".endif")
        return count

    def _line(self, line: str, number: str) -> str:
        unique = self._number() if "{n}" in line  else number
        words = _words(line.format(n=unique))
        quoted = [words[0], *(self._quote(word) for word in words[1:])]
        remark = f" # {self._prose()}" if self._chance(self._comments / 2) else ""
        gap = self._random.choice(self._gaps)
        return self._indent + gap.join(quoted) + remark

    def _quote(self, word: str) -> str:
        if not _PLAIN.fullmatch(word) or not self._chance(self._quotes):
            return word
        return self._random.choice((f'"{word}"', f"'{word}'"))

    def _above(self, body: list[str] | None = None) -> list[str]:
        """Comments: prose, titles, or lines that are commented out."""
        kind = self._random.randint(0, 3)
        indent = self._random.choice(("", self._indent))
        if kind == 0 and body:
            out = [line.format(n="1") for line in self._random.choices(body, k=self._random.randint(1, 2))]
            return [f"{indent}#{self._random.choice(('', ' '))}{line}" for line in out]
        if kind == 1:
            return [indent + self._random.choice(lines.TITLES)]
        return [f"{indent}# {self._prose()}" for _ in range(self._random.randint(1, 2))]

    def _prose(self) -> str:
        return self._random.choice(lines.PROSE)


def _words(line: str) -> list[str]:
    """The words of a line, quoted ones whole."""
    return re.findall(r'(?:"[^"]*"|\\.|[^\s"\\])+', line)
