"""Drives a server with a generated Python client: run with that client on PYTHONPATH.

    generated_story.py URL USER:PASSWORD SITE WEB1 WEB2 EXAMPLE

Prints the configuration afterwards. It uses only what the specification says: names of operations,
models and parameters as openapi-generator makes them.
"""

import inspect
import re
import sys

import dataplane_client  # type: ignore[import-not-found]

from tests.harness.story import Ports, Step, first_transaction, second_transaction

MODELS = {
    "backends": "Backend",
    "servers": "Server",
    "frontends": "Frontend",
    "binds": "Bind",
    "acls": "Acl",
    "backend_switching_rules": "BackendSwitchingRule",
    "http_request_rules": "HttpRequestRule",
}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def create(client: "dataplane_client.ApiClient", step: Step, transaction: str) -> None:
    collection, query, body = step
    name = MODELS[collection]
    tag = {"Acl": "ACL", "HttpRequestRule": "HTTPRequestRule"}.get(name, name)
    method = getattr(getattr(dataplane_client, f"{tag}Api")(client), f"create_{snake(name)}")
    model = getattr(dataplane_client, name).from_dict(body)
    # Swagger 2.0 names the body's parameter; OpenAPI 3 has no name for it and the model's is used.
    parameters = inspect.signature(method).parameters
    place = "data" if "data" in parameters else snake(name)
    method(**{place: model}, **query, transaction_id=transaction)


def main() -> None:
    url, credentials, *ports = sys.argv[1:]
    user, password = credentials.split(":", 1)
    site, first, second, example = map(int, ports)
    place = Ports(site, (first, second), example)
    settings = dataplane_client.Configuration(host=url, username=user, password=password)
    with dataplane_client.ApiClient(settings) as client:
        configuration = dataplane_client.ConfigurationApi(client)
        transactions = dataplane_client.TransactionsApi(client)
        for steps in (first_transaction(place), second_transaction(place)):
            version = configuration.get_configuration_version()
            begun = transactions.start_transaction(version=int(version))
            for step in steps:
                create(client, step, begun.id)
            transactions.commit_transaction(begun.id)
        servers = dataplane_client.ServerApi(client).get_servers(backend="web_servers")
        assert [server.name for server in servers.data] == ["server1", "server2"]
        print(configuration.get_ha_proxy_configuration().data)


if __name__ == "__main__":
    main()
