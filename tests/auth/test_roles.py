"""Roles of client certificates, by their alternative names."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dataplane_core.auth import Authenticator, Role
from dataplane_core.auth.client_certificates import certificate_names
from dataplane_core.auth.roles import role_among
from dataplane_core.settings import Settings
from dataplane_core.settings.rules import broken_rules
from tests.auth.test_authenticator import basic, document, with_users


def certificate(name, *others):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(1))
    )  # fmt: skip
    if others:
        made = made.add_extension(x509.SubjectAlternativeName(others), critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


RULES = ("reader:*.example.org", "admin:spiffe://example.org/ops", "editor:deploy@example.org", "operator:one.other.net")


@pytest.mark.parametrize(
    ("others", "role"),
    [
        ([x509.DNSName("mon.example.org")], Role.READER), ([x509.DNSName("example.org")], Role.NOBODY),
        ([x509.UniformResourceIdentifier("spiffe://example.org/ops")], Role.ADMIN),
        ([x509.UniformResourceIdentifier("spiffe://example.org/ops/x")], Role.NOBODY),
        ([x509.RFC822Name("deploy@example.org")], Role.EDITOR), ([x509.DNSName("ONE.other.net")], Role.OPERATOR),
        ([x509.DNSName("one.other.net"), x509.DNSName("a.example.org")], Role.READER),  # the first rule counts
        ([], Role.NOBODY),
    ],
)  # fmt: skip
def test_the_first_rule_that_fits_an_alternative_name(others, role):
    subject = with_users(**{"dataplaneapi.tls.tls_ca": "/ca.pem", "dataplaneapi.tls.tls_roles": RULES})
    identity = subject.admit(None, certificate("admin", *others), "https").identity
    assert (identity.name, identity.role) == ("admin", role)  # its common name gives it nothing


def test_without_rules_every_certificate_may_do_all():
    subject = with_users(**{"dataplaneapi.tls.tls_ca": "/ca.pem"})
    assert subject.admit(None, certificate("x"), "https").identity.role is Role.ADMIN
    assert subject.has_roles is False
    assert with_users(**{"dataplaneapi.tls.tls_roles": RULES}).has_roles is True


def test_what_is_no_certificate_names_nobody():
    assert certificate_names(b"junk") == ("", ())
    assert role_among((), ("a",)) is Role.NOBODY


@pytest.mark.parametrize("rule", ["boss:a", "admin", "admin:", "admin:*", "admin:*.", ":a", "nobody:a"])
def test_rules_that_cannot_be_meant(rule):
    settings = Settings.default().replace(**{"dataplaneapi.tls.tls_roles": (rule,)})
    assert [one for one in broken_rules(settings) if "tls_roles" in str(one)]


USERLIST = """\
userlist controller
  group watch users eve
  group ops
  user eve insecure-password pw groups ops
  user bob insecure-password pw groups ops
  user ann insecure-password pw
"""


def of_userlist(*rules):
    settings = Settings.default().replace(**{"dataplane.userlist_roles": rules})
    text = document(USERLIST)
    return Authenticator(settings, lambda: text)


@pytest.mark.parametrize(
    ("rules", "roles"),
    [
        ((), "admin admin admin"), (("reader:@watch", "editor:@ops"), "reader editor nobody"),
        (("editor:@ops", "reader:@watch", "operator:*"), "editor editor operator"),
        (("admin:ann", "reader:*"), "reader reader admin"), (("admin:watch", "admin:@ann"), "nobody nobody nobody"),
    ],
)  # fmt: skip
def test_roles_of_users_of_a_userlist(rules, roles):
    subject = of_userlist(*rules)
    found = [subject.admit(basic(name, "pw"), None, "http").identity.role.word for name in ("eve", "bob", "ann")]
    assert " ".join(found) == roles
    assert subject.has_roles is bool(rules)


@pytest.mark.parametrize("rule", ["boss:a", "admin", "admin:", "admin:@", ":a"])
def test_rules_of_users_that_cannot_be_meant(rule):
    settings = Settings.default().replace(**{"dataplane.userlist_roles": (rule,)})
    assert [one.key for one in broken_rules(settings)] == ["dataplane.userlist_roles"]
