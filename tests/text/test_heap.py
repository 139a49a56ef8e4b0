"""What the C library keeps of memory that nobody uses any more."""

import platform
import subprocess
import sys

import pytest

from dataplane_core.text.heap import _unchanged_programs

PROGRAM = """\
import mmap
from dataplane_core.text.heap import {imported}

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * mmap.PAGESIZE

{called}
text = b"x" * (20 << 20)
del text
text = b"x" * (8 << 20)
others = [b"x" * 2000 for _ in range(100)]
most = resident()
del text
print(most, resident())
"""


def freed(imported: str, called: str) -> int:
    """How much is given back of a text of 8 MiB, after a larger one was freed."""
    program = PROGRAM.format(imported=imported, called=called)
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    most, least = map(int, shown.stdout.split())
    return most - least


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no such setting")
def test_large_texts_are_given_back() -> None:
    assert freed("give_back", "") < 1 << 20
    assert freed("keep_little", "keep_little()") > 7 << 20


MAPPED = """\
import re
from dataplane_core.text.heap import let_go_of_programs

def of_programs():
    text = open("/proc/self/smaps").read()
    return sum(map(int, re.findall(r"r-xp .*?/.*?^Rss: +([0-9]+)", text, re.M | re.S)))

import sqlite3, json
before = of_programs()
let_go_of_programs()
print(before, of_programs(), sqlite3.connect(":memory:").execute("select 1").fetchone(), json.loads("[1]"))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no such setting")
def test_programs_that_are_let_go_of_go_on() -> None:
    shown = subprocess.run([sys.executable, "-c", MAPPED], check=True, capture_output=True, text=True)
    before, after, *rest = shown.stdout.split(maxsplit=2)
    assert int(after) < int(before)
    assert rest == ["(1,) [1]\n"]


SMAPS = b"""\
1000-3000 r-xp 00000000 00:1 7    /lib/one.so
Anonymous:             0 kB
4000-8000 r--p 00000000 00:1 8    /lib/two.so
Anonymous:             0 kB
8000-9000 r--p 00000000 00:1 8    /lib/two.so
Anonymous:             4 kB
9000-a000 rw-p 00000000 00:1 8    /lib/two.so
Anonymous:             0 kB
"""


def test_a_library_that_is_just_being_loaded_stays() -> None:
    """It is one mapping for reading, until its data are put into that."""
    everything = {line.split()[0] for line in SMAPS.splitlines()}
    found = [(start.value, size.value) for start, size in _unchanged_programs(SMAPS.splitlines(), everything)]
    assert found == [(0x1000, 0x2000), (0x4000, 0x4000)]
    before = {b"1000-3000", b"4000-5000"}
    (only,) = _unchanged_programs(SMAPS.splitlines(), before)
    assert only[0].value == 0x1000
