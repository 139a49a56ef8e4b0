import base64
import datetime
import itertools
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dataplane_core.auth import Authenticator, authenticator, crypt_library, passwords
from dataplane_core.auth.passwords import StoredPassword, verify
from dataplane_core.errors import Unauthorized
from dataplane_core.settings import Settings, UserSettings
from dataplane_core.text import Document
from dataplane_core.text.language import Language
from tests.harness.waiting import until

HASHES = {  # of "correct horse"
    "md5": "$1$saltsalt$NuzA7WTAelpl95xgBGWN60",
    "sha256": "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
    "sha512": "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
    "bcrypt": "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "yescrypt": "$y$j75$saltsalt$5wlMXHz82Iqiv0ywbT8h3LCVssbi3h0Xh43jM7E7Tr2",
}


def basic(user, password):
    raw = password if isinstance(password, bytes) else password.encode()
    return "Basic " + base64.b64encode(user.encode() + b":" + raw).decode()


def document(text):
    return Document.parse(text, Language({"userlist", "global"}))


def with_users(*users, **values):
    settings = Settings.default().replace(**{"dataplaneapi.user": users}, **values)
    return Authenticator(settings, lambda: document(""))


def refused(subject, header, listener="http"):
    with pytest.raises(Unauthorized) as caught:
        subject.admit(header, None, listener)
    return str(caught.value)


@pytest.mark.parametrize("scheme", HASHES)
def test_every_hash_lets_its_password_in_and_no_other(scheme):
    if scheme == "yescrypt" and crypt_library.verify(b"x", HASHES[scheme]) is None:
        pytest.skip("the system's crypt(3) has no yescrypt")
    subject = with_users(UserSettings("a", HASHES[scheme]))
    assert subject.admit(basic("a", "correct horse"), None, "http").identity.name == "a"
    refused(subject, basic("a", "correct hors"))


@pytest.mark.parametrize("scheme", ["md5", "sha256", "sha512", "bcrypt"])
def test_without_the_systems_library_python_verifies(scheme, monkeypatch):
    monkeypatch.setattr(crypt_library, "verify", lambda password, stored: None)
    assert verify(b"correct horse", StoredPassword(HASHES[scheme]))
    assert not verify(b"wrong", StoredPassword(HASHES[scheme]))
    assert not verify(b"wrong" * 20, StoredPassword(HASHES[scheme]))


def test_a_hash_that_nothing_knows_fits_no_password():
    assert not verify(b"x", StoredPassword("$9$unknown$x"))
    assert not verify(b"x", StoredPassword("*"))
    assert not verify(b"x", StoredPassword(""))


def test_plain_passwords_of_the_settings_with_bytes_of_any_kind():
    subject = with_users(UserSettings("a", "pä:ss", insecure=True))
    assert subject.admit(basic("a", "pä:ss"), None, "unix").identity.name == "a"
    refused(subject, basic("a", "pä"))
    refused(subject, basic("a", b"\xff\x00"))


@pytest.mark.parametrize(
    "header",
    [None, "", "Basic", "Basic ", "Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"a").decode(),
     "Basic " + base64.b64encode(b":p").decode(), "Basic YTpw=x", "Basic é"],
)  # fmt: skip
def test_absent_and_malformed_credentials_get_the_same_answer_as_wrong_ones(header):
    subject = with_users(UserSettings("a", "p", insecure=True))
    wrong = refused(subject, basic("a", "wrong"))
    assert refused(subject, header) == wrong == refused(subject, basic("nobody", "p"))
    assert wrong == "unauthenticated for invalid credentials"


def test_the_scheme_is_read_in_any_case():
    subject = with_users(UserSettings("a", "p", insecure=True))
    assert subject.admit(basic("a", "p").replace("Basic", "bASIC"), None, "http").identity.name == "a"


def test_an_unknown_user_takes_the_path_of_a_wrong_password(monkeypatch):
    tried = []

    def spy(password, secret):
        tried.append(secret.stored)
        return passwords.verify(password, secret)

    monkeypatch.setattr(authenticator, "verify", spy)
    subject = with_users(UserSettings("a", HASHES["sha512"]), UserSettings("b", HASHES["sha512"][:-1] + "A"))
    for name in ("a", "nobody", "somebody"):
        refused(subject, basic(name, "wrong"))
    assert len(tried) == 3
    assert all(stored.startswith("$6$") for stored in tried)
    refused(subject, basic("nobody", "wrong"))
    assert tried[3] == tried[1]


def test_an_unknown_user_is_not_let_in_with_anothers_password():
    subject = with_users(UserSettings("a", "p", insecure=True))
    subject.admit(basic("a", "p"), None, "http")
    for name in ("b", "A", "a "):
        refused(subject, basic(name, "p"))


def test_a_password_that_is_too_long_is_refused_and_costs_no_more():
    subject = with_users(UserSettings("a", HASHES["sha512"]))
    refused(subject, basic("a", "x" * 100_000))


def test_verified_credentials_are_remembered_for_a_while(monkeypatch):
    calls = itertools.count()
    monkeypatch.setattr(
        authenticator, "verify", lambda *given: (next(calls), passwords.verify(*given))[1]
    )
    subject = with_users(UserSettings("a", HASHES["sha256"]))
    for _ in range(3):
        subject.admit(basic("a", "correct horse"), None, "http")
    assert next(calls) == 1
    refused(subject, basic("a", "wrong"))
    refused(subject, basic("a", "wrong"))
    assert next(calls) == 4

    forgetful = with_users(UserSettings("a", "p", insecure=True), **{"dataplane.credential_ttl": 0.0})
    forgetful.admit(basic("a", "p"), None, "http")
    forgetful.admit(basic("a", "p"), None, "http")
    assert next(calls) == 7


