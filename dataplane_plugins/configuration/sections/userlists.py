"""`userlist` sections, their users and groups (manual, section 12.2)."""

from dataplane_core.plugin import (
    Declared,
    Model,
    NameKind,
    NameOf,
    Orphans,
    Registry,
    arg,
    const,
    first_of,
    impl,
    lit,
    opt,
    params,
    seq,
    statement,
    word,
)
from dataplane_plugins.configuration.common.values import OBJECT_NAME

_PASSWORD = word(
    "password",
    secret=True,
    pattern=None,
    required=True,
    help="The password itself, or its hash as crypt(3) has it.",
)
_SECURE = {"required": True, "help": "Whether the password is a hash."}
_GROUPS = seq(
    lit("groups"),
    word(
        "groups",
        pattern=None,
        refers_to=NameOf(NameKind.GROUP, commas=True),
        help="Groups of the user, separated by commas.",
    ),
)
_SECRET = first_of(
    seq(lit("password"), _PASSWORD, const("secure_password", True, **_SECURE)),
    seq(lit("insecure-password"), _PASSWORD, const("secure_password", False, **_SECURE)),
)

USER = statement(
    "user",
    seq(
        word(
            "username",
            OBJECT_NAME,
            required=True,
            declares=Declared(NameKind.USER),
            help="Name of the user.",
        ),
        first_of(
            seq(_SECRET, opt(_GROUPS)),
            seq(_GROUPS, _SECRET),
            # A user without a password cannot log in; it is shown like one with an empty hash.
            seq(const("secure_password", True, **_SECURE), opt(_GROUPS)),
        ),
    ),
    examples=[
        "user alice password $5$LCuMWYfE$cYLmvBpWzT7NzmxMZjzMaR1mTNO3zHBdT5TRzqYDyt8",
        "user tiger password $6$k6y3o.eP$JlKBx9za groups G1,G2",
        "user scott insecure-password elgato",
        "user guest groups G2",
    ],
    rejects=["user", "user tiger password", "user tiger groups"],
)

GROUP = statement(
    "group",
    seq(
        word(
            "name",
            OBJECT_NAME,
            required=True,
            declares=Declared(NameKind.GROUP),
            help="Name of the group.",
        ),
        params(
            arg(
                "users",
                word(
                    "users",
                    pattern=None,
                    refers_to=NameOf(NameKind.USER, commas=True),
                    help="Users in the group, separated by commas.",
                ),
            ),
            tolerant=True,
        ),
    ),
    examples=["group admins", "group G1 users tiger,scott", "group G2"],
    rejects=["group", "group G1 users"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `userlist` sections, their groups and users."""
    registry.sections(
        "userlists",
        kind="userlist",
        idle=True,
        model=Model("userlist"),
        operations=("list", "create", "read", "delete"),
        help="Lists of users and groups for authentication.",
    )
    registry.rows(
        "groups",
        GROUP,
        parents=("userlist",),
        parameter="userlist",
        typed=False,
        always_in_query=True,
        rank=20,
        orphans=Orphans(list=404, create=404),
        help="Groups of users in a list.",
    )
    registry.rows(
        "users",
        USER,
        key="username",
        parents=("userlist",),
        parameter="userlist",
        typed=False,
        always_in_query=True,
        rank=30,
        orphans=Orphans(list=404),
        help="Users in a list, each with a password.",
    )
