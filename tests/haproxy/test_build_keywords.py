import pytest

from dataplane_core.haproxy.build_keywords import BuildKeyword, keywords, parse
from dataplane_core.haproxy.subprocesses import CommandFailed
from tests.haproxy.support import VERSIONS
from tests.harness.fixtures import one_haproxy

LIST = """\
[NOTICE]   (1) : haproxy version is 2.8
# List of registered ACL keywords:
base_beg = base -m beg
# List of registered configuration keywords:
global
\tca-base
listen
\tbind <addr> ssl ca-sign-file +1
\tserver <name> <addr> source +-1
\toption logasap [ FE ]
\thttp-request sc-inc-gpc*
# List of registered CLI keywords:
show map [WORKER]\x20
user [MASTER] [WORKER]\x20
# List of registered sample converter functions:
add(string): sint => sint
b64dec: bin => str
# List of registered filter names:
cache [CACHE]
# List of registered sample fetch functions:
#     / _.--- backend tcp-check rule
# | |
[ Y . ] accept_date([string]): sint
# List of registered service names:
prometheus-exporter
# List of registered things of the future:
whatever
"""


def test_every_class_is_read() -> None:
    assert parse(LIST) == {
        "acl": [BuildKeyword("acl", "base_beg", usage="base -m beg")],
        "cfg": [
            BuildKeyword("cfg", "ca-base", "global"),
            BuildKeyword("cfg", "ca-sign-file", "listen", ("bind", "ssl"), "1"),
            BuildKeyword("cfg", "source", "listen", ("server",), "-1"),
            BuildKeyword("cfg", "logasap", "listen", ("option",), "FE"),
            BuildKeyword("cfg", "sc-inc-gpc", "listen", ("http-request",)),
        ],
        "cli": [
            BuildKeyword("cli", "show map", usage="WORKER"),
            BuildKeyword("cli", "user", usage="MASTER WORKER"),
        ],
        "cnv": [
            BuildKeyword("cnv", "add", usage="(string): sint => sint"),
            BuildKeyword("cnv", "b64dec", usage="bin => str"),
        ],
        "flt": [BuildKeyword("flt", "cache", usage="CACHE")],
        "smp": [BuildKeyword("smp", "accept_date", usage="([string]): sint")],
        "svc": [BuildKeyword("svc", "prometheus-exporter")],
    }


@pytest.mark.haproxy
@pytest.mark.parametrize("version", VERSIONS)
def test_a_build_tells_its_keywords(version: str) -> None:
    found = keywords(one_haproxy(version))
    words = {kind: {(*one.words, one.name) for one in every} for kind, every in found.items()}
    assert words["cfg"] >= {("bind", "alpn"), ("server", "check"), ("option", "dontlognull"), ("maxsslconn",)} or (
        words["cfg"] >= {("bind", "ssl", "alpn"), ("server", "check"), ("option", "dontlognull")}
    )
    assert words["smp"] >= {("src",), ("path",)}
    assert words["cnv"] >= {("lower",)}
    assert words["cli"] >= {("show map",), ("set server",)}
    assert len(found["cfg"]) > 400


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandFailed, match=r"haproxy\.haproxy_bin"):
        keywords("/nowhere/haproxy")
