"""Where ours differs on purpose from the recorded server of version 3: run time, storage and SPOE."""

from tests.dialogues.differences import (
    KEPT_NAME,
    NAMED,
    OPTIONS,
    REASON,
    Difference,
    each,
    missing,
)

CERTIFICATE = "; ".join(
    f".{name} is more"
    for name in ("algorithm", "authority_key_id", "sha1_finger_print", "sha256_finger_print",
                 "subject_key_id")
)  # fmt: skip
ENTRIES = "Entries show the `line_number`"
NULS = "has its options without the zero bytes"
MORE = "Certificates have more properties"
LIVE = "A changed file reaches the running HAProxy without a reload"
ADDED = "Servers of backends are added and deleted without a reload"
MAP = (
    "pattern loaded from file '@DIR@/maps/m.map' used by map at file '@DIR@/haproxy.cfg' line 22. "
    "curr_ver={0} next_ver={0} entry_cnt=0"
)
EMPTIED = f'["m.map"].description is "{MAP.format(2)}" instead of "{MAP.format(0)}"'
NUL = r'[0].ssl_bind_config is "alpn h2" instead of "alpn h2\u0000"'
SET = tuple(name for name in OPTIONS if name not in ("async", "pipelining"))
_UNSAID = ("option set-on-error", "option set-process-time", "option set-total-time")
_NUMBERS = (("hello", "2000", "2s"), ("idle", "120000", "2m"), ("processing", "10", "10ms"))
_CHANGED = "; ".join(f"spoe-agent a1 does not say {line}" for line in _UNSAID)
_NEW = "; ".join((
    *(f"spoe-agent a1 does not say {line}"
      for line in ("max-waiting-frames 0", "maxconnrate 0", "maxerrrate 0",
                   *(f"option {name}" for name in SET))),
    _CHANGED,
    *(f"spoe-agent a1 does not say timeout {name} {plain}" for name, plain, _ in _NUMBERS),
    *(f"spoe-agent a1 says timeout {name} {with_unit}" for name, _, with_unit in _NUMBERS),
))  # fmt: skip
_PLAIN = "spoe-message check-ip does not say plain"  # step 14, which is refused
AUTHORITY = (
    '{"storage_name": "newca.pem", "status": "Unused", '
    '"serial": "6E75C003803CE83B8A65FD3A73C0F6EDC3ACBBA5", '
    '"not_before": "2026-11-21T09:34:59.000Z", "not_after": "2036-11-18T09:34:59.000Z", '
    '"algorithm": "RSA2048", "sha1_finger_print": "9D91345B7748768D36DE80B1D6C4E58092D6222B", '
    '"subject": "/CN=example.com", "issuers": "/CN=example.com"}'
)
NO_LONGER = "status 404 (404) instead of 204"

DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    "storage": (
        Difference(
            KEPT_NAME,
            "a path, a blank and a $, so no list has it",
            each("status 422 (422) instead of 201", 17, 39)
            | {62: "status 422 (422) instead of 202", 90: "status 422 (422) instead of 409"}
            | each('["evil_name_.map"] is missing', 20, 42, 65),
        ),
        Difference(MORE, "fingerprints", each(CERTIFICATE, 47, 50, 52, 53, 54, 55, 59, 63, 66, 67)),
        Difference(
            ENTRIES,
            "and an entry or a list that is not there is 404",
            {
                at: "; ".join(f"[{row}].line_number is more" for row in range(rows))
                for at, rows in ((97, 1), (102, 3), (105, 4), (111, 1))
            }
            | {
                108: NO_LONGER,
                112: "status 404 (404) instead of 201",
                115: "status 404 (404) instead of 202",
            },
        ),
    ),
    "spoe": (
        Difference(
            "Every change asks for a reload",
            "and names it",
            each("a Reload-Id is more", 13, 19, 20, 22, 23, 33, 34, 37, 39, 40, 41),
        ),
        Difference("A scope is a name in brackets", "this is none",
                   {14: "status 422 (422) instead of 201", 56: _PLAIN}),
        Difference(
            "Only options that the file sets are shown",
            "nor written",
            {
                25: "; ".join(missing(name, '["a1"]') for name in SET),
                26: "; ".join(missing(name, "") for name in SET),
                31: f"{_NEW}; {_PLAIN}",
                36: f"{_CHANGED}; {_PLAIN}",
            },
        ),
        Difference(
            "Agents and messages of SPOE files answer a PUT with the object",
            "and what is missing is 404",
            {
                32: 'a Reload-Id is more; the answer is {"name": "a1", "messages": "m2"} '
                "instead of null",
                35: "status 404 (404) instead of 409",
            },
        ),
        Difference("A committed transaction no longer exists", "as any",
                   {55: "status 404 (404) instead of 400"}),
    ),
    "runtime_none": (Difference("`/info` has two versions", "by one name more", {19: NAMED}),),
    "runtime": (
        Difference("Empty lists are `[]`", "of what has no statistics", {10: ".stats is more"}),
        Difference("`/health` needs no `status_cmd`", "none is set",
                   {11: '.haproxy is "up" instead of "unknown"'}),
        Difference("`/info` has two versions", "by one name more", {12: NAMED}),
        Difference(
            "Nothing that a client sends is answered with 500",
            "a server without an address was made by step 43",
            {52: '["dyn3"] is more'},
        ),
        Difference(
            "One request is one command",
            "and the value comes whole",
            each("m.map does not say k5 v; m.map says k5 v 5", "64 map_file", "66 map_file")
            | each('["k5"].value is "v 5" instead of "v"', 70, 72),
        ),
        Difference(
            "A file that the configuration names cannot be deleted",
            "so it stays in the list",
            {76: "status 409 (409) instead of 204", 79: "[] is not empty"},
        ),
        Difference("the traffic sees all of them at once", "the map is a new one for HAProxy",
                   each(EMPTIED, 77, 81)),
        Difference("A file may be uploaded to an ACL list as a whole", "here to one of two entries",
                   {95: "status 201 instead of 400", 96: "[] has 4 entries instead of 2"}),
        Difference("answers with the certificate that was added", "to the authorities",
                   {145: f"the answer is {AUTHORITY} instead of null"}),
        Difference(NULS, "of one option", each(NUL, 168, 177, 182)),
        Difference("To delete the certificate that is shown to who names no server",
                   "or what HAProxy does not find",
                   each("status 400 (400) instead of 404", 178, 179)),
        Difference(
            ADDED,
            "and serve at once",
            {209: '.admin_state is "ready" instead of "maint"', 210: "status 204 instead of 202"},
        ),
        Difference("A change is applied without a reload only where the outcome is the same",
                   "as it is for a frontend's `maxconn`", {211: "status 200 instead of 202"}),
        Difference("CA and CRL files are among the certificates", "in one folder",
                   {213: '["ca.pem"] is more; ["crl.pem"] is more'}),
        Difference(MORE, "fingerprints", each(CERTIFICATE, 214, 215, 216)),
        Difference(LIVE, "here one that HAProxy does not use", {217: "status 204 instead of 202"}),
        Difference(REASON, "what was changed", {220: "[0].reason is more"}),
    ),
}  # fmt: skip
