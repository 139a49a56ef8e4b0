"""What the clients' load balancer has before they come: be_main and fe_main, a map, resolvers, SPOE."""

from dataclasses import dataclass

from tests.announced.support import Balancer
from tests.harness.server import free_port
from tests.harness.waiting import until
from tests.server.certificates import make

RULES = """\
  acl blocked src -f {folder}/blocked.acl
  http-request deny if blocked
  use_backend %[req.hdr(host),lower,map({folder}/maps/hosts.map,be_main)] if {{ path_beg /mapped }}
"""
SECTIONS = """\
resolvers docker
  nameserver dns 127.0.0.1:53
backend intentions
  mode tcp
  server agent 127.0.0.1:9
backend visitors
  stick-table type ip size 1k expire 10m store gpc0
"""
INTENTIONS = """\
[intentions]
spoe-agent intentions-agent
  messages check
  option var-prefix connect
  timeout hello 3s
  timeout idle 3s
  timeout processing 3s
  use-backend intentions
spoe-message check
  args ip=src
  event on-frontend-tcp-request
"""


@dataclass(frozen=True)
class Stage:
    """A running load balancer that every client finds as the one before did."""

    lb: Balancer
    text: str

    def known(self) -> dict[str, object]:
        """What stands for the names in the calls of clients."""
        file = self.lb.folder / "upload.pem"
        make("site.example.com").write(file)
        certificate = file.read_text()
        return {"port": free_port(), "folder": self.lb.folder, "certificate": certificate}

    def reset(self) -> None:
        """Have the configuration as it was, run by HAProxy, and no transaction open."""
        client = self.lb.client
        for one in self.lb.get("transactions"):
            assert self.lb.call("DELETE", f"transactions/{one['id']}").status == 204
        query = {"version": client.version(), "force_reload": "true"}
        answer = client.call("POST", f"{self.lb.services}/configuration/raw", text=self.text, **query)
        assert answer.status == 201, answer.body
        until(self.lb.settled)


def furnished(lb: Balancer) -> Stage:
    """Put the files in place that the configuration names."""
    folder = lb.folder
    (folder / "maps").mkdir(exist_ok=True)
    (folder / "maps" / "hosts.map").write_text("api.example.com be_api\n")
    (folder / "intentions.cfg").write_text(INTENTIONS)
    (folder / "blocked.acl").write_text("192.0.2.1\n")
    head, line, tail = lb.start.partition("  default_backend be_main\n")
    return Stage(lb, head + RULES.format(folder=folder) + line + tail + SECTIONS)
