"""Whatever line HAProxy takes, it takes what a scratch process has in its place.

The lines are the examples of all declarations. Every day it is a few of them;
`DATAPLANE_SIMULATED_LINES=all` has them all, which takes minutes.
"""

import os
import socket
import subprocess
from pathlib import Path

from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins.changes.simulation.rewriting import Rewriting
from dataplane_plugins.changes.simulation.scratch_text import CONTROL, FOLDER, Subject

REGISTRY = register_collections(make_manager())
STEP = 1 if os.environ.get("DATAPLANE_SIMULATED_LINES") == "all" else 60
KINDS = ("global", "defaults", "frontend", "backend")
AROUND = f"""\
global
  maxconn 10
{{global}}
resolvers dns
  nameserver a 127.0.0.1:53
peers mypeers
  peer {socket.gethostname()} 127.0.0.1:1024
  table t1 type ip size 1k store gpc0,http_req_rate(10s)
userlist users
  user a insecure-password b
cache c1
  total-max-size 1
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
{{defaults}}
frontend fe
  bind 127.0.0.1:8080
{{frontend}}
backend be
  stick-table type ip size 1k store gpc0,gpt0,conn_cur,http_req_rate(10s)
{{backend}}
  server s1 127.0.0.1:9
"""


def lines() -> list[tuple[str, str]]:
    """The examples of declarations, each with the kind of section in which it may stand."""
    found = set()
    for one in REGISTRY.collections.values():
        if isinstance(one, RowCollection):
            found |= {(kind, line) for kind in one.parents for line in one.table.statement.examples}
        elif isinstance(one, SectionCollection | SingleSection):
            found |= {(one.kind, line) for statement in one.model.statements for line in statement.examples}
    return sorted(one for one in found if one[0] in KINDS)


def refusal(program: str, text: str, folder: Path) -> str:
    """Why HAProxy does not take a text; empty where it does."""
    file = folder / "haproxy.cfg"
    file.write_text(text)
    environ = {**os.environ, FOLDER: str(folder)}
    done = subprocess.run([program, "-c", "-f", str(file)], capture_output=True, text=True, env=environ)
    return done.stderr if done.returncode else ""


def test_a_line_that_is_taken_is_taken_in_a_scratch_process(haproxy_program: str, tmp_path: Path) -> None:
    control = f"  stats socket fd@{CONTROL} level admin\n"
    taken, broken = 0, []
    for kind, line in lines()[::STEP]:
        text = AROUND.format(**{**dict.fromkeys(KINDS, ""), kind: f"  {line}"})
        if refusal(haproxy_program, text, tmp_path):
            continue
        taken += 1
        made = Rewriting(REGISTRY, Subject(Document.parse(text, REGISTRY.language)), str(tmp_path)).done()
        assert control in made.text
        said = refusal(haproxy_program, made.text.replace(control, ""), tmp_path)
        if said:
            broken.append((kind, line, said))
    assert broken == []
    assert taken >= 10
