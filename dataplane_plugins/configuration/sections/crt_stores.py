"""`crt-store` sections: certificates loaded under names of their own (manual, section 12.7)."""

from dataplane_core.plugin import (
    Declared,
    Model,
    NameKind,
    NameOf,
    Orphans,
    Registry,
    arg,
    impl,
    listed,
    on_off,
    params,
    statement,
    word,
)
from dataplane_plugins.configuration.common.certificate_files import (
    CRT,
    ISSUER,
    KEY,
    OCSP,
    SCTL,
)
from dataplane_plugins.configuration.common.keywords import one_word

NAME = r"^[A-Za-z0-9-_]+$"


CRT_STORE = Model(
    "crt_store",
    one_word("crt-base", "crt_base", "Directory of certificates.", "/etc/certs"),
    one_word("key-base", "key_base", "Directory of keys.", "/etc/certs"),
)

LOAD = statement(
    "load",
    params(
        CRT,
        OCSP,
        arg(
            "alias",
            word(
                "alias",
                None,
                declares=Declared(NameKind.ALIAS),
                help="Name that listeners refer to it by.",
            ),
        ),
        KEY,
        arg("ocsp-update", on_off("ocsp_update", help="Keep the OCSP answer up to date.")),
        arg(
            "acme",
            word("acme", None, refers_to=NameOf("acme"), help="The acme section that renews it."),
        ),
        arg("domains", listed("domains", help="Names that a renewal asks for.")),
        ISSUER,
        SCTL,
    ),
    examples=[
        "load crt site.pem key site.key alias site ocsp-update on",
        "load crt site.pem acme letsencrypt domains a.example,b.example",
    ],
    rejects=["load", "load alias site"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `crt-store` sections, and the certificates in them."""
    registry.sections(
        "crt_stores",
        kind="crt-store",
        model=CRT_STORE,
        key_pattern=NAME,
        title="CrtStore",
        otherwise={"v3": {"operation_ids": {"replace": "editCrtStore"}}},
        help="Sets of certificates, with the folders that they are loaded from.",
    )
    registry.rows(
        "crt_loads",
        LOAD,
        key="certificate",
        parents=("crt-store",),
        parameter="crt_store",
        in_path=True,
        typed=False,
        orphans=Orphans(list_in_path=400),
        rank=30,
        title="CrtLoad",
        help="Certificates of a store, each with its key and what goes with it.",
    )