def test_requests_of_one_user_share_an_admission():
    current = [document("userlist controller\n  user a insecure-password p\n  user b insecure-password p\n")]
    subject = Authenticator(Settings.default(), lambda: current[0])
    first = subject.admit(basic("a", "p"), None, "http")
    assert subject.admit(basic("a", "p"), None, "http") is first
    assert subject.admit(basic("b", "p"), None, "http").identity.name == "b"
    current[0] = document("userlist controller\n  user a insecure-password p\n  group g users a\n")
    last = subject.admit(basic("a", "p"), None, "http")
    assert (last.identity.groups, first.identity.groups) == ({"g"}, frozenset())
    assert last.holds(current[0])
    assert not first.holds(current[0])


def test_a_changed_hash_forgets_the_old_password_at_once():
    current = [document(f"userlist controller\n  user a password {HASHES['sha256']}\n")]
    subject = Authenticator(Settings.default(), lambda: current[0])
    subject.admit(basic("a", "correct horse"), None, "http")
    current[0] = document("userlist controller\n  user a insecure-password new\n")
    refused(subject, basic("a", "correct horse"))
    assert subject.admit(basic("a", "new"), None, "http").identity.name == "a"


USERLIST = """\
global
  user haproxy
userlist controller
  group ops users bob
  group all
  user bob insecure-password "it's \\"me\\"" # the boss
  user eve password {md5} groups all,ops
  user nopassword groups all
userlist other
  user stranger insecure-password x
"""


def test_users_of_a_userlist_with_quotes_and_groups():
    text = USERLIST.format(md5=HASHES["md5"])
    subject = Authenticator(Settings.default(), lambda: document(text))
    bob = subject.admit(basic("bob", 'it\'s "me"'), None, "http").identity
    assert bob.groups == {"ops"}
    assert subject.admit(basic("eve", "correct horse"), None, "http").identity.groups == {"all", "ops"}
    for name, password in (("haproxy", ""), ("nopassword", ""), ("stranger", "x")):
        refused(subject, basic(name, password))


def test_users_of_a_file_of_their_own_that_changes(tmp_path):
    path = tmp_path / "users.cfg"
    settings = Settings.default().replace(
        **{
            "dataplaneapi.userlist.userlist": "other",
            "dataplaneapi.userlist.userlist_file": path,
        }
    )
    subject = Authenticator(settings, lambda: pytest.fail("the configuration was read"))
    refused(subject, basic("stranger", "x"))
    path.write_text(USERLIST)
    assert subject.admit(basic("stranger", "x"), None, "http").identity.name == "stranger"
    path.write_text(USERLIST.replace("password x", "password yy"))
    refused(subject, basic("stranger", "x"))
    path.unlink()
    refused(subject, basic("stranger", "yy"))


def test_a_password_that_changes_under_the_same_size_and_time_is_noticed(tmp_path):
    path = tmp_path / "users.cfg"
    path.write_text("userlist controller\n  user a insecure-password old\n")
    settings = Settings.default().replace(**{"dataplaneapi.userlist.userlist_file": path})
    subject = Authenticator(settings, lambda: pytest.fail("the configuration was read"))
    assert subject.admit(basic("a", "old"), None, "http").identity.name == "a"
    before = path.stat()

    def rewritten() -> bool:
        """Write the file as a copy that keeps times does; the kernel's clock may stand still at first."""
        path.write_text("userlist controller\n  user a insecure-password new\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return path.stat().st_ctime_ns != before.st_ctime_ns

    until(rewritten)
    refused(subject, basic("a", "old"))
    assert subject.admit(basic("a", "new"), None, "http").identity.name == "a"


def test_users_of_the_settings_come_before_the_userlist():
    settings = Settings.default().replace(**{"dataplaneapi.user": (UserSettings("a", "p", True),)})
    subject = Authenticator(
        settings, lambda: document("userlist controller\n user b insecure-password q")
    )
    refused(subject, basic("b", "q"))


def test_no_representation_holds_a_password():
    settings = Settings.default().replace(**{"dataplaneapi.user": (UserSettings("a", "hidden", True),)})
    subject = Authenticator(settings, lambda: document(""))
    assert "hidden" not in repr(subject.accounts())


def certificate(*names):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    now = datetime.datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.DER)


def test_a_clients_certificate_replaces_the_password_on_the_tls_listener_alone():
    subject = with_users(
        UserSettings("a", "p", insecure=True), **{"dataplaneapi.tls.tls_ca": "/clients.pem"}
    )
    shown = certificate((NameOID.COMMON_NAME, "robot"))
    identity = subject.admit(None, shown, "https").identity
    assert (identity.name, identity.method) == ("robot", "certificate")
    nameless = certificate((NameOID.ORGANIZATION_NAME, "Works"))
    assert subject.admit(None, nameless, "https").identity.name == "O=Works"
    refused(subject, basic("a", "p"), "https")
    for listener in ("http", "unix"):
        assert subject.admit(basic("a", "p"), None, listener).identity.method == "basic"
        with pytest.raises(Unauthorized):
            subject.admit(None, shown, listener)
    with pytest.raises(Unauthorized):
        subject.admit(None, b"junk", "https")


def test_tls_without_an_authority_keeps_passwords():
    subject = with_users(UserSettings("a", "p", insecure=True))
    assert subject.admit(basic("a", "p"), None, "https").identity.method == "basic"
    with pytest.raises(Unauthorized):
        subject.admit(None, certificate((NameOID.COMMON_NAME, "robot")), "https")
