"""All views, with something chosen in each, and the past and the stores that they show."""

from urllib.parse import quote

from tests.page.browser.system import System

TOP = "/v3/services/haproxy/configuration"
VIEWS = [
    "map",
    "map?chosen=backend:web",
    "map?chosen=frontend:site",
    "map?chosen=rule:site:0",
    "trace?url=/api&frontend=site",
    "servers",
    "servers?backend=web&server=web1",
    "editor",
    "forms",
    "forms?add=server",
    "forms?add=route",
    f"forms?resource={quote(f'{TOP}/backends/web', '')}",
    f"forms?collection={quote(f'{TOP}/backends/web/servers', '')}",
    "transactions",
    "history",
    "history?version=2",
    "drift",
    "certificates?name=shop.pem",
    "patterns?kind=maps&list=teams.map",
    "tables?table=clients",
    "discovery",
    "fleet",
    "nothing",
]


def make_past(system: System) -> None:
    """Make versions, and leave a transaction open."""
    system.put_text(system.text().replace("bought in spring", "bought in summer"), "the comment was wrong")
    server = {"name": "web3", "address": "127.0.0.1", "port": 9}
    system.configuration("POST", "backends/shop/servers", server, version=system.client.version())
    system.settle()
    begun = system.client.call("POST", "/v3/services/haproxy/transactions", version=system.client.version()).json
    system.configuration("DELETE", "backends/shop/servers/web3", transaction_id=begun["id"])
