"""Drives a server with a generated Python client: run with that client on PYTHONPATH.

    generated_story.py URL USER:PASSWORD < CALLS

CALLS are those of `generated_calls`, as JSON. Prints the configuration afterwards. It uses only what
the specification says: names of operations, models and parameters as openapi-generator makes them.
"""

import inspect
import json
import re
import sys
from typing import Any

import dataplane_client  # type: ignore[import-not-found]

from tests.contract.generated_calls import camel


def snake(name: str) -> str:
    """`createHTTPRequestRule` as `create_http_request_rule`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def carry_out(client: "dataplane_client.ApiClient", call: dict[str, Any], transaction: str) -> None:
    method = getattr(
        getattr(dataplane_client, f"{call['tag']}Api")(client), snake(call["operation"])
    )
    model = getattr(dataplane_client, camel(call["model"], first=True)).from_dict(call["body"])
    # Swagger 2.0 names the body's parameter; OpenAPI 3 has no name for it and the model's is used.
    place = "data" if "data" in inspect.signature(method).parameters else call["model"]
    method(**{place: model}, **call["path"], **call["query"], transaction_id=transaction)


def main() -> None:
    url, credentials = sys.argv[1:]
    user, password = credentials.split(":", 1)
    settings = dataplane_client.Configuration(host=url, username=user, password=password)
    with dataplane_client.ApiClient(settings) as client:
        configuration = dataplane_client.ConfigurationApi(client)
        transactions = dataplane_client.TransactionsApi(client)
        for calls in json.load(sys.stdin):
            if hasattr(configuration, "get_configuration_version"):
                version = int(configuration.get_configuration_version())
            else:
                version = configuration.get_ha_proxy_configuration().version
            begun = transactions.start_transaction(version=version)
            for call in calls:
                carry_out(client, call, begun.id)
            transactions.commit_transaction(begun.id)
        told = configuration.get_ha_proxy_configuration()
        print(told if isinstance(told, str) else told.data)


if __name__ == "__main__":
    main()
