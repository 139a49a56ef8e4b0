"""`server` lines (manual, sections 4.2 "server" and 5.2)."""

from collections.abc import Iterable
from dataclasses import replace

from dataplane_core.plugin import (
    Declared,
    NameKind,
    Prop,
    Registry,
    RowCommands,
    SingleStatement,
    impl,
    seq,
    word,
)
from dataplane_plugins.configuration.common.addresses import server_address
from dataplane_plugins.configuration.servers import commands
from dataplane_plugins.configuration.servers.params import server_params

RANK = 90

# Management guide, section 9.3: what the running process takes for a server that it has, and the
# column of `show servers state` in which it shows that.
LIVE = {
    "weight": ("set server {parent}/{name} weight {value:0-256}", "srv_uweight"),
    "address": ("set server {parent}/{name} addr {address:ip} port {port:1-65535}", "srv_addr"),
    "port": ("set server {parent}/{name} addr {address:ip} port {port:1-65535}", "srv_port"),
    "maintenance": (
        "set server {parent}/{name} state {value:enabled=maint,disabled=ready,=ready}",
        "srv_admin_state",
    ),
    "agent-addr": ("set server {parent}/{name} agent-addr {value:ip}", "srv_agent_addr"),
    "agent-port": ("set server {parent}/{name} agent-port {value:1-65535}", "srv_agent_port"),
    "agent-send": ("set server {parent}/{name} agent-send {value}", ""),
    "health_check_address": ("set server {parent}/{name} check-addr {value:ip}", "srv_check_addr"),
    "health_check_port": (
        "set server {parent}/{name} check-port {value:1-65535}",
        "srv_check_port",
    ),
}


class ServerStatement(SingleStatement):
    """A server line; the commands of `LIVE` set some of its properties in the running process."""

    def declared(self) -> Iterable[Prop]:
        for prop in super().declared():
            live, running = LIVE.get(prop.name, (prop.live, prop.running))
            yield replace(prop, live=live, running=running)


SERVER = ServerStatement(
    "server",
    seq(
        word(
            "name",
            required=True,
            declares=Declared(NameKind.SERVER),
            help="Name of the server, unique in its section.",
        ),
        server_address(lax=True, facts={"v1": {"required": False}}),
        server_params(identified=True),
    ),
    examples=[
        "server web3 10.0.0.3:80 check inter 2000 weight 10",
        "server web1 10.0.0.1:80 check inter 2000 weight 10 resolve-net 10.0.0.0/8",
        "server web2 [2001:db8::1]:443 ssl verify required ca-file ca.pem id 7",
        "server app unix@/run/app.sock backup no-check",
        "server old 10.0.0.2 disabled source 10.0.0.3 usesrc clientip",
        "server tlv 10.0.0.4:80 send-proxy-v2 set-proxy-v2-tlv-fmt(0x20) %[fc_pp_tlv(0x20)]",
    ],
    rejects=["server", "server web1 10.0.0.1 weight"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the servers of backends, rings, peers and `listen` sections."""
    registry.rows(
        "servers",
        SERVER,
        parents=("backend", "ring", "peers"),
        parameter="backend",
        rank=RANK,
        live=RowCommands(
            commands.add_commands,
            commands.delete_commands,
            commands.inherited_values,
            commands.refuse_unlike_reload,
            commands.added_keywords,
            "add server help",
            commands.UNSURE,
        ),
        title="Server",
        help="Machines that requests are sent to.",
    )
