"""Add `udp-lb` sections, HAProxy Enterprise's load balancing of datagrams, to the API."""

from dataplane_core.plugin import (
    Model, arg, impl, integer, one_of, params, seq, statement, switch, word,
)

PLUGIN_API = "1.0"
BALANCER = Model(
    "udp_lb",
    statement("dgram-bind", seq(
        word("address", help="Where datagrams arrive."),
        params(arg("name", word("label", help="What the bind is called."))),
    ), examples=["dgram-bind :53 name dns"]),
    statement("balance", one_of("balance", "roundrobin", "source", "hash", help="Who is next."),
              examples=["balance source"]),
    statement("proxy-requests", integer("requests", 0, help="Datagrams of a session."),
              examples=["proxy-requests 1"]),
    statement("proxy-responses", integer("responses", 0, help="Datagrams that are answered."),
              examples=["proxy-responses 1"]),
)

TARGET = statement(
    "server",
    seq(
        word("name", required=True, help="What it is called."),
        word("address", required=True, help="Host and port that datagrams are sent to."),
        params(switch("check", "check", off="no-check", help="Whether its health is checked."),
               arg("weight", integer("weight", 0, 256, help="Its share of the datagrams."))),
    ),
    examples=["server dns1 192.0.2.1:53 check weight 10"], rejects=["server dns1"],
)


@impl
def dataplane_register(registry):
    """Declare `/configuration/udp_lbs`, and `/configuration/udp_targets` for what is in each."""
    registry.sections("udp_lbs", kind="udp-lb", model=BALANCER, title="UdpLb")
    registry.rows("udp_targets", TARGET, parents=("udp-lb",), parameter="udp_lb", title="UdpTarget")
