"""A userlist means what it means to HAProxy, and where that cannot be known, nobody gets in."""

import logging
import os
import socket
from types import SimpleNamespace

import pytest

from dataplane_core.auth import Authenticator
from dataplane_core.auth.passwords import verify
from dataplane_core.auth.userlists import users_of
from dataplane_core.errors import Unauthorized
from dataplane_core.settings import Settings
from dataplane_core.text import Document
from dataplane_core.text.language import SECTIONS
from tests.auth.test_authenticator import HASHES, basic
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import HaproxyProcess
from tests.harness.waiting import until

ENVIRON = {"SECRET_PW": "topsecret", "LIST": "listed groups g", "EMPTY": "", "HAPROXY_LOCALPEER": "x"}
FRONTEND = """
frontend fe
  mode http
  timeout client 5s
  bind "unix@{folder}/fe.sock"
  http-request return status 200 if {{ http_auth(controller) }}
  http-request return status 401
"""
"""What HAProxy asks; every pair of the cases below is held against it."""


@pytest.fixture(autouse=True)
def environ(monkeypatch):
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NOT_SET", raising=False)


def case(text, *pairs):
    """A configuration, and `user:password` with what both answer.

    `+` both admit, `-` neither, `!` HAProxy alone where it has the variables that are set here.
    """
    return SimpleNamespace(text=text, pairs=[(pair[0], *pair[1:].split(":", 1)) for pair in pairs])


