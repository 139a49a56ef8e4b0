"""What answers tell of stored certificates."""

from tests.storage.support import certificate, pem_of, private_key

KEY = private_key()
MINE = certificate("first.example.com", KEY)
OTHER = certificate("ca.example.com", private_key())


def test_a_key_is_in_no_answer(storage, caplog):
    secret = pem_of(KEY).splitlines()[1].decode()
    wrong = OTHER + pem_of(KEY)
    answers = [
        storage.upload("ssl_certificates", "a.pem", MINE + pem_of(KEY)),
        storage.upload("ssl_certificates", "b.pem", wrong),
        storage.upload("ssl_certificates", "c.pem", pem_of(KEY)[:-40]),
        storage.send("PUT", "ssl_certificates/a.pem", wrong),
        storage.send("GET", "ssl_certificates/a.pem"),
        storage.send("GET", "ssl_certificates"),
    ]
    assert [answer.status_code for answer in answers] == [202, 422, 422, 422, 200, 200]
    assert not any(secret in answer.text for answer in answers)
    assert secret not in caplog.text
    assert (storage.folder / "ssl/a.pem").read_bytes() == MINE + pem_of(KEY)


def test_a_file_that_somebody_broke_is_shown(storage):
    (storage.folder / "ssl/broken.pem").write_text("junk")
    found = storage.send("GET", "ssl_certificates/broken.pem").json
    assert found["size"] == 4 and "not_after" not in found
