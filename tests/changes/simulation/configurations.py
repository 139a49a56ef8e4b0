"""Forty configurations with requests, to compare what is simulated with what real traffic meets.

`{P}` is the port of the first bind, `{Q}` that of the second, `{S}` that of all servers, which are
told apart by their addresses, and `{D}` a folder with `FILES`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle, product
from typing import Any

HEAD = """\
global
  maxconn 200
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  timeout tarpit 1ms
"""

FILES = {
    "hosts.map": "a.example one\nb.example two\n",
    "paths.map": "/a one\n/a/b two\n/c three\n",
    "regex.map": "^/v[0-9]+/ two\n^/static/ three\n",
    "net.map": "127.1.0.0/16 one\n127.2.0.0/16 two\n",
    "deny.acl": "/bad\n/worse\n",
    "hosts.acl": "a.example\nb.example\n",
    "net.acl": "127.3.0.0/16\n127.4.4.4\n",
    "403.http": "HTTP/1.0 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "route.lua": """
core.register_fetches("where", function(txn)
  local path = txn.sf:path()
  if path:find("two") then return "two" end
  return #path % 2 == 0 and "one" or "three"
end)
core.register_action("choose", { "http-req" }, function(txn)
  txn:set_var("txn.backend", txn.sf:req_hdr("x-want") == "b" and "two" or "one")
  if txn.sf:path() == "/stop" then
    local reply = txn:reply({ status = 418 })
    txn:done(reply)
  end
end)
core.register_converters("swap", function(text) return text == "one" and "two" or "one" end)
core.register_service("hello", "http", function(applet)
  applet:set_status(202)
  applet:start_response()
end)
""",
}

_NAMES = ("one", "two", "three")


def backends(*names: str, servers: int = 1, more: str = "", mode: str = "http") -> str:
    """Backends with the servers `s1`, `s2` …; each has an address of its own."""
    return "".join(
        f"backend {name}\n  mode {mode}\n{more}"
        + "".join(f"  server s{n} 127.{9 + _NAMES.index(name)}.0.{n}:{{S}}\n" for n in range(1, servers + 1))
        for name in names
    )


@dataclass(frozen=True)
class Case:
    """A configuration, and requests to it."""

    name: str
    text: str
    requests: tuple[dict[str, Any], ...]


def requests(count: int = 10, **values: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    """So many requests of every combination of values, from the first on."""
    keys = list(values)
    every = [dict(zip(keys, one, strict=True)) for one in product(*values.values())]
    made = [one for one, _ in zip(cycle(every), range(max(count, len(every))), strict=False)]
    return tuple(made[: max(count, 10)])


def front(lines: str, name: str = "web", bind: str = "  bind 127.0.0.1:{P}\n") -> str:
    """A frontend."""
    return f"frontend {name}\n{bind}" + "".join(f"  {line}\n" for line in lines.strip().splitlines())


def host(*names: str) -> list[dict[str, str]]:
    """Header fields with each name as the host."""
    return [{"Host": name} for name in names]


PATHS = ["/", "/a", "/a/b", "/c", "/static/x.css", "/v1/users", "/bad", "/worse", "/x?y=1", "/A"]
SOURCES = ["127.1.2.3", "127.2.0.1", "127.3.9.9", "127.4.4.4", "127.4.4.5"]
HOSTS = host("a.example", "b.example", "c.example", "A.EXAMPLE", "a.example:8080")
ALL = backends("one", "two", "three")

HTTP = [
    Case("path_beg and path_end", HEAD + front("""
use_backend two if { path_beg /a }
use_backend three if { path_end .css .js }
default_backend one""") + ALL, requests(url=PATHS)),
    Case("named acls, or, not", HEAD + front("""
acl is_a path_beg /a
acl is_static path_beg /static
acl has_query query -m found
use_backend two if is_a !{ path /a } or has_query
use_backend three if is_static || { path /c }
default_backend one""") + ALL, requests(url=PATHS)),
    Case("unless", HEAD + front("""
http-request deny unless { path_beg / } { path_len lt 8 } || { path /static/x.css }
use_backend two unless { path_beg /a } or { path_beg /c }
default_backend one""") + ALL, requests(url=PATHS)),
    Case("hosts", HEAD + front("""
use_backend one if { hdr(host) a.example }
use_backend two if { hdr(host) -i b.example }
use_backend three if { hdr_beg(host) -i a. }""") + ALL, requests(headers=HOSTS)),
    Case("a map of hosts names the backend", HEAD + front("""
