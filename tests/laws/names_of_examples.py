"""Every example line that names something, under names of its own, and sections with what it names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataplane_core.grammar.names import Name, NameKind
from dataplane_core.resources.document_names import GIVEN_ACLS
from dataplane_core.resources.line_names import LineNames, exchanged, value_at
from dataplane_core.resources.name_reader import NameReader
from dataplane_core.testing.judging import NEEDED
from dataplane_core.text import Line
from dataplane_core.text.language import DEFAULTS, INHERITING
from tests.laws.lines import REGISTRY, Sample, samples
from tests.storage.support import bundle

SECTIONS = {
    "backend": "backend {} from base\n  server s 127.0.0.1:1\n",
    "frontend": "frontend {} from base\n",
    "peers": "peers {}\n  peer me 127.0.0.1:1\n",
    "mailers": "mailers {}\n  mailer m 127.0.0.1:25\n",
    "resolvers": "resolvers {}\n  nameserver d 127.0.0.1:53\n",
    "userlist": "userlist {}\n",
    "cache": "cache {}\n  total-max-size 1\n",
    "http-errors": "http-errors {}\n  errorfile 403 answer.http\n  errorfile 404 answer.http\n",
    "ring": "ring {}\n  size 32768\n",
    "log-profile": "log-profile {}\n  on any format x\n",
    "fcgi-app": "fcgi-app {}\n  docroot /srv\n",
    "crt-store": "crt-store {}\n",
    "acme": "acme {}\n  directory https://acme.example/directory\n",
}
"""A section of each kind that something can refer to."""

_STORE = "gpc0,gpc1,gpt0,conn_cur,http_req_rate(1s),bytes_in_rate(1s),bytes_out_rate(1s)"
LINES = {
    NameKind.ACL: "acl {} always_true",
    NameKind.SERVER: "server {} 127.0.0.1:1 check",
    NameKind.FILTER: "filter bwlim-in {} default-limit 1 default-period 1000",
    NameKind.ENGINE: "filter spoe engine {0} config {0}.spoe",
    NameKind.GROUP: "group {}",
    NameKind.USER: "user {} insecure-password x",
    NameKind.PATTERN_LIST: "acl list_{0} str(x) -f {0}",
    NameKind.ALIAS: "load crt site.pem alias {}",
}
"""A line that gives a name of each kind."""

_SCRIPT = """
core.register_action("NAME", {"tcp-req", "http-req", "tcp-res", "http-res"}, function() end, ARGS)
core.register_fetches("NAME", function() return "x" end)
core.register_service("NAME", "http", function(applet) end)
"""
_AGENT = """[SCOPE]
spoe-agent a
  messages m
  timeout hello 1s
  timeout idle 1s
  timeout processing 1s
  use-backend AGENTS
spoe-message m
  args x=src
  event on-frontend-http-request
