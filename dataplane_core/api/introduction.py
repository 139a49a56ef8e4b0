"""The introduction that the specification begins with, in Markdown."""

INTRODUCTION = """\
Reads and edits `haproxy.cfg` and the files around it, checks each change with HAProxy before it is
put in place, and applies it over the Runtime API or with a reload.

**Authentication.** Every request carries the name and password of a user in the settings (HTTP
basic authentication). On a listener with client certificates the certificate takes their place.

**Versions.** The configuration has a number that each change raises. A change names the version
that it was made for; where somebody else was faster it is refused with 409, and nothing is lost.

**Transactions.** Changes with a `transaction_id` in place of a `version` are seen by nobody else
until the transaction is committed, and then take effect together or not at all.

**Secrets.** Where the settings hide them, a password or token is shown as a word such as
`hidden-0123456789abcdef0123456789abcdef`, another one for another secret. Who sends it back leaves
the secret as it is; where it stands for none that could be kept there, it is refused with 422.

A first example, in a shell:

```
api=http://127.0.0.1:5555/v2/services/haproxy
auth="admin:PASSWORD"

version=$(curl -s -u $auth $api/configuration/version)
curl -u $auth -X POST "$api/configuration/backends?version=$version" \\
  -H "Content-Type: application/json" -d '{"name": "spare", "mode": "http"}'
```

Answers are JSON. A failure is `{"code": …, "message": …}`, whose message says what would be right.
A change that needs a reload is answered with 202 and the reload's identifier in `Reload-ID`;
`force_reload=true` waits for it instead.
"""
