"""What certificates say, and which files are refused."""

import time
import tracemalloc
from contextlib import nullcontext

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from dataplane_core.errors import Invalid
from dataplane_plugins.tls.pem import (
    MOST_BYTES,
    brief_facts,
    certificate_facts,
    check_key,
    check_pem,
    fingerprints,
    parse_pem,
    pem_or_none,
)
from tests.storage.support import bundle, certificate, pem_of, private_key, revocations

KEY = private_key()
MINE = certificate("first.example.com", KEY)
OTHER = certificate("ca.example.com", private_key())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no certificate"),
        (b"notacert", "no certificate"),
        (b"\xff\x00\x80" * 100, "no certificate"),
        (MINE[:-30], "does not end|no certificate"),
        (MINE + pem_of(KEY)[:-20], "does not end"),
        (MINE.replace(b"MII", b"AAA", 1), "certificate that cannot be read"),
        (MINE + pem_of(private_key()), "does not belong"),
        (MINE + pem_of(private_key()) + pem_of(KEY), "does not belong"),
        (OTHER + MINE + pem_of(KEY), "does not belong"),
        (MINE + pem_of(KEY, b"secret"), "encrypted"),
        (MINE.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST"), "does not use"),
        (b"-----BEGIN CERTIFICATE-----\nset ssl;\n-----END CERTIFICATE-----\n", "base64"),
        (b"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n", "no certificate"),
        (pem_of(KEY).replace(b"PRIVATE KEY-----\nM", b"PRIVATE KEY-----\nA"), "key that cannot"),
    ],
)
def test_what_is_refused(data, reason):
    with pytest.raises(Invalid, match=reason):
        check_pem(data)


@pytest.mark.parametrize(
    "data",
    [
        MINE,
        MINE + OTHER,
        MINE + pem_of(KEY),
        pem_of(KEY) + MINE + OTHER,
        MINE + pem_of(KEY) + pem_of(private_key()),
        pem_of(KEY),
        revocations(KEY, 1, 2),
        b"subject=/CN=x - a comment\n" + MINE.replace(b"\n", b"\r\n") + b"\n\n" + pem_of(KEY),
    ],
)
def test_what_is_taken(data):
    text = check_pem(data).text
    assert "" not in text.splitlines()
    assert check_pem(text.encode()).text == text


@pytest.mark.parametrize(
    ("new", "former", "beside", "reason"),
    [
        (MINE, bundle(), b"", "lacks its certificate's private key"),
        (MINE, bundle(), pem_of(private_key()), "does not belong"),
        (MINE, MINE, pem_of(private_key()), "does not belong"),
        (MINE, bundle(), pem_of(KEY), ""),
        (MINE, OTHER, b"", ""),
        (MINE + OTHER, MINE, pem_of(KEY), ""),
        (MINE + pem_of(KEY), bundle(), pem_of(private_key()), ""),
        (pem_of(KEY), bundle(), b"", ""),
        (revocations(KEY, 1), revocations(KEY, 2), b"", ""),
    ],
)
def test_the_key_of_a_certificate_in_use(new, former, beside, reason):
    with pytest.raises(Invalid, match=reason) if reason else nullcontext():
        check_key(check_pem(new), former, beside)


def test_facts():
    found = certificate_facts(MINE + OTHER + pem_of(KEY))
    prints = {name: found.pop(name) for name in list(found) if "print" in name or "key_id" in name}
    assert found == {
        "not_before": "2026-11-01T00:00:00.000Z",
        "not_after": "2027-01-30T00:00:00.000Z",
        "subject": "/C=FR/CN=first.example.com",
        "subject_alternative_names": "DNS:first.example.com, DNS:*.first.example.com, IP Address:192.0.2.1",
        "domains": "first.example.com, *.first.example.com",
        "ip_addresses": "192.0.2.1",
        "serial": "ABC123",
        "algorithm": "EC256",
        "issuers": "first.example.com, ca.example.com",
        "chain_subject": "/C=FR/CN=ca.example.com",
        "chain_issuer": "/C=FR/CN=ca.example.com",
    }
    assert {name: len(value) for name, value in prints.items()} == {
        "sha1_finger_print": 40, "sha256_finger_print": 64, "subject_key_id": 40,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(rsa.generate_private_key(65537, 2048), "RSA2048"), (private_key(), "EC256")],
)
def test_algorithms(key, algorithm):
    assert certificate_facts(certificate("x", key))["algorithm"] == algorithm


@pytest.mark.parametrize("data", [b"", b"junk", pem_of(KEY), MINE.replace(b"MII", b"AAA", 1)])
def test_no_facts(data):
    assert certificate_facts(data) == {}


def test_brief_facts():
    found, brief = certificate_facts(MINE), brief_facts(MINE + OTHER)
    assert brief["serial"] == str(int(found["serial"], 16))
    assert (found["subject"], brief["subject"]) == ("/C=FR/CN=first.example.com", "first.example.com")
    assert brief["chain_subject"] == brief["chain_issuer"] == "ca.example.com"
    assert brief["sha256_finger_print"] == found["sha256_finger_print"]
    assert brief_facts(b"junk") == {}


def test_a_bundle_in_any_file():
    assert pem_or_none(b"k v\n") is None
    assert pem_or_none(bundle()).serves
    assert not pem_or_none(MINE).serves


def test_ed25519():
    key = ed25519.Ed25519PrivateKey.generate()
    assert pem_of(key).startswith(b"-----BEGIN PRIVATE KEY")
    assert not check_pem(pem_of(key)).serves


@pytest.mark.parametrize("again", [b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN A-----\n-----END B-----\n", b"-"])
def test_a_file_costs_its_length(again: bytes) -> None:
    def seconds(length: int) -> float:
        data = b"-----BEGIN CERTIFICATE-----\n" + again * (length // len(again))
        began = time.process_time()
        assert pem_or_none(data) is None
        return time.process_time() - began

    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(320_000) for _ in range(3)) < 80 * (short + 0.0005)  # 16 times as long


def test_a_file_that_would_cost_much_to_read_is_refused_by_its_length() -> None:
    data = certificate("a.example.com", private_key())
    many = data * (MOST_BYTES // len(data) + 1)
    with pytest.raises(Invalid, match="more than 4 MiB"):
        parse_pem(many)
    assert pem_or_none(many) is None


@pytest.mark.parametrize("form", ["one object of short lines", "many certificates"])
def test_a_file_costs_little_memory_beside_its_length(form: str) -> None:
    one = certificate("a.example.com", private_key())
    data = one * ((1 << 20) // len(one))
    if form == "one object of short lines":
        data = b"-----BEGIN CERTIFICATE-----\n" + b"A\n" * (1 << 19) + b"-----END CERTIFICATE-----\n"
    certificate_facts(one)
    tracemalloc.start()
    try:
        certificate_facts(data)
        fingerprints(data)
        assert tracemalloc.get_traced_memory()[1] <= 4 * len(data)
    finally:
        tracemalloc.stop()