"""
_DH = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
_ANSWER = "HTTP/1.0 503 No\r\n\r\n"

_CONTENTS = {
    "spoe": _AGENT.replace("SCOPE", "name"),
    "errorfile": _ANSWER,
    "h1-case": "host Host\n",
    "dh-param": _DH,
}
"""What is in files, by a word of the examples that name them."""

_BESIDE = {
    "email-alert": ("email-alert from a@b.c", "email-alert to a@b.c"),
    "fcgi-app": ("server f 127.0.0.1:9000 proto fcgi",),
}
"""Lines without which HAProxy does not look at a line with one of the words."""

MORE = (
    *("acl a nbsrv(shop) gt 1", "acl a http_auth_group(staff) admins", "acl a str(x) -f nets.lst"),
    *("acl a fe_conn(site) gt 1", "acl a sc_conn_cur(0,shop) gt 1", "acl a src_inc_gpc0(shop) gt 1"),
    *("acl a sc0_conn_cur(shop) gt 1", "acl a src,table_conn_cur(shop) gt 1"),
    *("acl a srv_is_up(shop/web1)", "acl a src,in_table(peers1/t)", "acl a src,map_ip(nets.map) -m found"),
    "http-request set-header X %[nbsrv(shop)]/%[src,map(a.map,none)]",
    'http-request set-header X "%[nbsrv(shop)] %[nbsrv(\'other\')]" if here !there or { nbsrv(third) gt 0 }',
    *('use_backend "shop" if here', 'use_backend "sh"op', r"use_backend sh\x6fp", "default_backend shop"),
    *("http-request set-var(txn.a) lua.f(1)", "http-request set-bandwidth-limit limiter limit 1k"),
    *("http-request use-service lua.answer", "http-request send-spoe-group engine group"),
    *("http-request return status 404 errorfiles pages", "http-request return status 200 errorfile a.http"),
    *("use-server web1 if here", "server a 127.0.0.1:1 track other/web1", "server a 127.0.0.1:1 track web1"),
    *("bind :1 ssl crt @store/main", "log-format %[nbsrv(shop)]", "stick on src table shop"),
)
"""Further lines: names in expressions and formats, quoted, escaped, and behind a section."""


@dataclass
class Wanted:
    """One name of an example, under the name that it has in the file of a test.

    `holder` is the section that has it, as the example calls that.
    """

    name: Name
    called: str
    holder: str


@dataclass
class Example:
    """An example line whose names are those that no other has."""

    sample: Sample
    line: str
    wanted: list[Wanted]


def names_of(sample: Sample) -> LineNames | None:
    """What the declarations say that an example names; ACLs of HAProxy's own do not count."""
    return _reader(sample).line(_line(sample))


def _reader(sample: Sample) -> NameReader:
    return REGISTRY.names.of(sample.kind)


def _line(sample: Sample) -> Line:
    return Line(f"  {sample.text}\n")


def naming() -> list[Sample]:
    """The examples that name something, each once."""
    found: dict[str, Sample] = {}
    for sample in (*samples(), *_more()):
        names = names_of(sample)
        if names and any(_counts(name) for _, name in names.mentions):
            known = found.setdefault(sample.text, sample)
            if known.kind == DEFAULTS:  # what only proxies below use is looked for there alone
                found[sample.text] = sample
    return list(found.values())


def _more() -> Iterator[Sample]:
    for text in MORE:
        backend = text.split()[0] in ("use-server", "server", "stick")
        statement = next(one.statement for one in samples() if one.text.split()[0] == text.split()[0])
        yield Sample("more", "backend" if backend else "frontend", statement, text)


def _counts(name: Name) -> bool:
    dynamic = not name.text and not name.scope
    return not dynamic and not (name.kinds == (NameKind.ACL,) and name.text in GIVEN_ACLS)


def example(number: int, sample: Sample) -> Example:
    """The example with names of its own: `n<number>x<which>`."""
    names, read = names_of(sample), _reader(sample).reading(_line(sample))
    assert names is not None and read is not None
    known: dict[tuple[tuple[str, ...], str], str] = {}
    wanted: list[Wanted] = []
    form, reading = read
    values = reading.values
    exchanges: list[tuple[str, Name, str]] = []
    for path, name in names.mentions:
        if not _counts(name):
            continue
        called = known.get((name.kinds, name.text))
        if called is None:
            called = known[name.kinds, name.text] = f"n{number}x{len(wanted)}" if name.text else ""
            holder = known.get((name.scope_kinds, name.scope), "")
            wanted.append(Wanted(name, called, holder))
        exchanges.append((path, name, called))
    for path, name, called in reversed(exchanges):
        value = value_at(values, path)
        value = value[: name.start] + called + name.quotes + value[name.end :]
        values = exchanged(values, path, value)
    return Example(sample, " ".join(form.write(values, reading.layout)), wanted)


