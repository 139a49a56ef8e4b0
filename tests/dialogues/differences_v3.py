"""Where ours differs on purpose from the recorded server of version 3, as `differences` has it."""

from tests.dialogues.differences import NO_OTHER_VALUE, Difference, each

EMPTY = "the answer is [] instead of null"
STORE = "Certificates of a `crt-store` are stored and shown with `full_section=true`"
DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    "indexes": (
        Difference("Empty lists are `[]`", "also here", {39: EMPTY}),
        Difference(
            NO_OTHER_VALUE,
            "an unquoted format of two words, which HAProxy reads as one word and a condition",
            {
                32: "status 422 (422) instead of 202",
                "56 section_now": "frontend fe does not say http-request set-header A in frontend",
            },
        ),
    ),
    "list_put": (
        Difference("Empty lists are `[]`", "also here", each(EMPTY, 5, 9)),
    ),
    "full_section": (
        Difference(
            "`/v3` shows what a section inherits from",
            "also in the transaction that makes it",
            each(".from is more", 11, 12, 15),
        ),
        Difference(
            STORE,
            "the recorded server lost the certificates",
            {
                30: ".crt_loads is more",
                31: 'the answer is [{"certificate": "/a.pem"}] instead of null',
                "31 raw_now": "crt-store cs does not say crt-base; crt-store cs does not say "
                "key-base; crt-store cs says load crt /a.pem",
            },
        ),
    ),
    "crt_stores": (
        Difference("Empty lists are `[]`", "also here", {3: EMPTY}),
        Difference(
            STORE,
            "a PUT without the folders",
            {
                "17 section_now": "crt-store cs does not say crt-base; "
                "crt-store cs does not say key-base"
            },
        ),
    ),
}
