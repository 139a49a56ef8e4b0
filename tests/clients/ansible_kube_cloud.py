"""The Ansible collection kube_cloud.haproxy: asks whether a thing is there, then makes or changes it.

It looks outside the transaction that it changes in, writes booleans as Python does, and sends every
property of a nested object, `null` where nobody set one. What is not 2xx is a failure.
"""

from typing import Any

from tests.clients.flows import ASK_VERSION, begin
from tests.clients.replay import THERE, Call, Story
from tests.harness.server import CONFIGURATION, TRANSACTIONS

CERTIFICATES = "/v2/services/haproxy/storage/ssl_certificates"
BALANCE: dict[str, Any] = {
    "algorithm": "roundrobin",
    "hash_expression": None,
    "hdr_name": None,
    "hdr_use_domain_only": False,
    "random_draws": None,
    "rdp_cookie_name": None,
    "uri_depth": None,
    "uri_len": None,
    "uri_path_only": False,
    "uri_whole": True,
    "url_param": None,
    "url_param_check_post": None,
    "url_param_max_wait": None,
}
BACKEND: dict[str, Any] = {
    "name": "jira",
    "mode": "http",
    "balance": BALANCE,
    "httpchk": {"type": "send", "method": "GET", "uri": "/login", "status_code": "200"},
    "httpchk_params": {"method": "GET", "uri": "/login", "version": "HTTP/1.1"},
    "adv_check": "httpchk",
    "error_files": [],
}
FRONTEND: dict[str, Any] = {
    "name": "test_frontend",
    "mode": "http",
    "default_backend": "jira",
    "compression": {"algorithms": [], "offload": None, "types": []},
    "error_files": [],
}
SERVER = {"name": "server1", "address": "127.0.0.1", "port": 8080, "weight": 10, "maxconn": 100}
BIND = {"name": "http", "address": "127.0.0.1", "port": "#{port}"}
ACL = {"acl_name": "is_api", "criterion": "path_beg", "index": 0, "value": "/api"}
DENY = {
    "index": 0,
    "type": "deny",
    "cond": "if",
    "cond_test": "{ path /admin.php } !{ src 192.168.50.20/24 }",
}
RULE = {"index": 0, "name": "be_api", "cond": "if", "cond_test": "is_api"}
FRONT = "&parent_type=frontend&parent_name=test_frontend"
BACK = "&parent_type=backend&parent_name=jira"


def present(path: str, name: object, body: dict[str, Any], query: str = "", **more: Any) -> tuple[Call, ...]:
    """Look for a thing, which is not there, and make it inside the transaction."""
    alone = f"?{query[1:]}" if query else ""
    return (
        Call("GET", f"{CONFIGURATION}/{path}/{name}{alone}", status=(400, 404), told={"message": THERE}),
        Call("POST", f"{CONFIGURATION}/{path}?transaction_id={{id}}{query}", body, 202, **more),
    )


def at_once(method: str, path: str, body: Any = None, query: str = "", **more: Any) -> tuple[Call, ...]:
    """Look for a thing, which is there, and change it under a version with a reload."""
    status = {"PUT": 200, "DELETE": 204, "POST": 201}[method]
    alone = f"?{query[1:]}" if query else ""
    tail = f"?version={{version}}&force_reload=True{query}"
    return (
        Call("GET", f"{CONFIGURATION}/{path}{alone}", told={"data": THERE}),
        ASK_VERSION,
        Call(method, f"{CONFIGURATION}/{path}{tail}", body, status, **more),
    )


PLAYBOOK = Story(
    "ansible-kube-cloud",
    (
        *begin(),
        *present("backends", "jira", BACKEND, dropped=("httpchk", "uri_whole")),
        *present("servers", "server1", SERVER, BACK),
        *present("frontends", "test_frontend", FRONTEND),
        *present("binds", "http", BIND, FRONT),
        *present("acls", 0, ACL, FRONT),
        *present("http_request_rules", 0, DENY, FRONT),
        *present("backend_switching_rules", 0, RULE, "&frontend=test_frontend"),
        Call("GET", f"{TRANSACTIONS}/{{id}}", told={"id": "{id}", "status": "in_progress"}),
        Call("PUT", f"{TRANSACTIONS}/{{id}}?force_reload=True", told={"status": "success"}),
        *at_once("PUT", "servers/server1", {**SERVER, "weight": 20}, BACK),
        *at_once("PUT", "http_request_rules/0", {**DENY, "deny_status": 404}, FRONT),
        *at_once("PUT", "backends/jira", {**BACKEND, "retries": 2}, dropped=("httpchk", "uri_whole")),
    ),
    {
        "backend jira": (
            "mode http",
            "balance roundrobin",
            "retries 2",
            "option httpchk GET /login HTTP/1.1",
            "server server1 127.0.0.1:8080 maxconn 100 weight 20",
        ),
        "frontend test_frontend": (
            "mode http",
            "bind 127.0.0.1:{port} name http",
            "acl is_api path_beg /api",
            "http-request deny deny_status 404 if { path /admin.php } !{ src 192.168.50.20/24 }",
            "use_backend be_api if is_api",
            "default_backend jira",
        ),
    },
    (
        *at_once("DELETE", "backend_switching_rules/0", query="&frontend=test_frontend"),
        *at_once("DELETE", "acls/0", query=FRONT),
        *at_once("DELETE", "frontends/test_frontend"),
        *at_once("DELETE", "servers/server1", query=BACK),
        *at_once("DELETE", "backends/jira"),
    ),
)
CANCELLED = Story(
    "ansible-kube-cloud-cancelled",
    (
        *begin(),
        Call("POST", f"{CONFIGURATION}/backends?transaction_id={{id}}", {"name": "jira"}, 202),
        Call("GET", TRANSACTIONS, told={"0.id": "{id}"}),
        Call("DELETE", f"{TRANSACTIONS}/{{id}}", status=204),
        Call("GET", f"{TRANSACTIONS}/{{id}}", status=404, told={"code": 404}),
    ),
    ending=(Call("GET", f"{CONFIGURATION}/backends/jira", status=404),),
)
FORM = "--frontier\r\n" + "\r\n".join((
    'Content-Disposition: form-data; name="file_upload"; filename="site.pem"',
    "",
    "{certificate}",
    "--frontier--",
    "",
))
MULTIPART = {"Content-Type": "multipart/form-data; boundary=frontier"}


def uploaded() -> Call:
    """Upload the certificate; a failure is all that is not 2xx, and the answer has to be JSON."""
    told = {"storage_name": "site.pem"}
    return Call("POST", f"{CERTIFICATES}?force_reload=True", FORM, 201, told, headers=MULTIPART)


# A certificate is replaced by deleting it, without a reload, and uploading it again.
CERTIFICATE = Story(
    "ansible-kube-cloud-certificate",
    (
        Call("GET", f"{CERTIFICATES}/site.pem", status=404, told={"code": 404}),
        uploaded(),
        Call("GET", f"{CERTIFICATES}/site.pem", told={"storage_name": "site.pem"}),
        Call("DELETE", f"{CERTIFICATES}/site.pem?force_reload=False", status=(202, 204)),
        uploaded(),
        Call("GET", CERTIFICATES, told={"0.storage_name": "site.pem"}),
    ),
    ending=(Call("DELETE", f"{CERTIFICATES}/site.pem?force_reload=True", status=204),),
)
STORIES = (PLAYBOOK, CANCELLED, CERTIFICATE)
