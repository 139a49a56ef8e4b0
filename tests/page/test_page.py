"""The page and its files, as a browser asks for them."""

import gzip
import posixpath
import re

import pytest

from dataplane_plugins.page.page import HEADERS
from dataplane_plugins.page.page_files import FOLDERS, MEDIA, vendored
from tests.harness.recorded import TOP
from tests.laws.support import Everything

PAGE = "/dataplane/v1/page"
SOURCES = TOP / "dataplane_plugins" / "page"
_COMMENT = re.compile(r"/\*\*.*?\*/|^\s*//.*?$", re.M | re.S)
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def folder_of(name):
    return SOURCES / "vendor" if name == "vendor" else SOURCES / "static" / name


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("page"))


def test_strangers_get_the_page_with_its_headers(api):
    answer = api.call("GET", PAGE, headers=BROWSER, user=None)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = (SOURCES / "static" / "index.html").read_text().replace("{modules}\n", "")
    sent = "".join(line for line in answer.text.splitlines(True) if "modulepreload" not in line)
    assert sent == text.replace("{base}", "../../dataplane/v1/page").replace("{prefix}", "../..")
    assert 'src="../../dataplane/v1/page/app/main.js"' in answer.text
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "configuration-version" not in answer.headers
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
    assert "unsafe" not in " ".join(policy.values())


def test_the_page_refers_to_its_files_with_a_slash_at_its_end_too(api):
    answer = api.call("GET", PAGE + "/", user=None)
    assert 'src="../../../dataplane/v1/page/app/main.js"' in answer.text
    assert 'data-prefix="../../.."' in answer.text


def test_the_page_names_all_scripts_that_it_begins_with(api):
    """A browser need not find them one after the other, and loads none that it does not run."""
    text = api.call("GET", PAGE, user=None).text
    named = re.findall(r'<link rel="modulepreload" href="\.\./\.\./dataplane/v1/page/([^"]+)">', text)
    assert len(named) == len(set(named))
    wanted, specifiers = {"app/main.js", "views/map.js"}, vendored()
    queue = [*wanted]
    while queue:
        folder, name = queue.pop().split("/")
        code = _COMMENT.sub("", (folder_of(folder) / name).read_text())
        for found in re.findall(r"""^import\b[^;]*?["']([^"']+)["']""", code, re.M):
            path = f"vendor/{specifiers[found]}" if found in specifiers else posixpath.normpath(f"{folder}/{found}")
            if path not in wanted:
                wanted.add(path)
                queue.append(path)
    assert {*named} == wanted
    assert {"vendor/preact.mjs", "app/shell.js", "views/map-model.js"} < wanted


def test_each_file_is_served_with_its_type_and_its_headers(api):
    served = 0
    for folder in FOLDERS:
        for path in folder_of(folder).glob("*"):
            answer = api.call("GET", f"{PAGE}/{folder}/{path.name}", user=None)
            if (media := MEDIA.get(path.suffix[1:])) is None:
                assert answer.status_code == 404
                continue
            served += 1
            assert (answer.status_code, answer.headers["content-type"]) == (200, media)
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert served >= 2


@pytest.mark.parametrize("accepts", [{}, {"Accept-Encoding": "gzip, deflate, br"}])
def test_a_file_that_a_browser_has_is_not_sent_again(api, accepts):
    for path in (PAGE, f"{PAGE}/app/main.js"):
        first = api.call("GET", path, headers=accepts, user=None)
        tag = first.headers["etag"]
        assert tag.startswith('"')  # a strong one
        again = api.call("GET", path, headers={"If-None-Match": tag, **accepts}, user=None)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = api.call("GET", path, headers={"If-None-Match": '"other"', **accepts}, user=None)
        assert (other.status_code, other.content) == (200, first.content)


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """A page of other files, and what serves it."""
    from dataplane_plugins.page import page_files

    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
    (tmp_path / "vendor" / "vendor.json").write_text("[]")
    monkeypatch.setattr(page_files, "_STATIC", tmp_path)
    monkeypatch.setattr(page_files, "_VENDOR", tmp_path / "vendor")
    return tmp_path


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("x-gzip", True), ("", False), ("br", False),
     ("gzip;q=0", False), ("gzip; q=0.0", False), ("identity", False), ("gzipped", False)],
)  # fmt: skip
def test_what_is_long_is_compressed_where_the_client_takes_that(api, own_files, accepted, is_packed):
    text = "// long\n" * 1000
    (own_files / "app" / "long.js").write_text(text)
    answer = api.call("GET", f"{PAGE}/app/long.js", headers={"Accept-Encoding": accepted}, user=None)
    assert (answer.headers.get("content-encoding") == "gzip") is is_packed
    assert answer.headers["etag"].endswith('-gzip"') is is_packed
    assert "Accept-Encoding" in answer.headers["vary"]
    assert (gzip.decompress(answer.content) if is_packed else answer.content) == text.encode()
    assert (len(answer.content) < len(text)) is is_packed


