"""What the store of a fleet holds: nothing that strangers can read, make, move or say for others."""

import pytest

from dataplane_plugins.fleet.records.sealing import (
    FleetKey,
    Forged,
    NodeKey,
    Signer,
    new_key,
    read_key,
)

KEY = FleetKey(bytes(32), "shop")


def signers(tmp_path, *names):
    keys = {name: NodeKey.kept(tmp_path / name) for name in names}

    def public(name):
        if name not in keys:
            raise Forged(name)
        return keys[name].public

    return [Signer(KEY, name, keys[name], public) for name in names]


def test_a_key_is_its_text():
    text = new_key()
    assert len(read_key(f"{text}\n")) == 32
    for wrong in ("", "abc", text[:-4], "ä" * 44, text + "AAAA"):
        with pytest.raises(ValueError, match="32 bytes in base64"):
            read_key(wrong)


def test_what_is_sealed_opens_at_its_place_alone():
    sealed = KEY.seal(b"words", "control/head")
    assert KEY.open(sealed, "control/head") == b"words"
    assert b"words" not in sealed
    for key, value, place in (
        (KEY, sealed, "control/rollout"),
        (FleetKey(bytes(32), "other"), sealed, "control/head"),
        (FleetKey(b"1" * 32, "shop"), sealed, "control/head"),
        (KEY, sealed[:-1] + bytes([sealed[-1] ^ 1]), "control/head"),
        (KEY, b"", "control/head"),
    ):
        with pytest.raises(Forged):
            key.open(value, place)


def test_a_name_tells_nothing_without_the_key():
    assert KEY.name(b"words") == KEY.name(b"words") != KEY.name(b"word")
    assert FleetKey(b"1" * 32, "shop").name(b"words") != KEY.name(b"words")


def test_members_read_what_others_say(tmp_path):
    one, two = signers(tmp_path, "one", "two")
    assert two.read(one.write(b"words", "status/one"), "status/one") == ("one", b"words")


def test_no_member_speaks_for_another(tmp_path):
    one, two = signers(tmp_path, "one", "two")
    posing = Signer(KEY, "one", NodeKey.kept(tmp_path / "two"), one._public_keys)
    with pytest.raises(Forged, match="not written by one"):
        two.read(posing.write(b"words", "status/one"), "status/one")
    stranger = Signer(KEY, "three", NodeKey.kept(tmp_path / "three"), one._public_keys)
    with pytest.raises(Forged):
        two.read(stranger.write(b"words", "status/one"), "status/one")


def test_a_signature_is_for_one_place(tmp_path):
    one, two = signers(tmp_path, "one", "two")
    moved = KEY.seal(KEY.open(one.write(b"words", "status/one"), "status/one"), "control/head")
    with pytest.raises(Forged):
        two.read(moved, "control/head")
    with pytest.raises(Forged):
        two.read(KEY.seal(b"", "status/one"), "status/one")


def test_the_key_of_a_member_stays_and_is_its_own(tmp_path):
    first = NodeKey.kept(tmp_path / "key")
    assert NodeKey.kept(tmp_path / "key").public == first.public
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(ValueError):
        NodeKey.kept(tmp_path / "key")
