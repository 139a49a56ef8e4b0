"""A tar is read in one pass, whatever it is made of: no more comes out of it than is in it."""

import io
import tarfile

import pytest

from dataplane_core.errors import BadRequest
from dataplane_plugins.changes.applying.archive import read_archive
from tests.changes.support import archive

LIMIT = 1 << 20
END = bytes(1024)


def header(name: str = "maps/a", size: bytes = b"%011o\0" % 0, kind: bytes = b"0", more: bytes = b"") -> bytes:
    """A header, with a size as it is written and bytes behind the 386th."""
    member = tarfile.TarInfo(name)
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[124:136], block[156:157], block[386 : 386 + len(more)] = size, kind, more
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def with_body(body: bytes, kind: bytes) -> bytes:
    return header("before", b"%011o\0" % len(body), kind) + body.ljust(-(-len(body) // 512) * 512, b"\0")


SPARSE = header(kind=b"S", more=(b"%011o " % 0) * 8 + b"\0\x80" + (1 << 40).to_bytes(11, "big"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (SPARSE + END, "no regular file"),
        (with_body(b"28 GNU.sparse.size=99999999\n", b"x") + header() + END, "sparse"),
        (with_body(b"16 size=9999999\n", b"x") + header() + END, "sparse"),
        (with_body(b"1" * 500_000, b"x") + header() + END, "pax"),
        (with_body(b"9999999 path=a\n", b"x") + header() + END, "pax"),
        (header(size=b"\xff" * 11 + b"\0") + END, "number"),
        (header(size=b"\x80" + bytes(10) + b"\1") + END, "number"),
        (header(size=b"77777777777\0") + END, "broke off"),
        (header()[:-1] + b"x" + END, "a header is none"),
        (archive({"maps/a": "b"}) + b"x", ""),
        (archive({"maps/a\nb": "c"}), "no path in a folder"),
        (archive({"x" * 5000: "c"}), "too long a name"),
        (header("maps/a", kind=b"3") + END, "no regular file"),
    ],
    ids=range(13),
)
def test_what_is_no_plain_tar_is_refused(body: bytes, said: str) -> None:
    if not said:
        assert read_archive(body, LIMIT) == {"maps/a": b"b"}
        return
    with pytest.raises(BadRequest, match=said):
        read_archive(body, LIMIT)


@pytest.mark.parametrize("made", [with_body(b"maps/b\0", b"L"), with_body(b"15 path=maps/b\n", b"x")], ids="Lx")
def test_a_chain_of_headers_costs_no_stack(made: bytes) -> None:
    assert read_archive(made * 3000 + header() + END, LIMIT) == {"maps/b": b""}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_of_every_form_are_read(form: int) -> None:
    long, foreign = f"general/{'d' * 80}/{'f' * 90}", "general/\u00fc"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form, encoding="utf-8") as made:
        for name in ("general/", long, foreign):
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            member.size, member.mtime = 3 * (not member.isdir()), 1.5
            made.addfile(member, io.BytesIO(b"abc"))
    assert read_archive(stream.getvalue(), LIMIT) == {long: b"abc", foreign: b"abc"}
