"""The walk-through as programs in Go and TypeScript, each for the client made from one document."""

import json
from typing import Any

from tests.contract.generated_calls import camel
from tests.harness.server import PASSWORD, USER, Tree

GO = """\
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	client "github.com/example/dataplane_client"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	settings := client.NewConfiguration()
	settings.Servers = client.ServerConfigurations{{URL: os.Args[1]}}
	api := client.NewAPIClient(settings)
	user := client.BasicAuth{UserName: %(user)s, Password: %(password)s}
	ctx := context.WithValue(context.Background(), client.ContextBasicAuth, user)
%(steps)s
	told, _, err := api.ConfigurationAPI.GetHAProxyConfiguration(ctx).Execute()
	check(err)
	fmt.Println(told%(data)s)
}
"""
GO_TRANSACTION = """\
	{
		told, _, err := api.ConfigurationAPI.%(version)s(ctx).Execute()
		check(err)
		begun, _, err := api.TransactionsAPI.StartTransaction(ctx).Version(told%(number)s).Execute()
		check(err)
%(steps)s
		_, _, err = api.TransactionsAPI.CommitTransaction(ctx, begun.GetId()).Execute()
		check(err)
	}
"""
GO_CALL = """\
		{
			var body client.%(model)s
			check(json.Unmarshal([]byte(%(body)s), &body))
			_, _, err = api.%(tag)sAPI.%(operation)s(%(path)s).%(place)s(body)%(query)s.TransactionId(begun.GetId()).Execute()
			check(err)
		}
"""
TYPESCRIPT = """\
import * as client from "./index";

declare const process: any;

async function main(): Promise<void> {
  const [, , basePath] = process.argv;
  const settings = new client.Configuration({ basePath, username: %(user)s, password: %(password)s });
  const configuration = new client.ConfigurationApi(settings);
  const transactions = new client.TransactionsApi(settings);
%(steps)s
  console.log((await configuration.getHAProxyConfiguration())%(data)s);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
"""
TYPESCRIPT_TRANSACTION = """\
  {
    const version = (await configuration.%(version)s())%(number)s;
    const { id } = await transactions.startTransaction({ version: version! });
%(steps)s
    await transactions.commitTransaction({ id: id! });
  }
"""
TYPESCRIPT_CALL = """\
    await new client.%(tag)sApi(settings).%(operation)s({
      %(arguments)s%(place)s: client.%(model)sFromJSON(%(body)s), transactionId: id,
    });
"""


def has_envelopes(document: Tree) -> bool:
    """Whether what a GET answers stands under `data`."""
    answers = document["paths"]["/services/haproxy/configuration/raw"]["get"]["responses"]
    return "$ref" in str(answers["200"]) or "data" in str(answers["200"])


def has_version(document: Tree) -> bool:
    """Whether the version of the configuration has a path of its own."""
    return "/services/haproxy/configuration/version" in document["paths"]


def go(document: Tree, transactions: list[list[Tree]]) -> str:
    """The program in Go."""
    version = {"version": "GetConfigurationVersion", "number": ""}
    if not has_version(document):
        version = {"version": "GetHAProxyConfiguration", "number": ".GetVersion()"}
    parts = [
        GO_TRANSACTION % {**version, "steps": "".join(GO_CALL % _in_go(one) for one in calls)}
        for calls in transactions
    ]
    return _program(GO, parts, ".GetData()" if has_envelopes(document) else "")


def typescript(document: Tree, transactions: list[list[Tree]]) -> str:
    """The program in TypeScript."""
    version = {"version": "getConfigurationVersion", "number": ""}
    if not has_version(document):
        version = {"version": "getHAProxyConfiguration", "number": ".version"}
    parts = [
        TYPESCRIPT_TRANSACTION
        % {**version, "steps": "".join(TYPESCRIPT_CALL % _in_typescript(one) for one in calls)}
        for calls in transactions
    ]
    return _program(TYPESCRIPT, parts, ".data" if has_envelopes(document) else "")


def _program(source: str, parts: list[str], data: str) -> str:
    secrets = {"user": json.dumps(USER), "password": json.dumps(PASSWORD)}
    return source % {**secrets, "steps": "".join(parts), "data": data}


def _in_go(call: Tree) -> dict[str, Any]:
    return {
        "tag": call["tag"],
        "operation": camel(call["operation"], first=True),
        "model": camel(call["model"], first=True),
        "place": camel(call["model"], first=True),
        "path": ", ".join(["ctx", *map(json.dumps, call["path"].values())]),
        "query": "".join(
            f".{camel(name, first=True)}({json.dumps(value)})"
            for name, value in call["query"].items()
        ),
        "body": f"`{json.dumps(call['body'])}`",
    }


def _in_typescript(call: Tree) -> dict[str, Any]:
    given = {**call["path"], **call["query"]}
    return {
        "tag": call["tag"],
        "operation": call["operation"],
        "model": camel(call["model"], first=True),
        "place": camel(call["model"]),
        "arguments": "".join(
            f"{camel(name)}: {json.dumps(value)}, " for name, value in given.items()
        ),
        "body": json.dumps(call["body"]),
    }