def test_a_file_is_read_and_compressed_once_until_it_changes(api, own_files, monkeypatch):
    packed = []
    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", lambda data, *given, **named: packed.append(data) or compress(data, *given, **named))
    file = own_files / "parts" / "one.js"
    for text in ("1" * 2000, "2" * 2001):
        file.write_text(text)
        for _ in range(3):
            assert api.call("GET", f"{PAGE}/parts/one.js", user=None).text == text
    assert len(packed) == 2


SPELLINGS = [
    ('import { html } from "preact-htm";', 'import { html } from "../vendor/htm.js";'),
    ("import {h as e}from'preact-htm';", "import {h as e}from'../vendor/htm.js';"),
    ('import"preact-htm"', 'import"../vendor/htm.js"'),
    ('export * from "@scope/one.two"', 'export * from "../vendor/one.js"'),
    ('await import("@scope/one.two")', 'await import("../vendor/one.js")'),
    ('import { a } from "./preact-htm"', 'import { a } from "./preact-htm"'),
    ('import { a } from "preact"', 'import { a } from "preact"'),
    ('const name = "preact-htm";', 'const name = "preact-htm";'),
]


@pytest.mark.parametrize(("written", "served"), SPELLINGS)
@pytest.mark.parametrize("folder", ["views", "vendor"])
def test_names_of_packages_become_references(api, own_files, folder, written, served):
    listed = '[{"specifier": "preact-htm", "file": "htm.js"}, {"specifier": "@scope/one.two", "file": "one.js"}, {"file": "style.css"}]'
    (own_files / "vendor" / "vendor.json").write_text(listed)
    (own_files / folder / "one.js").write_text(written)
    assert api.call("GET", f"{PAGE}/{folder}/one.js", user=None).text == served


def test_a_new_package_is_seen_in_scripts_that_were_served(api, own_files):
    (own_files / "app" / "one.js").write_text('import "late"')
    assert api.call("GET", f"{PAGE}/app/one.js", user=None).text == 'import "late"'
    (own_files / "vendor" / "vendor.json").write_text('[{"specifier": "late", "file": "late.js"}]')
    assert api.call("GET", f"{PAGE}/app/one.js", user=None).text == 'import "../vendor/late.js"'


NOT_THERE = [
    "app/none.js", "none/main.js", "vendor/vendor.json", "static/index.html", "app/index.html", "app/..", "app/.",
    "app/..%2Findex.html", "app/..%2F..%2Fpage.py", "app/%2Fetc%2Fpasswd", "..%2Fstatic/index.html", "app/..%5Cmain.js",
    "app%2F..%2Fvendor/vendor.json", "app/.hidden.js", "app/main.js%00.css", "app/main.js%0a", "app/MAIN.JS", "app/main",
    "app/%2e%2e%2fpage_files.py", "app/..%252Fmain.js", "style/main.js", f"app/{'a' * 5000}.js",
]  # fmt: skip


@pytest.mark.parametrize("name", NOT_THERE)
def test_nothing_else_is_a_file_of_the_page(api, name):
    answer = api.call("GET", f"{PAGE}/{name}", user=None)
    assert answer.status_code in (401, 404)  # what is no path of the page needs credentials first
    assert "the page has no file" in answer.text or name in ("app/..", "app/.") or "%2F" in name or "%00" in name


def test_a_folder_is_no_file(api, own_files):
    (own_files / "app" / "folder.js").mkdir()
    assert api.call("GET", f"{PAGE}/app/folder.js", user=None).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_the_page_is_only_read(api, method):
    for path in (PAGE, f"{PAGE}/app/main.js"):
        answer = api.call(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [("/", "dataplane/v1/page"), ("/dataplane/v1", "../dataplane/v1/page"), ("/dataplane/v1/", "../../dataplane/v1/page"),
     ("/v2", "v2/docs"), ("/v3/", "../v3/docs")],
)  # fmt: skip
def test_a_browser_is_led_to_the_page(api, path, leads_to):
    known = {} if path.startswith("/v") else {"user": None}
    answer = api.call("GET", path, headers=BROWSER, **known)
    assert (answer.status_code, answer.headers["location"]) == (302, leads_to)


def test_programs_get_what_they_got_before_there_was_a_page(api):
    for accepts in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        top = api.call("GET", "/", headers=accepts, user=None)
        assert (top.status_code, top.headers["location"]) == (302, "v2/docs")
        assert api.call("GET", "/dataplane/v1", headers=accepts, user=None).status_code == 401
        assert api.call("GET", "/dataplane/v1/", headers=accepts).status_code == 404
    assert api.call("POST", "/dataplane/v1", headers=BROWSER).status_code == 404