def text(
    number: int, one: Example, missing: Wanted | None, folder: Path, agents: str
) -> str:
    """Sections with an example, and with what it names but for what one name is the name of.

    `agents` is the mode of backends with SPOE agents.
    """
    kinds = {kind for wanted in one.wanted for kind in wanted.name.kinds}
    kind = one.sample.kind
    if kind == "frontend" and kinds & {NameKind.SERVER, "fcgi-app"}:
        kind = "listen"
    inside, sections = list[str](), dict[str, list[str]]()
    for wanted in one.wanted:
        if wanted is not missing:
            _supply(wanted, one, folder, inside, sections)
    own = "" if kind in ("global", "traces") else f" gen-{number}"
    parent = " from base" if kind in INHERITING - {"defaults"} else ""
    needed = NEEDED.get(kind, "").splitlines()
    before = [line for lines in sections.values() for line in lines]
    beside = [f"  {line}" for word, lines in _BESIDE.items() if word in one.line for line in lines]
    body = [f"{kind}{own}{parent}", *needed, *inside, f"  {one.line}", *beside]
    return "\n".join([*before, *body, ""]).replace("AGENTS", agents)


def _supply(
    wanted: Wanted, one: Example, folder: Path, inside: list[str], sections: dict[str, list[str]]
) -> None:
    """Add what a name is the name of."""
    kind, called = wanted.name.kinds[0], wanted.called
    _supply_file(kind, called, one, folder)
    if kind == NameKind.ENGINE or (kind == NameKind.FILE and "spoe" in one.sample.text):
        agents = f"backend agents-{called} from base\n  mode AGENTS\n  server a 127.0.0.1:1"
        sections[f"agents {called}"] = agents.splitlines()
    if kind == "spoe-group":
        _supply_group(called, folder / f"{wanted.holder}.spoe")
    elif kind == NameKind.LUA:
        sections[f"global {called}"] = ["global", f"  lua-load {called}.lua"]
    elif kind == NameKind.TABLE:
        if wanted.holder in sections:
            sections[wanted.holder] = _table(wanted, one)
    elif kind in LINES:
        lines = sections.get(wanted.holder, inside)
        if lines is not inside or not wanted.holder:
            lines.append("  " + LINES[kind].format(called))
    elif kind != NameKind.FILE:
        sections[called] = SECTIONS[kind].format(called).splitlines()


def _table(wanted: Wanted, one: Example) -> list[str]:
    """A section with a stick table: a proxy's own, or one of peers that has a name."""
    kind = "type string len 32" if "type string" in one.line else "type ip"
    if wanted.called:
        line, holder = f"  table {wanted.called} {kind} size 1k store {_STORE}", "peers"
    else:
        line, holder = f"  stick-table {kind} size 1k store {_STORE}", "backend"
    return [*SECTIONS[holder].format(wanted.holder).splitlines(), line]


def _supply_file(kind: str, called: str, one: Example, folder: Path) -> None:
    if kind == NameKind.ENGINE:
        (folder / f"{called}.spoe").write_text(_agent(called, called))
    elif kind == NameKind.LUA:
        args = str(len(one.line.partition(called)[2].partition(" if ")[0].split()))
        (folder / f"{called}.lua").write_text(_SCRIPT.replace("NAME", called).replace("ARGS", args))
    elif "path" in one.sample.text.split()[0]:
        (folder / called).mkdir()
    elif kind in (NameKind.FILE, NameKind.PATTERN_LIST):
        (folder / called).write_bytes(_content(one.sample.text, called, folder))


def _supply_group(called: str, file: Path) -> None:
    if file.exists():
        text = file.read_text().replace("  messages m\n", f"  messages m\n  groups {called}\n", 1)
        file.write_text(f"{text}spoe-group {called}\n  messages m\n")


def _agent(scope: str, called: str) -> str:
    return _AGENT.replace("SCOPE", scope).replace("AGENTS", f"agents-{called}")


def _content(text: str, called: str, folder: Path) -> bytes:
    """What is in a file that an example names."""
    if text.startswith("lua"):
        return b"-- nothing\n"
    for word, content in _CONTENTS.items():
        if word in text:
            return content.replace("AGENTS", f"agents-{called}").encode()
    if "crt" in text or "ca-file" in text:
        return (folder / "site.pem").read_bytes()
    return b"10.0.0.1 x\n"


def prepare(folder: Path) -> None:
    """Write the files that sections of `SECTIONS` need."""
    (folder / "answer.http").write_text(_ANSWER)
    (folder / "site.pem").write_bytes(bundle("a.example"))