CASES = {
    "the first of equal names": case(
        "userlist controller\n user dup insecure-password first\n user dup insecure-password second\n"
        " user none\n user none insecure-password second\n",
        "+dup:first", "-dup:second",
    ),
    "variables": case(
        'userlist controller\n group g\n user weak insecure-password "${SECRET_PW}"\n'
        ' user bare insecure-password "$SECRET_PW!"\n user open insecure-password ${SECRET_PW}\n'
        " user strong insecure-password '$SECRET_PW'\n"
        ' user escaped insecure-password "\\${SECRET_PW}"\n'
        ' user list insecure-password "${LIST[*]}"\n user one insecure-password "${LIST}"\n'
        ' user default insecure-password "${SECRET_PW-x}"\n user "$SECRET_PW" insecure-password x\n',
        "+weak:topsecret", "-weak:${SECRET_PW}", "+bare:topsecret!", "-bare:$SECRET_PW!",
        "+open:${SECRET_PW}", "-open:topsecret", "+strong:$SECRET_PW", "-strong:topsecret",
        "+escaped:${SECRET_PW}", "+list:listed", "+one:listed groups g", "-one:listed",
        "+default:topsecret", "-default:x", "+topsecret:x", "-$SECRET_PW:x",
    ),
    "variables that are not set": case(
        'userlist controller\n user a insecure-password "${NOT_SET}"\n user a insecure-password x\n'
        ' user b insecure-password "${NOT_SET-x}"\n user c insecure-password "x$EMPTY"\n'
        ' user d insecure-password "x$HAPROXY_LOCALPEER"\n user e insecure-password "x${.LINE}"\n',
        "!a:", "-a:x", "-a:${NOT_SET}", "!b:x", "!c:x", "-d:xx", "!e:x7",
    ),
    "a name that is not known": case(
        'userlist controller\n user a insecure-password x\n user "${NOT_SET}b" insecure-password one\n'
        " user b insecure-password two\nuserlist controller\n user c insecure-password x\n",
        "+a:x", "!b:one", "-b:two", "!c:x",
    ),
    "escapes": case(
        "userlist controller\n user a insecure-password x\\a\\x41\\$\\t'\\x41'\"\\'\\#\"\\xc3\\xbc\\\n",
        "+a:x\\aA\\$\t\\x41'#ü\\",
    ),
    "several passwords": case(
        "userlist controller\n user a insecure-password x insecure-password y\n"
        f" user b insecure-password x password y\n user c password {HASHES['md5']} insecure-password y\n"
        f" user d insecure-password y password {HASHES['md5']}\n user e password {HASHES['sha256']}\n"
        ' user f insecure-password "" groups g\n user g insecure-password\n group g users a\n'
        ' user h insecure-password x "" groups nowhere\n',
        "-a:x", "+a:y", "-b:x", "+b:y", "+c:y", "-d:correct horse", f"+d:{HASHES['md5']}",
        "+e:correct horse", "+f:", "!g:", "+h:x",
    ),
    "a condition about a user": case(
        "userlist controller\n user first insecure-password x\n.if defined(NOT_SET)\n"
        "  user a insecure-password x\n  user first insecure-password y\n.elif defined(SECRET_PW)\n"
        "  user b insecure-password x\n .if defined(NOT_SET)\n .else\n  user c insecure-password x\n"
        " .endif\n.endif\n user a insecure-password z\n user b insecure-password z\n"
        " user d insecure-password x\n .notice hello\n user e insecure-password x\n",
        "+first:x", "-first:y", "-a:x", "!a:z", "!b:x", "-b:z", "!c:x", "+d:x", "+e:x",
    ),
    "a condition about a list": case(
        ".if defined(NOT_SET)\nuserlist controller\n user a insecure-password x\n.endif\n"
        "userlist controller\n user a insecure-password y\n",
        "-a:x", "!a:y",
    ),
    "a condition about a section between": case(
        "userlist controller\n user a insecure-password x\n.if defined(NOT_SET)\ncache c\n.endif\n"
        " user b insecure-password x\nuserlist controller\n user b insecure-password y\n",
        "+a:x", "!b:x", "-b:y",
    ),
    "a quoted condition": case(
        'userlist controller\n user a insecure-password x\n".if" defined(NOT_SET)\n'
        " user b insecure-password x\n .endif\n",
        "+a:x", "-b:x",
    ),
    "several lists of one name": case(
        "userlist controller\n user a insecure-password x\nuserlist controller\n"
        " user a insecure-password y\n user b insecure-password x\nuserlist other\n"
        " user o insecure-password x\nuserlist controller\n user z insecure-password x\n",
        "+a:x", "-a:y", "+b:x", "-o:x", "-z:x",
    ),
    "lines that go to the list begun last": case(
        "userlist other\n user o insecure-password x\nuserlist controller\n user a insecure-password x\n"
        "userlist other\n user b insecure-password x\nuserlist controller\n"
        " user b insecure-password y\n",
        "+a:x", "-o:x", "+b:x", "-b:y",
    ),
    "setenv": case(
        "global\n setenv SECRET_PW other\n setenv MADE \"${SECRET_PW}made\"\n presetenv LIST unused\n"
        " presetenv PRESET x\n.if defined(NOT_SET)\n setenv HOME x\n.endif\n unsetenv PATH\n"
        'userlist controller\n user a insecure-password "$SECRET_PW"\n'
        ' user b insecure-password "$MADE"\n user c insecure-password "$LIST"\n'
        ' user d insecure-password "$PRESET"\n user e insecure-password "${HOME}"\n'
        ' user f insecure-password "x$PATH"\n',
        "+a:other", "-a:topsecret", "+b:othermade", "+c:listed groups g", "!d:x",
        "-e:x", f"!e:{os.environ.get('HOME', '')}", "!f:x",
    ),
    "resetenv": case(
        "global\n resetenv SECRET_PW\nuserlist controller\n"
        ' user a insecure-password "$SECRET_PW"\n user b insecure-password "x$LIST"\n',
        "+a:topsecret", "!b:x", "-b:xlisted groups g",
    ),
}  # fmt: skip


def users(text):
    return users_of(Document.parse(text, SECTIONS), "controller")


def admits(text, name, password):
    account = users(text).accounts.get(name)
    return account is not None and verify(password.encode(), account.secret)


@pytest.mark.parametrize("name", CASES)
def test_who_gets_in(name):
    for verdict, user, password in CASES[name].pairs:
        assert admits(CASES[name].text, user, password) == (verdict == "+"), (user, password)


@pytest.mark.haproxy
@pytest.mark.parametrize("version", ["2.6", "2.8", "3.0", "3.2"])
@pytest.mark.parametrize("name", CASES)
def test_who_gets_in_at_haproxy(name, version, tmp_path):
    program = one_haproxy(version)
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(CASES[name].text + FRONTEND.format(folder=tmp_path))
    with HaproxyProcess(program, configuration, tmp_path):
        until((tmp_path / "fe.sock").exists)
        for verdict, user, password in CASES[name].pairs:
            admitted = asked(tmp_path, user, password)
            assert admitted == (verdict in "+!"), (user, password)


