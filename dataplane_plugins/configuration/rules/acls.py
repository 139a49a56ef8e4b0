"""`acl` lines: named conditions (manual, section 7)."""

from dataplane_core.plugin import (
    EXPRESSION,
    Declared,
    NameKind,
    Parent,
    Patterns,
    Registry,
    impl,
    opt,
    rest,
    seq,
    statement,
    word,
)
from dataplane_plugins.configuration.common.values import OBJECT_NAME

RANK = 20

ACL = statement(
    "acl",
    seq(
        word(
            "acl_name",
            OBJECT_NAME,
            required=True,
            declares=Declared(NameKind.ACL, idle=True),
            help="Name; several lines of one name are alternatives.",
        ),
        word(
            "criterion",
            required=True,
            refers_to=EXPRESSION,
            help="What is looked at, such as `hdr(host)`.",
        ),
        opt(
            rest(
                "value",
                facts={"v1": {"required": True}},
                refers_to=Patterns("criterion"),
                help="Flags and the values to compare with.",
            )
        ),
    ),
    examples=["acl local src 127.0.0.0/8 ::1", "acl known http_auth(users)"],
    rejects=["acl", "acl local"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the ACLs of proxies, of defaults with a name, and of FastCGI applications."""
    registry.rows(
        "acls",
        ACL,
        key=None,
        parents=("frontend", "backend", "fcgi-app", Parent("defaults", versions=("v3",))),
        rank=RANK,
        filters=("acl_name",),
        title="Acl",
        tag="ACL",
        help="Named conditions.",
    )
