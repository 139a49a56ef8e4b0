"""Where ours differs from the recorded server on purpose, step by step, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Steps with one reason.

    `rule` are words of docs/compatibility.md, `why` says what they mean here. `steps` has for each
    step, or for what was seen behind a step, all that differs.
    """

    rule: str
    why: str
    steps: Mapping[int | str, str]


def each(told: str, *steps: int | str) -> dict[int | str, str]:
    """The same for several steps."""
    return dict.fromkeys(steps, told)


def missing(name: str, *places: str) -> str:
    """A property that some objects lack."""
    return "; ".join(f"{place}.{name} is missing" for place in places)


CERTIFICATE = "; ".join(
    f".{name} is more"
    for name in ("algorithm", "authority_key_id", "serial", "sha1_finger_print",
                 "sha256_finger_print", "subject", "subject_key_id")
)  # fmt: skip
OPTIONS = ("async", "continue-on-error", "dontlog-normal", "force-set-var", "pipelining",
           "send-frag-payload")  # fmt: skip
WRITTEN = ("max-frame-size 0", "max-waiting-frames 0", "maxconnrate 0", "maxerrrate 0",
           *(f"option {name}" for name in OPTIONS), "option set-on-error",
           "option set-process-time", "option set-total-time", "register-var-names")  # fmt: skip
RING = "; ".join(
    f"ring rg1 does not say {line}"
    for line in ("format", "maxlen 0", "timeout connect", "timeout server")
)
REFUSED = "status 422 (605) instead of 202"
ABSENT = "status 404 (404) instead of 200"
NAMED = ".api has other names in it"
RENAMED = "status 422 (605) instead of 201"
LISTENING = ("*:190", "@DIR@/x.sock", "127.0.0.1:92-95", "[::1]:97")
MAP = (
    "pattern loaded from file '@DIR@/maps/m.map' used by map at file '@DIR@/h.cfg' line 18. "
    "curr_ver={0} next_ver={0} entry_cnt=0"
)
A, B, NEW = '.data["a"]', '.data["b"]', '.data["new1"]'
LAST_DEFAULTS = (
    "defaults unnamed_defaults_1 does not say mode http; defaults unnamed_defaults_1 says mode tcp; "
    "defaults unnamed_defaults_1 says retries 7; defaults zz does not say retries 7"
)


def inherited(*shown: str, also: int = 0) -> Difference:
    """Sections for which the recorded server found out, and wrote, where they inherit from."""
    before, after = missing("from", *shown), missing("from", *shown, NEW)
    return Difference(
        "`from` is written only when a client sets it",
        "and shown only where it is written",
        {3: before, 8: before, 10: before, 11: after}
        | ({also: missing("from", '.data["f"]')} if also else {}),
    )


REASON = "The record of a reload has a `reason`"
NO_OTHER_VALUE = "A value stays one value"
EVERY_FAILURE = "Every failure is JSON"
KEPT_NAME = "A file is stored under the name that it was sent with, or refused"
FORM = "Answers have the same form as elsewhere"

DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    "discovery": (
        Difference(
            "Answers without authentication carry no `Configuration-Version`",
            "the credentials were wrong, or there were none",
            each("no header Configuration-Version", 33, 34, 35, 37, 38),
        ),
        Difference(
            "Strangers get the same 401",
            "a path that does not exist, asked for without credentials",
            {39: "status 401 (401) instead of 404"},
        ),
        Difference(
            "Versions of the interface are served side by side",
            "the information of versions 1 and 3 is asked for",
            each("status 200 instead of 404", 13, 14),
        ),
        Difference(
            "Paths of the server's own",
            "`/metrics` is one",
            {29: "status 200 instead of 404"},
        ),
        Difference(
            "A browser is sent to the documentation",
            "for `/`, which was nothing",
            each("status 302 instead of 404", 1, 36),
        ),
        Difference("`/info` has two versions", "by one name more", {11: NAMED}),
        Difference("Empty lists are `[]`", "also here", each(".data is [] instead of null", 31, 32)),
        Difference(
            "There is no cluster mode",
            "and a list of endpoints is about what is below it",
            each('["/"] is missing; ["/cluster"] is missing; ["/docs"] is more', 2, 3)
            | {20: ABSENT},
        ),
        Difference("A slash at the end of a path changes nothing", "the same list comes", {7: "[] is not empty"}),
        Difference(REASON, "what was reloaded for", {18: "[0].reason is more"}),
        Difference(
            "Pages of other origins",
            "none is listed in the settings",
            {49: "no header Access-Control-Allow-Origin; no header Access-Control-Expose-Headers"},
        ),
    ),
    "errors": (Difference(EVERY_FAILURE, "a missing parent", each("code 404 is more", 55, 61)),),
    "versions_and_reload": (
        Difference(REASON, "what was changed", {11: "[0].reason is more", 12: ".reason is more"}),
    ),
    "put_semantics": (
        Difference(
            "POST and PUT answer with the object that was sent",
            "an object that was not sent",
            {14: ".wurfl_options is missing"},
        ),
    ),
    "strings": (
        Difference(
            NO_OTHER_VALUE,
            "HAProxy finds an open quote, or a comment behind an unquoted #; so nothing was made",
            each(REFUSED, 10, 22, 41)
            | each(ABSENT, 11, 23, 43)
            | {
                "11 lines_now": "there is no backend st4",
                "23 lines_now": "there is no backend st10",
                # Steps with further such values are not in the record: st2, st5 and st6.
                45: "; ".join(f"the text has no backend st{number}" for number in (10, 2, 4, 5, 6))
                + "; backend be1 does not say server a#b 1.1.1.1",
            },
        ),
        Difference(
            "Texts of several words are shown with one blank between words",
            "without the blanks in front",
            {19: '.data.description is "lead" instead of "  lead"'},
        ),
    ),
    "binds_noname": (
        Difference("A bind without an address and without a port is refused", "this one does not", {8: "status 422 (602) instead of 202"}),
        Difference(
            "A bind without a name is shown with its address as its name",
            "the recorded server wrote the names that it had made up, and the bind without an address",
            {
                16: "; ".join((
                    "frontend fe1 does not say bind",
                    *(f"frontend fe1 does not say bind {at} name {at}"
                      for at in LISTENING),
                    *(f"frontend fe1 says bind {at}"
                      for at in LISTENING),
                )),
            },
        ),
    ),
    "storage": (
        Difference(
            EVERY_FAILURE,
            "a body without a file, and a file that is not there",
            each("code 400 is more", 14, 33, 52)
            | each("header Content-Type is application/json instead of application/octet-stream",
                   6, 44),
        ),
        Difference(KEPT_NAME, "a path, blanks and &", each(RENAMED, 12, 13, 50, 51)),
        Difference(KEPT_NAME, "the same for certificates", each(REFUSED, 31, 32)),
        Difference(
            KEPT_NAME,
            "so what was refused is in no list",
            {17: '["evil.txt.map"] is missing; ["sp_ace_.x.map"] is missing'}
            | each('["evil.txt"] is missing; ["sp_ace_.x"] is missing', 36, 55),
        ),
        Difference("Certificates have more properties", "facts", each(CERTIFICATE, 21, 24, 26, 27, 28, 59, 60)),
    ),
    "raw": (
        Difference("Past versions can be read", "the newest too", {2: "status 200 instead of 404"}),
        Difference(
            "`only_validate` checks as a change does",
            "and the command that is set takes everything",
            {7: "status 202 instead of 400"},
        ),
        Difference(
            "No version number is used twice", "also none is skipped", {14: "the version is 33 instead of 1"}
        ),
    ),
    "defaults_one_unnamed": (inherited(B, also=4),),
    "defaults_one_named": (inherited(B),),
    "defaults_two_unnamed": (inherited(A, B),),
    "defaults_named_then_unnamed": (
        inherited(A, B),
        Difference(
            "`/configuration/defaults` is the last `defaults`",
            "the recorded server changed the one whose name sorts last",
            each(LAST_DEFAULTS, "8 raw_now", "9 raw_now", "11 raw_now"),
        ),
    ),
    "defaults_unnamed_then_named": (inherited(B),),
    "file_without_version": (
        Difference(
            "Lines that no property can hold are shown",
            "the line `unknown.keyword yes`",
            each(".data.x_unmanaged is more", 3, 13, 15),
        ),
        Difference(
            "`listen` sections hold servers", "this one holds x", {11: ".data[] is not empty"}
        ),
    ),
    "spoe": (
        Difference(
            FORM,
            "a version, or the object that was sent",
            each("._version is more", 5, 8, 20)
            | {27: 'the answer is {"name": "gtx", "messages": "check-ip"} instead of null'},
        ),
        Difference(
            "Only options that the file sets are shown",
            "nor written: the file says what the upload and the changes said",
            {
                12: "; ".join(("._version is more",
                               *(missing(name, '.data["my-agent"]') for name in OPTIONS))),
                14: "; ".join(missing(name, ".data") for name in OPTIONS),
                15: '.data["check-ip"].event is missing',
                "30 file_on_disk": "; ".join((
                    *(f"spoe-agent my-agent does not say {line}" for line in WRITTEN),
                    "spoe-message check-ip does not say event",
                    "spoe-message check-ip does not say plain",  # step 19, which is refused
                )),
            },
        ),
        Difference(
            "Every change asks for a reload",
            "and its answer is the scope",
            {18: 'a Reload-Id is more; the answer is "[newscope]" instead of ""'},
        ),
        Difference("A scope is a name in brackets", "this is none", {19: RENAMED}),
        Difference(
            "A committed transaction no longer exists", "as any", {30: "status 404 (404) instead of 400"}
        ),
    ),
    "get_then_write": (
        Difference("Reading writes nothing", "of a ring", each(RING, "28 changed_by_get",
                                                               "32 changed_by_get")),
    ),
    "runtime": (
        Difference("`/info` has two versions", "by one name more", {10: NAMED}),
        Difference(
            "A file that the configuration names cannot be deleted",
            "as the next step shows",
            {54: "status 409 (409) instead of 204", 56: "[] is not empty"},
        ),
        Difference(
            "One request is one command",
            "and the value comes whole",
            each('["k4"].value is "v 4" instead of "v"', 44, 49, 51)
            | {"44 map_file": "m.map does not say k4 v; m.map says k4 v 4"},
        ),
        Difference(
            "the traffic sees all of them at once",
            "the map is a new one for HAProxy, and the list of the ACL was taken",
            {
                55: f'["m.map"].description is "{MAP.format(1)}" instead of "{MAP.format(0)}"',
                65: "status 201 instead of 400",
                66: "[] has 5 entries instead of 3",
                69: "[] has 4 entries instead of 2",
            },
        ),
        Difference(
            "Servers of backends are added and deleted without a reload",
            "as HAProxy 2.8 lets them",
            {112: "status 201 instead of 202", 116: "status 204 instead of 202"},
        ),
        Difference(REASON, "what was changed", {129: "[0].reason is more"}),
    ),
}  # fmt: skip