use_backend %[req.hdr(host),lower,map(HOSTS,three)]""".replace("HOSTS", "{D}/hosts.map")) + ALL,
         requests(headers=HOSTS)),
    Case("a map of paths by beginnings", HEAD + front("""
use_backend %[path,map_beg({D}/paths.map)] if { path,map_beg({D}/paths.map) -m found }
default_backend one""") + ALL, requests(url=PATHS)),
    Case("a map of regular expressions", HEAD + front("""
use_backend %[path,map_reg({D}/regex.map,one)]""") + ALL, requests(url=PATHS)),
    Case("a map of networks", HEAD + front("""
use_backend %[src,map_ip({D}/net.map,three)]""") + ALL, requests(source=SOURCES)),
    Case("a backend that does not exist", HEAD + front("""
use_backend %[path,field(2,/)] if { path_len gt 1 }
default_backend one""") + ALL, requests(url=["/two", "/three", "/four", "/", "/one/x", "/TWO"])),
    Case("ACL files", HEAD + front("""
http-request deny deny_status 403 if { path -f {D}/deny.acl }
use_backend two if { hdr(host) -i -f {D}/hosts.acl }
use_backend three if { src -f {D}/net.acl }
default_backend one""") + ALL, requests(20, url=["/", "/bad"], headers=HOSTS[:3], source=SOURCES[:3])),
    Case("source ranges", HEAD + front("""
acl inside src 127.1.0.0/16 127.2.0.0/16
http-request deny if !inside { path_beg /admin }
use_backend two if inside
use_backend three if { src 127.4.4.4 }
default_backend one""") + ALL, requests(url=["/", "/admin"], source=SOURCES)),
    Case("connections are refused", HEAD + front("""
tcp-request connection reject if { src 127.3.0.0/16 }
tcp-request connection accept if { src 127.4.4.4 }
tcp-request connection reject if { src 127.4.0.0/16 }
default_backend one""") + ALL, requests(source=SOURCES, url=["/", "/a"])),
    Case("accepting passes over connection rules alone", HEAD + front("""
tcp-request connection accept unless { src 127.3.0.0/16 } || { src 127.4.0.0/16 }
tcp-request connection reject if { src 127.4.0.0/16 }
tcp-request session reject if { src 127.2.0.0/16 }
default_backend one""") + ALL, requests(source=SOURCES, url=["/", "/a"])),
    Case("http-request chain", HEAD + front("""
http-request set-var(txn.kind) str(page)
http-request set-var(txn.kind) str(file) if { path_sub . }
http-request set-path /moved%[path] if { path_beg /c }
http-request allow if { path_beg /moved }
http-request deny deny_status 405 if { method DELETE }
http-request redirect location /login code 303 if { path /a } !{ cook(session) -m found }
use_backend two if { var(txn.kind) -m str file }
use_backend three if { path_beg /moved }
default_backend one""") + ALL, requests(30, url=PATHS[:5], method=["GET", "DELETE"], cookies=[{}, {"session": "1"}])),
    Case("headers are set, and decide", HEAD + front("""
http-request set-header X-To two if { req.hdr(x-beta) 1 }
http-request replace-header Host (.*):.* \\1
http-request del-header X-To if { path /a }
use_backend two if { req.hdr(x-to) two }
use_backend three if { hdr(host) a.example }
default_backend one""") + ALL, requests(20, url=["/", "/a"], headers=[*HOSTS, {"X-Beta": "1"}, {"X-To": "two"}])),
    Case("deny, tarpit, silent-drop, return", HEAD + front("""
http-request deny deny_status 429 if { path /a }
http-request tarpit deny_status 503 if { path /c }
http-request silent-drop if { path /bad }
http-request return status 204 if { path /worse }
http-request return status 200 content-type text/plain string hello if { path /A }
http-request reject if { path /a/b }
default_backend one""") + ALL, requests(url=PATHS)),
    Case("redirects", HEAD + front("""
redirect prefix https://www.example code 301 if { hdr(host) a.example }
redirect scheme https if { hdr(host) b.example }
redirect location /home if { path / }
default_backend one""") + ALL, requests(15, headers=HOSTS[:3], url=["/", "/a", "/x?y=1"])),
    Case("cookies choose the server", HEAD + front("default_backend one") + backends("one", servers=0) + """
  balance roundrobin
  cookie SRV insert indirect nocache
  server s1 127.9.0.1:{S} cookie a
  server s2 127.9.0.2:{S} cookie b
  server s3 127.9.0.3:{S} cookie c backup
