"""Plain, packed and encrypted states: each is read back, whatever is written."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pyrage
import pytest

from ftops.errors import FtopsError, SecretExposed, StateError
from ftops.model.state import ArchivedRecord, Record, State
from ftops.model.value import replace
from ftops.state.form import PACKED_FROM, StateForm
from ftops.state.sealing import Seal
from ftops.state.sections import SectionWriter
from ftops.state.statefile import encode
from ftops.transport.secret import Secret, Vault

IDENTITY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()


def record(number: int) -> Record:
    return Record("oa", f"f1:{number:064x}", 1, 1, {"model": "m", "n": number})


def state(count: int) -> State:
    return State("p", "l", 7, {f"name-{number:05d}": record(number) for number in range(count)})


def seal(*identities: object, recipients: tuple[str, ...] = ()) -> Seal:
    return Seal("\n".join(map(str, identities)), recipients)


def test_a_small_state_is_readable_wherever_it_is_stored() -> None:
    small = state(3)
    assert StateForm(packs=True).encode(small) == encode(small)


def test_a_large_state_is_packed_where_the_store_takes_it() -> None:
    large = state(PACKED_FROM)
    data = StateForm(packs=True).encode(large)
    assert gzip.decompress(data) == encode(large)
    assert len(data) < len(encode(large)) / 5
    assert StateForm().encode(large) == encode(large)
    assert StateForm().decode(data, "here", "") == large


def test_what_is_written_after_a_change_is_what_would_be_written_afresh() -> None:
    form, now = StateForm(packs=True), state(PACKED_FROM)
    for number in (3, 500, PACKED_FROM - 1):
        name = f"name-{number:05d}"
        now = now.with_record(name, replace(now.fine_tunes[name], attempt=number))
        form.encode(now)
    dropped = dict(now.fine_tunes)
    del dropped["name-00000"]
    now = replace(now, fine_tunes=dropped | {"another": record(9)}, archive={"old": ArchivedRecord(2)})
    assert form.encode(now) == StateForm(packs=True).encode(now)
    assert gzip.decompress(form.encode(now)) == encode(now)


def test_only_the_sections_that_changed_are_written_out_again() -> None:
    seen: list[int] = []
    writer, now = SectionWriter(lambda text: seen.append(len(text))), state(4_000)
    encode(now, writer)
    whole = sum(seen)
    seen.clear()
    encode(now.with_record("name-00001", replace(record(1), attempt=2)), writer)
    assert sum(seen) < whole / 4


def test_a_packed_state_that_is_cut_short_is_one_sentence() -> None:
    data = StateForm(packs=True).encode(state(PACKED_FROM))
    for broken in (data[: len(data) // 2], data[:-3], data[:20] + b"x" * 50 + data[70:]):
        with pytest.raises(StateError, match="here is packed and damaged"):
            StateForm().decode(broken, "here", "")


def test_an_encrypted_state_shows_serial_and_lineage_and_no_name() -> None:
    data = StateForm(seal=seal(IDENTITY)).encode(state(3))
    document = json.loads(data)
    assert (document["serial"], document["lineage"]) == (7, "l")
    assert b"name-0" not in data
    assert StateForm(seal=seal(IDENTITY)).decode(data, "here", "") == state(3)


def test_an_encrypted_state_can_be_read_without_ftops() -> None:
    document = json.loads(StateForm(seal=seal(IDENTITY)).encode(state(3)))
    text = gzip.decompress(pyrage.decrypt(document["data"].encode(), [IDENTITY]))
    assert text == encode(state(3))


def test_every_identity_and_recipient_can_decrypt() -> None:
    data = StateForm(seal=seal(IDENTITY, recipients=(str(OTHER.to_public()),))).encode(state(1))
    for reader in (IDENTITY, OTHER):
        assert StateForm(seal=seal(reader)).decode(data, "here", "") == state(1)
    both = StateForm(seal=seal("# created: today", IDENTITY, OTHER)).encode(state(1))
    assert StateForm(seal=seal(OTHER)).decode(both, "here", "") == state(1)


def test_another_key_no_key_and_damage_are_one_sentence_each() -> None:
    data = StateForm(seal=seal(IDENTITY)).encode(state(1))
    with pytest.raises(StateError, match="here cannot be decrypted"):
        StateForm(seal=seal(OTHER)).decode(data, "here", "")
    with pytest.raises(StateError, match="here is encrypted") as refused:
        StateForm().decode(data, "here", "")
    assert "spec.encryption.identity" in (refused.value.hint or "")
    with pytest.raises(StateError, match="cannot be decrypted"):
        StateForm(seal=seal(IDENTITY)).decode(data.replace(b"A", b"B"), "here", "")


def test_a_plain_state_is_still_read_once_a_project_encrypts() -> None:
    assert StateForm(seal=seal(IDENTITY)).decode(encode(state(2)), "here", "") == state(2)


@pytest.mark.parametrize(
    ("identities", "recipients", "told"),
    [
        ("", (), "holds no line"),
        ("# public key: age1x", (), "holds no line"),
        ("AGE-SECRET-KEY-1NONSENSE", (), "is none that age understands"),
        (str(IDENTITY), ("age1nonsense",), "age1nonsense in spec.encryption.recipients"),
    ],
    ids=["empty", "public", "nonsense", "recipient"],
)
def test_keys_that_are_none_are_refused_and_not_shown(
    identities: str, recipients: tuple[str, ...], told: str
) -> None:
    with pytest.raises(FtopsError, match=told) as refused:
        Seal(identities, recipients)
    assert "NONSENSE" not in str(refused.value)


def test_a_secret_is_found_before_it_is_packed_or_encrypted() -> None:
    vault = Vault()
    vault.add(Secret("sk-very-secret-key", "api_key"))
    bad = state(PACKED_FROM).with_record(
        "name-00500", replace(record(1), annotations={"a": "sk-very-secret-key"})
    )
    for form in (
        StateForm(packs=True, guard=vault.refuse),
        StateForm(seal=seal(IDENTITY), guard=vault.refuse),
    ):
        with pytest.raises(SecretExposed):
            form.encode(bad)


def test_a_missing_package_says_how_to_install_it() -> None:
    code = (
        "import sys; sys.modules['pyrage'] = None\n"
        "from ftops.state.sealing import Seal\n"
        "from ftops.errors import FtopsError\n"
        "try: Seal('x')\n"
        "except FtopsError as error: print(error.message, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs the package pyrage" in done.stdout
    assert "pip install 'ftops[encryption]'" in done.stdout
