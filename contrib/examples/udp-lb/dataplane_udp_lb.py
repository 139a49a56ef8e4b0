"""Add `udp-lb` sections, HAProxy Enterprise's load balancing of datagrams, to the API."""

from dataplane_core.plugin import (
    Model, arg, impl, integer, one_of, params, seq, statement, switch, word,
)

PLUGIN_API = "1.0"
BALANCER = Model(
    "udp_lb",
    statement(
        "dgram-bind",
        seq(word("address", help="Where datagrams arrive."), params(arg("name", word("label")))),
        examples=["dgram-bind :53 name dns"],
    ),
    statement(
        "balance", one_of("balance", "roundrobin", "source", "hash"), examples=["balance source"]
    ),
    statement("proxy-requests", integer("requests", 0), examples=["proxy-requests 1"]),
    statement("proxy-responses", integer("responses", 0), examples=["proxy-responses 1"]),
)

TARGET = statement(
    "server",
    seq(
        word("name", required=True),
        word("address", required=True, help="Host and port that datagrams are sent to."),
        params(switch("check", "check", off="no-check"), arg("weight", integer("weight", 0, 256))),
    ),
    examples=["server dns1 192.0.2.1:53 check weight 10"],
    rejects=["server dns1"],
)


@impl
def dataplane_register(registry):
    """Declare `/configuration/udp_lbs`, and `/configuration/udp_targets` for what is in each."""
    registry.sections("udp_lbs", kind="udp-lb", model=BALANCER, title="UdpLb")
    registry.rows("udp_targets", TARGET, parents=("udp-lb",), parameter="udp_lb", title="UdpTarget")
