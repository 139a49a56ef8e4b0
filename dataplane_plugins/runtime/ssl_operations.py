"""What the specification says of certificates, CA files and revocation lists that are loaded."""


from dataplane_core.plugin import (
    FILE_FIELD,
    Body,
    Operation,
    Parameter,
    Response,
    Routes,
    array,
    dataclass,
    operation,
)
from dataplane_plugins.runtime.common import (
    DELETED,
    NO_SUCH_OBJECT,
    OBJECT_EXISTS,
    REFUSED,
    TEXT,
    V3,
    name_parameter,
)
from dataplane_plugins.tls.certificate_schema import define_certificates

TAG = "SSLRuntime"
_DATE = {"type": "string", "format": "date"}
_UPLOAD = Body({"type": "string", "format": "binary"}, "multipart/form-data", form_field=FILE_FIELD)
_NAME = name_parameter(
    "name",
    "The name under which HAProxy has it: mostly the path of a file, percent-encoded.",
    where="path",
)
_CERTIFICATE = Response({"$ref": "ssl_certificate"})
_DONE = Response(None, (), "Loaded.")


@dataclass(frozen=True, slots=True)
class Words:
    """The words for one kind: in identifiers of operations, in sentences, and for its lists."""

    several: str
    one: str
    plural: str
    singular: str
    schema: str


def _many(words: Words) -> dict[str, Operation]:
    """Return the operations on all of a kind."""
    return {
        "GET": operation(
            f"getAll{words.several}",
            TAG,
            f"List loaded {words.plural}. Those that the running HAProxy has in its memory.",
            _200=Response({"$ref": words.schema}),
        ),
        "POST": operation(
            f"create{words.one}",
            TAG,
            f"Load {words.singular}. The running HAProxy has it at once under the name of the "
            "upload, and forgets it at a reload.",
            (),
            _UPLOAD,
            _201=_DONE,
            _400=REFUSED,
            _409=OBJECT_EXISTS,
        ),
    }


def _changes(words: Words, replace: str, **more: Response) -> dict[str, Operation]:
    """Return the operations that replace and delete one of a kind."""
    return {
        "PUT": operation(
            f"{replace}{words.one}",
            TAG,
            f"Replace the content of {words.singular}. The running HAProxy uses it at once; a "
            "reload brings back what the file has.",
            (_NAME,),
            _UPLOAD,
            _200=_DONE,
            _400=REFUSED,
            _404=NO_SUCH_OBJECT,
            **more,
        ),
        "DELETE": operation(
            f"delete{words.one}",
            TAG,
            f"Forget {words.singular}. One that is in use is kept.",
            (_NAME,),
            _204=DELETED,
            _400=REFUSED,
            _404=NO_SUCH_OBJECT,
        ),
    }


def _reading(identifier: str, summary: str, answer: Response, *parameters: Parameter) -> Operation:
    place = (_NAME, *parameters)
    return operation(identifier, TAG, summary, place, _200=answer, _404=NO_SUCH_OBJECT)


_CERTIFICATES = Words("Certs", "Cert", "certificates", "a certificate", "ssl_certificates")
_CA_FILES = Words("CaFiles", "CaFile", "CA files", "a CA file", "ssl_ca_files")
_CRL_FILES = Words("Crl", "Crl", "revocation lists", "a file of revocation lists", "ssl_crls")
CERTIFICATE_LIST = _many(_CERTIFICATES)
CERTIFICATE = {
    "GET": _reading(
        "getCert",
        "Read a loaded certificate. What HAProxy says of it, and whether it is in use.",
        _CERTIFICATE,
    ),
    **_changes(_CERTIFICATES, "replace"),
}
CA_FILE_LIST = _many(_CA_FILES)
CA_FILE = {
    "GET": _reading(
        "getCaFile",
        "Read a loaded CA file. How many certificates it has.",
        Response({"$ref": "ssl_ca_file"}),
    ),
    **_changes(_CA_FILES, "set", _201=_DONE),
}
CA_FILE_ENTRIES = {
    "POST": operation(
        "addCaEntry",
        TAG,
        "Add a certificate to a loaded CA file. The answer shows it.",
        (_NAME,),
        _UPLOAD,
        _201=_CERTIFICATE,
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    )
}
CA_FILE_ENTRY = {
    "GET": _reading(
        "getCaEntry",
        "Read a certificate of a loaded CA file. By its number, from 1.",
        _CERTIFICATE,
        Parameter("index", "integer", "path", required=True, help="Its number, from 1."),
    )
}
CRL_FILE_LIST = _many(_CRL_FILES)
CRL_FILE = {
    "GET": _reading(
        "getCrl",
        "Read a loaded file of revocation lists. Who has issued each, and which serial numbers "
        "are revoked.",
        Response({"$ref": "ssl_crl_entries"}),
        Parameter("index", "integer", help="Only the list with this number, from 1."),
    ),
    **_changes(_CRL_FILES, "replace"),
}


def define_ssl_schemas(routes: Routes) -> None:
    """Define the schemas and the tag that these operations refer to."""
    routes.tag(TAG, "Certificates and lists of them in the running HAProxy.", 30)
    define_certificates(routes)
    revoked = {"serial_number": TEXT, "revocation_date": _DATE}
    entry = {
        **dict.fromkeys(("issuer", "signature_algorithm", "status", "storage_name"), TEXT),
        "last_update": _DATE,
        "next_update": _DATE,
        "revoked_certificates": {
            "type": "array",
            "items": {"type": "object", "properties": revoked},
        },
        "version": TEXT,
    }
    for name, properties in (
        ("ssl_ca_file", dict.fromkeys(("count", "file", "storage_name"), TEXT)),
        ("ssl_crl", dict.fromkeys(("description", "file", "storage_name"), TEXT)),
        ("ssl_crl_entry", entry),
    ):
        routes.schema(name, {"type": "object", "properties": properties}, V3)
    for several, one in (
        ("ssl_ca_files", "ssl_ca_file"),
        ("ssl_crls", "ssl_crl"),
        ("ssl_crl_entries", "ssl_crl_entry"),
    ):
        routes.schema(several, array(one), V3)