""", requests(cookies=[{}, {"SRV": "a"}, {"SRV": "b"}, {"SRV": "c"}, {"SRV": "z"}, {"other": "b"}])),
    Case("cookies choose the backend", HEAD + front("""
use_backend two if { cook(group) beta }
use_backend three if { cook(group) -m beg gam }
default_backend one""") + ALL, requests(cookies=[{}, {"group": "beta"}, {"group": "gamma"}, {"x": "y", "group": "beta"}])),
    Case("use-server", HEAD + front("default_backend one") + backends("one", servers=0) + """
  use-server s1 if { path_beg /a }
  use-server s2 if { src 127.2.0.0/16 } || { hdr(x-two) -m found }
  use-server s3 unless { path / }
  server s1 127.9.0.1:{S}
  server s2 127.9.0.2:{S}
  server s3 127.9.0.3:{S}
""", requests(20, url=["/", "/a", "/c"], source=SOURCES[:2], headers=[{}, {"X-Two": "1"}])),
    Case("balance source", HEAD + front("default_backend one")
         + backends("one", servers=4, more="  balance source\n"), requests(source=[*SOURCES, "127.8.8.1", "127.8.8.2"])),
    Case("balance uri, consistent", HEAD + front("default_backend one")
         + backends("one", servers=4, more="  balance uri\n  hash-type consistent\n"), requests(url=PATHS)),
    Case("balance url_param", HEAD + front("default_backend one")
         + backends("one", servers=3, more="  balance url_param user\n"),
         requests(url=[f"/?user={name}" for name in ("ann", "bob", "cy", "dee", "eve")] + ["/"])),
    Case("balance hdr with weights", HEAD + front("default_backend one")
         + "backend one\n  balance hdr(x-user)\n  hash-type map-based djb2 avalanche\n"
         + "".join(f"  server s{n} 127.9.0.{n}:{{S}} weight {n * 10}\n" for n in range(1, 5)),
         requests(headers=[{"X-User": name} for name in ("ann", "bob", "cy", "dee", "eve", "fay", "gus")])),
    Case("balance first, maintenance and backup", HEAD + front("default_backend one") + """
backend one
  balance first
  server s1 127.9.0.1:{S} disabled
  server s2 127.9.0.2:{S} backup
  server s3 127.9.0.3:{S}
  server s4 127.9.0.4:{S}
""", requests(url=PATHS)),
    Case("only a backup, or no server at all", HEAD + front("""
use_backend two if { path /a }
use_backend three if { path_beg /a/b }
default_backend one""") + """
backend one
  server s1 127.9.0.1:{S} disabled
  server s2 127.9.0.2:{S} backup
  server s3 127.9.0.3:{S} backup
backend two
  server s1 127.10.0.1:{S} disabled
backend three
""", requests(url=PATHS)),
    Case("a listen section", HEAD + """
listen one
  bind 127.0.0.1:{P}
  http-request deny if { path /bad }
  use_backend two if { path_beg /a }
  use-server s2 if { path /c }
  balance uri
  server s1 127.9.0.1:{S}
  server s2 127.9.0.2:{S}
""" + backends("two"), requests(url=PATHS)),
    Case("rules of named defaults", HEAD + """
defaults rules
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  http-request set-header X-From defaults
  http-request deny if { path /bad }
frontend web from rules
  bind 127.0.0.1:{P}
  use_backend two if { req.hdr(x-from) defaults } { path_beg /a }
  default_backend one
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
""" + backends("one", "two"), requests(url=PATHS)),
    Case("rules of the backend", HEAD + front("default_backend one") + """
backend one
  tcp-request content reject if { src 127.4.4.4 }
  http-request deny deny_status 410 if { path /worse }
  http-request set-path /two if { path /a }
  use-server s2 if { path /two }
  redirect location / if { path /c }
  balance uri
  server s1 127.9.0.1:{S}
  server s2 127.9.0.2:{S}
""", requests(20, url=PATHS, source=SOURCES[2:4])),
    Case("Lua", HEAD.replace("maxconn 200", "maxconn 200\n  lua-load {D}/route.lua") + front("""
http-request lua.choose if { req.hdr(x-want) -m found } || { path /stop }
http-request use-service lua.hello if { path /hello }
use_backend %[var(txn.backend),lua.swap] if { var(txn.backend) -m found }
use_backend %[lua.where]""") + ALL,
         requests(12, url=["/", "/two", "/odd", "/stop", "/hello"], headers=[{}, {"X-Want": "a"}, {"X-Want": "b"}])),
    Case("methods, versions and bodies", HEAD + front("""
