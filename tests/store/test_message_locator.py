"""Where a message of HAProxy's belongs that names no line."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.errors import Finding, Reference
from dataplane_core.store.findings import FindingPresenter
from dataplane_core.store.head import split_header
from dataplane_core.store.message_locator import MessageLocator
from dataplane_core.text import Document
from dataplane_core.text.language import Language

LANGUAGE = Language(
    {"global", "defaults", "frontend", "backend", "listen", "ring", "peers", "userlist", "cache",
     "resolvers", "log-forward", "fcgi-app"}
)  # fmt: skip
CANDIDATE = Path("/etc/haproxy/.haproxy.cfg.tmp")
TEXT = """\
# on top
global
  daemon
userlist u
  user a insecure-password b groups g
  group h users a,z

defaults common
  mode http
  default_backend shared
  tcp-request content track-sc0 src table nn

# about f
# in two lines
frontend f
  bind :1
  use_backend yy if { path /a }
  default_backend zz   # all others
  tcp-request session track-sc0 src table tt
  tcp-request connection track-sc1 src table tt
  http-request set-bandwidth-limit nope
  http-request set-header a 3
  use_backend "a b" if TRUE
frontend both
  bind :2
  default_backend gone
backend both
  server b1 10.0.0.1:80 resolvers rr
backend b
  acl to path s9
  server s 10.0.0.2:80 resolvers rr
  server 's2' 10.0.0.2:80 resolvers rr
  server-template t 2 x:80 resolvers rr
  use-server x if TRUE
  stick on src table st
  stick-table type ip size 1k peers pp
  use-fcgi-app aa
  http-request cache-use cc
listen l
  use-server t1 if TRUE
ring r
  server s 10.0.0.1:514
log-forward lf
  maxconn 1