def asked(folder, user, password):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(folder / "fe.sock"))
        request = f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic(user, password)}\r\n\r\n"
        connection.sendall(request.encode())
        return {b"200": True, b"401": False}[connection.recv(4096).split()[1]]


def test_groups():
    text = (
        "userlist controller\n group g users a,b\n group g users c\n group h\n.if defined(X)\n"
        " group i users a\n.endif\n group i users a\n user a insecure-password x groups h\n"
        " user a groups k\n user b insecure-password x\n user c insecure-password x groups g,h\n"
    )
    found = {name: set(account.groups) for name, account in users(text).accounts.items()}
    assert found == {"a": {"g", "h"}, "b": {"g"}, "c": {"g", "h"}}


@pytest.mark.parametrize(
    ("lines", "names", "doubt"),
    [
        (' user b insecure-password "x\n', "ac", "user b does not count: a quote is not closed"),
        (" user b insecure-password x bogus y\n", "ac", "user b does not count: a word stands there"),
        (" user b bogus insecure-password x\n", "ac", "user b does not count: a word stands there"),
        (" user b insecure-password\n", "ac", "user b does not count: the password is missing"),
        (" uzer b insecure-password x\n", "a", "a user or a group is expected here"),
        ('us"erlist" other\n', "a", "a user or a group is expected here"),
        (" user\n", "a", "a user or a group is expected here"),
        ('"$NOT_SET" b insecure-password x\n', "a", "the variable NOT_SET is not set here"),
        ("userlist\n", "a", "a userlist needs a name"),
        ('userlist "$NOT_SET"\n', "a", "the variable NOT_SET is not set here"),
    ],
)  # fmt: skip
def test_lines_that_haproxy_refuses_or_that_cannot_be_known(lines, names, doubt):
    found = users(
        f"userlist controller\n user a insecure-password x\n{lines} user c insecure-password x\n"
    )
    assert "".join(found.accounts) == names
    assert [line for line, _ in found.ignored] == [3]
    assert found.ignored[0].reason.startswith(doubt)


def test_what_a_global_section_behind_the_list_changes_is_not_known():
    text = 'userlist controller\n user a insecure-password "$SECRET_PW"\nglobal\n setenv SECRET_PW x\n'
    assert not users(text).accounts
    text = text.replace("setenv SECRET_PW x", 'setenv "A$NOT_SET" x')
    assert not users(text.replace("SECRET_PW", "NOT_SET")).accounts


def test_the_log_tells_once_of_each_line_that_does_not_count(caplog):
    text = (
        "# a comment\nuserlist controller\n user a insecure-password hidden\n"
        '.if defined(X)\n user b insecure-password hidden\n.endif\n user c password "hidden$NOT_SET"\n'
    )
    current = [text]
    subject = Authenticator(
        Settings.default(), lambda: Document.parse(current[0], SECTIONS)
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert subject.admit(basic("a", "hidden"), None, "http").identity.name == "a"
        current[0] += "frontend other\n"
        with pytest.raises(Unauthorized):
            subject.admit(basic("b", "hidden"), None, "http")
    one, two = (record.getMessage() for record in caplog.records)
    assert ", line 5: user b stands in a conditional block (.if)" in one and "userlist_file" in one
    assert two.endswith(", line 7: user c does not count: the variable NOT_SET is not set here")
    assert "hidden" not in caplog.text.replace("line", "")


def test_a_file_of_its_own_may_hold_other_sections(tmp_path):
    path = tmp_path / "users.cfg"
    path.write_text(
        "global\n setenv SECRET_PW other\n user haproxy\nuserlist controller\n"
        ' user a insecure-password "$SECRET_PW"\nfrontend fe\n mode http\n'
    )
    settings = Settings.default().replace(**{"dataplaneapi.userlist.userlist_file": path})
    subject = Authenticator(settings, lambda: pytest.fail("the configuration was read"))
    assert set(subject.accounts()) == {"a"}
    assert subject.admit(basic("a", "other"), None, "http").identity.name == "a"
