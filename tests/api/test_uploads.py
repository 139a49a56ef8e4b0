"""Files in multipart bodies: whole or refused, never more than the limit."""

import io

import pytest
from falcon import testing
from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane_core.api.request import ApiRequest
from dataplane_core.api.uploads import open_upload
from dataplane_core.errors import BadRequest, TooLarge

HEAD = b'Content-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n'


def form(*parts, end=b"--BB--\r\n"):
    """A body with parts of name, filename and content."""
    return b"".join(b"--BB\r\n" + HEAD % (n, f) + c + b"\r\n" for n, f, c in parts) + end


def asked(body, *, chunked=False, length=None, media="multipart/form-data; boundary=BB"):
    environ = testing.create_environ(method="POST", headers={"Content-Type": media})
    environ["wsgi.input"] = io.BytesIO(body)
    environ.pop("CONTENT_LENGTH", None)
    if chunked:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = str(len(body) if length is None else length)
    return ApiRequest(environ)


def taken(request, limit=1 << 20):
    upload = open_upload(request, "f", limit)
    return upload.filename, b"".join(upload.pieces())


@pytest.mark.parametrize("chunked", [False, True])
@settings(max_examples=50)
@given(content=st.binary(max_size=2000))
def test_a_file_arrives_as_it_is(chunked, content):
    if b"\r\n--BB" in b"\r\n" + content:
        return
    body = form((b"other", b"x", b"1"), (b"f", b"a.map", content), (b"last", b"y", b"2"))
    assert taken(asked(body, chunked=chunked)) == ("a.map", content)


@pytest.mark.parametrize("chunked", [False, True])
def test_larger_than_the_limit(chunked):
    body = form((b"f", b"a.map", b"x" * 300_000))
    with pytest.raises(TooLarge):
        taken(asked(body, chunked=chunked), 200_000)
    assert len(taken(asked(body, chunked=chunked), len(body))[1]) == 300_000


def test_no_more_than_the_limit_is_read():
    request = asked(form((b"f", b"a.map", b"x" * 3_000_000)), chunked=True)
    with pytest.raises(TooLarge):
        taken(request, 200_000)
    assert request.env["wsgi.input"].tell() < 300_000


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("at", [0, 5, 40, 80, 120, 1000])
def test_a_body_that_breaks_off(chunked, at):
    body = form((b"f", b"a.map", b"x" * 2000))
    length = None if chunked else len(body)
    with pytest.raises(BadRequest):
        taken(asked(body[:at], chunked=chunked, length=length))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--BB--\r\n",
        form((b"wrong", b"a", b"x")),
        form((b"f", b"a", b"x"), (b"f", b"b", b"y")),
        form((b"f", b"a", b"x"), end=b""),
        form((b"f", b"\xff", b"x")),
    ],
)
def test_what_is_no_form_with_one_file(body):
    with pytest.raises(BadRequest):
        taken(asked(body))


@pytest.mark.parametrize("media", ["multipart/form-data", "text/plain", ""])
def test_no_boundary(media):
    with pytest.raises(BadRequest):
        taken(asked(form((b"f", b"a", b"x")), media=media))