peers p
cache c
"""

BY_A_LINE = {
    "Proxy 'f': unable to find required default_backend: 'zz'.": "default_backend zz   # all others",
    "Proxy 'f': unable to find required use_backend: 'yy'.": "use_backend yy if { path /a }",
    "Proxy 'f': unable to find required use_backend: 'a b'.": 'use_backend "a b" if TRUE',
    "Proxy 'f': unable to find table 'tt' referenced by track-sc1.":
        "tcp-request connection track-sc1 src table tt",
    "Proxy f : unable to find table 'tt' referenced by track-sc0":
        "tcp-request session track-sc0 src table tt",
    "Proxy 'f': unable to find bwlim filter 'nope' referenced by set-bandwidth-limit rule.":
        "http-request set-bandwidth-limit nope",
    "Proxy 'common': unable to find table 'nn' referenced by track-sc0.":
        "tcp-request content track-sc0 src table nn",
    "Proxy 'both': unable to find required default_backend: 'gone'.": "default_backend gone",
    "backend 'b', server 's2': unable to find required resolvers 'rr'":
        "server 's2' 10.0.0.2:80 resolvers rr",
    "config: backend 'b': server 's' has neither service port nor check port.":
        "server s 10.0.0.2:80 resolvers rr",
    "'server b/s' : could not resolve address 'x'": "server s 10.0.0.2:80 resolvers rr",
    "server 'r/s' has no address": "server s 10.0.0.1:514",
    "backend 'b' : unable to find server 'x' referenced in a 'use-server' rule.":
        "use-server x if TRUE",
    "Proxy 'b': unable to find stick-table 'st'.": "stick on src table st",
    "Proxy 'b': unable to find sync peers 'pp'.": "stick-table type ip size 1k peers pp",
    "proxy 'b' : fcgi-app 'aa' not found.": "use-fcgi-app aa",
    "config: backend 'b': unable to find the cache 'cc' referenced by the filter 'cache'.":
        "http-request cache-use cc",
    "userlist 'u': no such user 'z' specified in group 'h'": "group h users a,z",
    "userlist 'u': no such group 'g' specified in user 'a'": "user a insecure-password b groups g",
}  # fmt: skip
BY_A_HEADER = {
    "missing timeouts for frontend 'f'.\nSet them: 'client', 'both'.": "frontend f",
    "missing timeouts for backend 'r'.": "ring r",
    "frontend 'lf' has no 'bind' directive.": "log-forward lf",
    "'stats' statement ignored for frontend 'both' as it requires HTTP mode.": "frontend both",
    "Removing incomplete section 'peers p' (no peer named 'vm').": "peers p",
    "Peers section 'p': shard ignored for 'vm' local peer": "peers p",
    "Size not specified for cache 'c'": "cache c",
    "Proxy 'f': unable to find required default_backend: 'shared'.": "frontend f",
    "Proxy 'f': unable to find capture id '3' referenced by http-request capture rule.":
        "frontend f",
    "backend 'b', server 't1': unable to find required resolvers 'rr'": "backend b",
    "Proxy 'l': ignoring cookie for server 't1' as HTTP mode is disabled.": "listen l",
    "backend 'b' : ignoring cookie for server 's9' as HTTP mode is disabled.": "backend b",
}  # fmt: skip
NOWHERE = [
    "Failed to initialize server(s) addr.",
    "Proxy 'both': unable to find mailers 'mm'.",
    "Proxy 'both': unable to find required default_backend: 'shared'.",
    "Proxy 'none': unable to find required default_backend: 'zz'.",
    "Proxy '': no default_backend 'zz'",
    "no use of backend 'b' by frontend 'f'",
    "missing timeouts for backend 'f'.",
    "Proxy f uses default_backend 'zz'",
    "",
]


def lines_of(text: str, *messages: str) -> list[str | None]:
    """The text of the line that each message is given."""
    told = FindingPresenter(Path("/etc/haproxy/haproxy.cfg"), LANGUAGE).findings(
        [Finding(None, "alert", message) for message in messages], text, CANDIDATE
    )
    lines = text.split("\n")
    return [None if one.line is None else lines[one.line - 1].strip() for one in told]


@pytest.mark.parametrize(("message", "line"), [*BY_A_LINE.items(), *BY_A_HEADER.items()])
def test_names_lead_to_a_line_or_to_the_header(message, line):
    assert lines_of(TEXT, message) == [line]


@pytest.mark.parametrize("message", NOWHERE)
def test_nothing_is_guessed(message):
    assert lines_of(TEXT, message) == [None]


def test_what_could_be_inherited_does_not_tell_sections_of_one_name_apart():
    message = "Proxy 'both': unable to find required default_backend: 'gone'."
    text = TEXT.replace("  default_backend shared", "  default_backend gone")
    assert lines_of(text, message) == [None]
    twice = TEXT.replace("backend both\n", "backend both\n  default_backend gone\n")
    assert lines_of(twice, message) == [None]


def test_many_messages_are_told_as_each_alone():
    messages = [*BY_A_LINE, *BY_A_HEADER, *NOWHERE]
    assert lines_of(TEXT, *messages) == [lines_of(TEXT, one)[0] for one in messages]
    assert lines_of(TEXT.replace("\n", "\r\n"), *BY_A_LINE) == list(BY_A_LINE.values())


@pytest.mark.parametrize(("posted", "number"), [("", 2), ("# _version=3\n", 3), ("#\n", 3)])
def test_lines_are_those_of_the_text_that_was_sent(posted, number):
    text = "frontend f\n  default_backend zz\n"
    head = split_header(posted + text)[0]
    candidate = "# _version=9\n" + split_header(posted + text)[1]
    found = [Finding(None, "alert", "Proxy 'f': unable to find required default_backend: 'zz'.")]
    teller = FindingPresenter(
        Path("/h.cfg"),
        LANGUAGE,
        lambda document, section, at: Reference("x", section.kind, section.name, at),
    )
    [told] = teller.findings(found, candidate, CANDIDATE, head)
    assert (told.line, told.section) == (number, "frontend f")
    assert told.resource == Reference("x", "frontend", "f", 0)


def test_other_lines_that_a_message_names_are_those_that_were_sent_too():
    said = "backend 'b', another server named 's' was already defined at line 4, please use others."
    found = [Finding(5, "alert", f"{said} See haproxy.cfg:4.")]
    candidate = "# _version=9\n\nbackend b\n  server s a:1\n  server s a:2\n"
    teller = FindingPresenter(Path("/haproxy.cfg"), LANGUAGE)
    [told] = teller.findings(found, candidate, CANDIDATE, split_header("")[0])
    assert (told.line, told.section) == (4, "backend b")
    assert "already defined at line 3," in told.message
    assert told.message.endswith("See haproxy.cfg:3.")


def test_an_object_without_a_line_is_the_section():
    teller = FindingPresenter(Path("/h.cfg"), LANGUAGE, lambda document, section, at: Reference("x", "frontend", section.name, at))
    found = [Finding(None, "warning", "missing timeouts for frontend 'f'.")]
    [told] = teller.findings(found, TEXT, CANDIDATE)
    assert (told.line, told.section, told.resource) == (15, "frontend f", Reference("x", "frontend", "f", -1))


SECTIONS = st.lists(
    st.sampled_from(["# x\n", "\n", "global\n", "backend b\n", "frontend f\n", "  mode http\n"])
)


@given(SECTIONS, SECTIONS)
def test_every_line_is_in_the_section_that_it_stands_in(above, below):
    document = Document.parse("".join([*above, "listen me\n", *below]), LANGUAGE)
    places = MessageLocator(document, ["listen 'me' is odd"])
    lines = document.text().split("\n")
    number = places.named("listen 'me' is odd")
    assert number == len(above) + 1
    for line in range(1, len(lines)):
        found = places.at(line)
        if found is None:
            assert document.preamble.count("\n") >= line
        elif found[1] >= 0:
            assert found[0].lines[found[1]].raw.strip() == lines[line - 1].strip()
    assert places.at(number)[1] == -1


@given(st.text(alphabet="abf'/:.-_ \n") | st.text())
def test_any_message_is_taken(message):
    lines_of(TEXT, message, f"Proxy 'f': {message}")


def test_long_words_and_long_files_take_no_time():
    count = 20_000
    servers = "".join(f"  server s{number} 10.0.0.1:80\n" for number in range(count))
    messages = [f"backend 'b', server 's{number}': odd" for number in range(0, count, 100)]
    messages += [character * 2000 for character in "x_-'. "]
    started = time.process_time()
    told = lines_of(f"backend b\n{servers}", *messages * 5)
    assert time.process_time() - started < 2
    assert told[1] == "server s100 10.0.0.1:80"
