"""Hashes are those of `hashlib`, whoever computes them."""

import hashlib
import random
import subprocess
import sys

import pytest

from dataplane_core import digests

SIZES = (0, 1, 64, digests._LARGE - 1, digests._LARGE, 3 * digests._LARGE)


@pytest.mark.parametrize("size", SIZES)
def test_the_hash_is_the_same_at_every_size(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert digests.sha256(data) == hashlib.sha256(data).hexdigest()
    assert digests.sha256_of_pieces((data[:7], data[7:]), size) == hashlib.sha256(data).hexdigest()
    assert digests.md5(data) == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert digests.blake2b(data, 12) == hashlib.blake2b(data, digest_size=12).digest()
    assert digests.blake2b(data, 16, b"key") == hashlib.blake2b(data, digest_size=16, key=b"key").digest()


def test_a_python_without_some_of_its_own_takes_those_of_openssl() -> None:
    code = (
        "import sys\n"
        "for one in ('_sha2', '_sha256', '_md5'): sys.modules[one] = None\n"
        "from dataplane_core import digests\n"
        "print(digests.sha256(b'a'), digests.md5(b'a'))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.split() == [hashlib.sha256(b"a").hexdigest(), hashlib.md5(b"a").hexdigest()]


def test_secrets_are_compared() -> None:
    assert digests.is_equal(b"secret", b"secret")
    assert not digests.is_equal(b"secret", b"secreT")