option http-buffer-request
use_backend two if METH_POST { req.body -m sub hello }
use_backend three if { method PUT } || HTTP_1.0
default_backend one""") + ALL, (*requests(8, method=["POST", "PUT"], body=["", "say hello"], version=["HTTP/1.1", "HTTP/1.0"]),
                 {"method": "GET"}, {"method": "GET", "version": "HTTP/1.0"})),
    Case("two binds of a frontend", HEAD + front("""
use_backend two if { dst_port {Q} }
use_backend three if { so_id 7 }
default_backend one""", bind="  bind 127.0.0.1:{P} name first id 7\n  bind 127.0.0.1:{Q} name second\n") + ALL,
         requests(bind=["first", "second"], url=["/", "/a"])),
    Case("counters within a request", HEAD + """
backend table
  stick-table type ip size 1k expire 1m store gpc0,http_req_rate(10s)
""" + front("""
http-request track-sc0 src table table
http-request sc-inc-gpc0(0) if { path_beg /a }
http-request deny if { sc0_get_gpc0 ge 1 } { path /a/b }
use_backend two if { sc_get_gpc0(0) gt 0 }
default_backend one""") + backends("one", "two"), tuple({"url": url, "source": f"127.7.{n}.1"} for n, url in enumerate(PATHS))),
    Case("conditional blocks and variables", HEAD.replace("maxconn 200", "maxconn 200\n  setenv TARGET two") + """
.if streq("$TARGET",two)
frontend web
  bind 127.0.0.1:{P}
  .if feature(OPENSSL)
  use_backend "$TARGET" if { path_beg /a }
  .else
  use_backend three if { path_beg /a }
  .endif
  default_backend one
.endif
""" + ALL, requests(url=PATHS)),
    Case("error pages and http-errors", HEAD + """
http-errors pages
  errorfile 403 {D}/403.http
""" + front("""
errorfiles pages
http-request deny if { path /bad }
http-request deny deny_status 403 errorfiles pages if { path /worse }
monitor-uri /c
default_backend one""") + backends("one"), requests(url=PATHS)),
]  # fmt: skip

_PASSING = """
tcp-request inspect-delay 2s
tcp-request content accept if { req.ssl_hello_type 1 }
use_backend two if { req.ssl_sni -i b.example }
use_backend three if { req.ssl_sni -m end .c.example }
default_backend one"""
TCP_HEAD = HEAD.replace("mode http", "mode tcp")
TCP_ALL = backends("one", "two", "three", mode="tcp")
NAMES = ["a.example", "b.example", "x.c.example", "B.Example"]

OTHERS = [
    Case("TLS passed on by its server name", TCP_HEAD + front(_PASSING) + TCP_ALL, requests(sni=NAMES)),
    Case("TCP by its first bytes", TCP_HEAD + front("""
tcp-request inspect-delay 2s
tcp-request content reject if { req.payload(0,3) -m str BAD }
tcp-request content accept if { req.payload(0,3) -m found }
use_backend two if { req.payload(0,3) -m str SSH }
use_backend three if { req.len gt 10 }
default_backend one""") + TCP_ALL, requests(payload=["SSH-2.0", "BAD news", "something longer", "abc"])),
    Case("TCP by source and port", TCP_HEAD + front("""
tcp-request content reject if { src 127.3.0.0/16 }
use_backend two if { src 127.2.0.0/16 } or { dst_port {Q} }
default_backend one""", bind="  bind 127.0.0.1:{P} name p\n  bind 127.0.0.1:{Q} name q\n") + TCP_ALL,
         requests(source=SOURCES, bind=["p", "q"], payload=["hello"])),
    Case("TCP that looks into HTTP", TCP_HEAD + front("""
tcp-request inspect-delay 2s
tcp-request content accept if HTTP
use_backend two if { hdr(host) b.example } || { path_beg /a }
default_backend one""") + TCP_ALL, requests(url=["/", "/a"], headers=HOSTS)),
    Case("TLS ends here", HEAD + front("""
http-request deny if { ssl_fc_sni c.example }
use_backend two if { ssl_fc_sni -i b.example }
use_backend three if { ssl_fc } { path_beg /a }
default_backend one""", bind="  bind 127.0.0.1:{P} ssl crt {D}/site.pem name tls\n  bind 127.0.0.1:{Q} name plain\n") + ALL,
         (*requests(8, bind=["tls"], sni=NAMES[:3] + ["c.example"], url=["/", "/a"]),
          *requests(2, bind=["plain"], url=["/", "/a"]))),
]  # fmt: skip

CASES = (*HTTP, *OTHERS)
