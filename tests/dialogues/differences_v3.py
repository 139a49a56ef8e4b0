"""Where ours differs on purpose from the recorded server of version 3, as `differences` has it."""

from tests.dialogues.differences import NAMED, NO_OTHER_VALUE, REASON, Difference, each

EMPTY = "the answer is [] instead of null"
STORE = "Certificates of a `crt-store` are stored and shown with `full_section=true`"
FROM = "`/v3` shows what a section inherits from"
PLAIN_EMPTY = "Empty lists are `[]`"
WITHOUT = "Answers without authentication carry no `Configuration-Version`"
ABSENT = "A section that does not exist is not made by a PUT on its name"
STAYS = "Words beside an object stay"
TRACES = "Statuses of `traces` and its entries are those of everything else"
REPLACED = "A PUT without `description` or `email_alert` removes them"
UNIT = "New numbers are written with the largest unit that divides them"
ONE_RELOAD = "A reload that fails puts back"
LISTENED = "The address is never written as a `name`"

_LINES = (
    ("acl a1 path /1 # just words", 'acl a1 path /1 # {"comment":"just words"}'),
    ("acl a2 path /2 # {broken", 'acl a2 path /2 # {"comment":"{broken"}'),
    ('acl a3 path /3 #{"nospace":1}', 'acl a3 path /3 # {"nospace":1}'),
    ('acl a4 path /4 # ["list"]', r'acl a4 path /4 # {"comment":"[\"list\"]"}'),
    (
        'acl a5 path /5 # {"a":{"b":[1,2,{"c":null}]}} tail',
        r'acl a5 path /5 # {"comment":"{\"a\":{\"b\":[1,2,{\"c\":null}]}} tail"}',
    ),
    ('mode http # {"m":1}', "mode http"),
)
COMMENTS = "; ".join((
    *(f"frontend fe does not say {theirs}" for _, theirs in _LINES),
    *(f"frontend fe says {ours}" for ours, _ in _LINES),
))  # fmt: skip
ALERTS = "; ".join(
    f"backend p does not say {line}"
    for line in ("description d", "email-alert from a@b.c", "email-alert mailers m",
                 "email-alert to d@e.f")
)  # fmt: skip
BIND = (
    "frontend anon does not say bind *:80 name *:80 maxconn 5; "
    "frontend anon says bind *:80 maxconn 5"
)
UNMADE = '["c7"] is missing; ["c8"] is missing; ["c9"] is missing'
NODE = ".stats_options.stats_show_node_name is missing"
OTHER_TEXT = "; ".join((
    *(f"the text has no {name}" for name in ("backend be", "defaults df", "frontend fe")),
    "the text has backend x more; the text has frontend y more; global says maxconn 7",
))  # fmt: skip

DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    "discovery": (
        Difference(
            "A browser is sent to the documentation",
            "and `/v3` is a list, as `/v2` is",
            {1: "status 302 instead of 404"} | each("status 200 instead of 404", 2, 3),
        ),
        Difference(
            "A slash at the end of a path changes nothing",
            "nor does a doubled one",
            {6: "[] is not empty", 22: "status 200 instead of 404"},
        ),
        Difference(
            "`log_profiles` and `namespaces` show",
            "and `listens` the sections of both sides",
            {
                7: '["/services/haproxy/configuration/listens"] is more; '
                '["/services/haproxy/configuration/namespaces"] is more'
            },
        ),
        Difference("`/info` has two versions", "by one name more", {12: NAMED}),
        Difference(
            "Versions of the interface are served side by side",
            "versions 1 and 2 are there, too",
            each("status 200 instead of 404", 17, 18, 19, 20),
        ),
    ),
    "credentials": (
        Difference(
            WITHOUT,
            "they were missing or wrong",
            each("no header Configuration-Version", 1, 2, 3, *range(5, 13), 15),
        ),
        Difference("A browser is sent to the documentation", "which asks for credentials itself",
                   {4: "status 302 instead of 401"}),
        Difference(
            "Pages of other origins",
            "none is listed in the settings",
            {13: "status 401 (401) instead of 204", 14: "no header Access-Control-Expose-Headers"},
        ),
    ),
    "frame": (
        Difference(
            NO_OTHER_VALUE,
            "a control character, a # and a line break, so nothing was made",
            each("status 422 (422) instead of 202", 38, 39, 40)
            | {"41 raw_now": "; ".join(f"the text has no backend {name}" for name in ("c7", "c8", "c9"))},
        ),
        Difference(
            FROM,
            "of the backends that were made",
            each(UNMADE + "".join(f'; ["c{at}"].from is more' for at in (1, 3, 4, 5, 6)), 41, 56),
        ),
    ),
    "crud": (
        Difference(PLAIN_EMPTY, "also here", each(EMPTY, 13, 15, 16, 18)),
        Difference(
            ABSENT,
            "and a server keeps to its own name",
            each("status 404 (404) instead of 409", *range(67, 131, 9))
            | {60: "status 409 (409) instead of 202", 61: "status 202 instead of 404"}
            | each("backend be does not say server s0 1.1.1.2", "62 section_now", "197 raw_now"),
        ),
        Difference(FROM, "of a new frontend", {191: ".from is more", 194: '["f2"].from is more'}),
    ),
    "transactions": (
        Difference(FROM, "of a new backend", {16: ".from is more"}),
        Difference("A transaction that changed nothing asks for a reload", "it is committed",
                   {46: "status 200 instead of 404"}),
    ),
    "reloads": (
        Difference(REASON, "what was changed", each("[0].reason is more", 8, 11) | {9: ".reason is more"}),
    ),
    "reload_fails": (
        Difference(
            ONE_RELOAD,
            "the former text is a version, and is reloaded once",
            {
                2: "the version is 3 instead of 2; [] has 1 entries instead of 3; "
                "[0].reason is more; [0].response is more",
                3: "the version is 3 instead of 2; .reason is more; .response is more",
                4: "the version is 3 instead of 2; the answer is 3 instead of 2",
                5: "the version is 4 instead of 3",
                6: "the version is 4 instead of 2; the answer is 4 instead of 2",
            },
        ),
    ),
    "metadata": (
        Difference("and metadata is shown", "of `global`", {10: ".metadata is more"}),
        Difference("POST and PUT answer with the object that was sent", "`{}` too", {15: ".metadata is more"}),
        Difference(
            STAYS,
            "the recorded server rewrote the comments of lines that nobody had named",
            each(COMMENTS, "16 raw_now", "17 raw_now")
            | {"31 raw_now": COMMENTS + '; global does not say daemon; global says daemon # {"x":1}'},
        ),
        Difference(FROM, "of the frontend and a backend", each(".from is more", 18, 20)),
    ),
    "raw": (
        Difference("Past versions can be read", "the newest too", {2: "status 200 instead of 404"}),
        Difference("`only_validate` checks as a change does", "and answers with the text that was checked",
                   {11: OTHER_TEXT}),
        Difference(
            "No version number is used twice",
            "nor taken from a posted text",
            {14: "status 201 instead of 409", 17: "the version is 5 instead of 1"},
        ),
        Difference("Lines that no property can hold are shown", "`unknown words here`",
                   {22: '["x"].x_unmanaged is more'}),
    ),
    "validation": (
        Difference("`only_validate` checks as a change does", "and answers with the text that was checked",
                   {14: "no header Configuration-Checksum; the text has no backend ok"}),
    ),
    "put_semantics": (
        Difference(
            REPLACED,
            "as any property",
            {"5 section_now": ALERTS}
            | each(".description is missing; .email_alert is missing; .from is more", 6, 8),
        ),
        Difference(TRACES, "in a transaction",
                   {27: "status 202 instead of 201"} | each("status 202 instead of 200", 28, 34)),
        Difference("The file is edited, not rendered", "an empty `global` stays",
                   {"34 raw_now": f"the text has global more; {ALERTS}"}),
    ),
    "numbers": (
        Difference(
            "What HAProxy refuses is refused before it is written",
            "a time beyond 2147483647 milliseconds",
            {
                18: "status 422 (422) instead of 202",
                "18 section_now": "backend be does not say timeout connect 99999999999ms; "
                "backend be says timeout connect 1d",
                19: ".from is more; .connect_timeout is 86400000 instead of 99999999999",
            },
        ),
        Difference(FROM, "of the backend",
                   each(".from is more", *range(3, 18, 2), *range(21, 38, 2), 43, 45)),
        Difference("A property that nothing sets is absent", "and not null",
                   each(NODE, 38, 40) | each(f".from is more; {NODE}", 39, 41)),
        Difference(
            UNIT,
            "but for these",
            {
                f"{at} section_now": f"global does not say {name} {theirs}; global says {name} {ours}"
                for at, name, theirs, ours in (
                    (48, "tune.bufsize", "32k", "32768"),
                    (50, "tune.rcvbuf.client", "1m", "1048576"),
                    (56, "tune.vars.global-max-size", "1k", "1024"),
                )
            },
        ),
        Difference("Lines that no property can hold are shown", "part of a second, where HAProxy counts whole ones",
                   {59: ".x_unmanaged is more"}),
    ),
    "reading": (
        Difference("A `crt-store` without a name is not listed", "of two", {15: '[""] is missing'}),
        Difference(LISTENED, "of a bind without a name",
                   each(BIND, "23 raw_now", "26 raw_now", "32 raw_now")),
    ),
    "service_discovery": (
        Difference(PLAIN_EMPTY, "also here", each(EMPTY, 1, 17, 24)),
        Difference(
            "An entry of service discovery has an id and backends of its own",
            "the second and third have those of the first",
            each("status 409 (409) instead of 201", 9, 10) | {16: "[] is empty"},
        ),
    ),
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
}  # fmt: skip
