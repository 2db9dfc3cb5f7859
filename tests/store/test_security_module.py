"""Keys inside a security module, tried with SoftHSM2 by PKCS#11."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from catalog.audit_log import operations as audit_log
from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.key_custody.disk import PrivateKeyNotHere
from catalog.signing import disk
from catalog.signing import queries as keys_of_the_register
from catalog.signing.algorithms import Algorithm
from catalog.signing.disk import KeyFileUnusable
from catalog.signing.model import KeyId, PublicKey
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import verify_detached, verify_raw
from market.app import create_app
from market.channels import key_destruction, security_module
from market.cli.keys import keys
from market.identity.permissions import Role
from market.jobs import keys_due
from market.settings import SettingInvalid, Settings, read
from tests.api import Api, code
from tests.makers_identity import make_member

MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "987654"
ROOT = system("test", "key:rotate", "key:end")

# Run by itself: a token may have one login in a process, and that is the service's.
MAKE_KEYS = """
import sys
import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism
from pkcs11.util.ec import encode_named_curve_parameters

token = pkcs11.lib(sys.argv[1]).get_token(token_label="market")
with token.open(user_pin=sys.argv[2], rw=True) as session:
    for label in sys.argv[3:]:
        kind, oid = KeyType.EC_EDWARDS, "1.3.101.112"
        how = Mechanism.EC_EDWARDS_KEY_PAIR_GEN
        if label.startswith("paper"):
            kind, oid, how = KeyType.EC, "1.2.840.10045.3.1.7", Mechanism.EC_KEY_PAIR_GEN
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(oid)}
        parameters = session.create_domain_parameters(kind, curve, local=True)
        parameters.generate_keypair(mechanism=how, store=True, label=label)
"""


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the label of a token with keys for certificates, the log and papers."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: shushi[pkcs11]")
    if shutil.which("softhsm2-util") is None or not MODULE.exists():
        pytest.skip("SoftHSM2 is not installed (Debian: softhsm2)")
    place = tmp_path_factory.mktemp("softhsm")
    (place / "tokens").mkdir()
    (place / "softhsm2.conf").write_text(f"directories.tokendir = {place / 'tokens'}\n")
    os.environ["SOFTHSM2_CONF"] = str(place / "softhsm2.conf")
    new = ["--init-token", "--free", "--label", "market", "--pin", PIN, "--so-pin", "1234"]
    subprocess.run(["softhsm2-util", *new], check=True, capture_output=True)
    labels = ["certificate", "checkpoint", "paper"]
    make_keys(*labels)
    yield "market"
    del os.environ["SOFTHSM2_CONF"]


def make_keys(*labels: str) -> None:
    subprocess.run([sys.executable, "-c", MAKE_KEYS, str(MODULE), PIN, *labels], check=True)


def held(settings: Settings, token: str, **changes: object) -> Settings:
    values = {
        "pkcs11_module": MODULE,
        "pkcs11_token": token,
        "pkcs11_pin": PIN,
        "pkcs11_purposes": "certificate,checkpoint,paper",
    }
    return msgspec.structs.replace(settings, **(values | changes))


async def test_a_service_signs_with_keys_that_never_leave_their_token(
    token: str, settings: Settings, clock: ManualClock
) -> None:
    inside = held(settings, token, checkpoint_algorithms="ml-dsa-44")

    async with create_app(inside, clock=clock).wired() as wiring:
        signers = wiring.signers
        seal = signers[Purpose.CERTIFICATE].seal(b"document")
        log_key = wiring.log_signer.signer.public_key

    public_key = signers[Purpose.CERTIFICATE].public_key
    assert verify_detached(public_key, Purpose.CERTIFICATE, b"document", seal.value)
    assert not verify_detached(public_key, Purpose.CERTIFICATE, b"another", seal.value)
    assert log_key == signers[Purpose.CHECKPOINT].public_key
    papers = signers[Purpose.PAPER]
    assert (papers.algorithm, len(papers.public_key)) == (Algorithm.P256, 65)
    assert verify_raw(papers.public_key, b"a", papers.sign_framed(b"a"), Algorithm.P256)
    assert not verify_raw(papers.public_key, b"b", papers.sign_framed(b"a"), Algorithm.P256)
    made = {path.stem for path in settings.keys_dir.glob("*.key")}
    assert "report" in made
    assert "checkpoint.ml-dsa-44" in made
    assert not {"certificate", "checkpoint", "paper.ecdsa-p256"} & made


@pytest.mark.parametrize(
    "changes",
    [
        {"pkcs11_purposes": "report"},  # no key of that label
        {"pkcs11_token": "nobody's"},
        {"pkcs11_module": pathlib.Path("/nowhere/libpkcs11.so")},
    ],
)
def test_a_token_that_can_not_be_used_is_told(
    token: str, settings: Settings, changes: dict[str, object]
) -> None:
    with pytest.raises(KeyFileUnusable):
        security_module.keys_of(held(settings, token, **changes))


def test_a_token_whose_signature_is_not_that_of_its_public_key_is_refused(
    token: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security_module.TokenKey, "sign", lambda _self, _message: bytes(64))

    with pytest.raises(KeyFileUnusable) as refused:
        security_module.keys_of(held(settings, token))

    assert "not that of its public key" in str(refused.value.facts["reason"])


def test_a_machine_without_the_library_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)

    with pytest.raises(KeyFileUnusable) as refused:
        security_module.keys_of(held(settings, "of nobody"))

    assert "shushi[pkcs11]" in str(refused.value.facts["reason"])


def test_no_file_is_read_for_what_lies_elsewhere(tmp_path: pathlib.Path) -> None:
    disk.create_missing(tmp_path, elsewhere=[Purpose.CERTIFICATE])

    assert not (tmp_path / "certificate.key").exists()
    with pytest.raises(KeyFileUnusable):
        disk.read_signers(tmp_path)


def test_a_key_in_a_module_is_changed_there_or_not_at_all(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKET_PKCS11_MODULE", "/nowhere/libpkcs11.so")
    monkeypatch.setenv("MARKET_PKCS11_PURPOSES", "certificate")

    done = CliRunner().invoke(keys, ["rotate", "certificate", "--data-dir", str(tmp_path)])

    assert (done.exit_code, "certificate.next" in done.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


DESTROY = """
import sys
from catalog.kernel.clock import SystemClock
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from market.channels import security_module
from market.settings import read

key = PublicKey(sys.argv[1], Purpose.CHECKPOINT, b"", SystemClock().now())
security_module.destroy(read(), key)
"""


def test_the_logs_key_in_a_module_is_changed_with_an_overlap_and_the_old_one_destroyed(
    token: str, settings: Settings, tmp_path: pathlib.Path
) -> None:
    environment = os.environ | {
        "MARKET_PKCS11_MODULE": str(MODULE),
        "MARKET_PKCS11_TOKEN": token,
        "MARKET_PKCS11_PIN": PIN,
        "MARKET_PKCS11_PURPOSES": "checkpoint",
        "MARKET_DATA_DIR": str(tmp_path),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )

    def keys_in_token() -> tuple[str, list[str]]:
        found = run("-c", SHOW)
        assert found.returncode == 0, found.stderr
        current, *outgoing = found.stdout.split()
        return current, outgoing

    made = run("-m", "market", "keys", "new")
    before, none = keys_in_token()
    make_keys("checkpoint.next")
    rotated = run("-m", "market", "keys", "rotate", "checkpoint", "--json")
    after, outgoing = keys_in_token()
    exported = run("-m", "market", "export", "--out", str(tmp_path / "export"))
    destroyed = run("-c", DESTROY, before)

    assert made.returncode == 0, made.stderr
    assert none == []
    assert rotated.returncode == 0, rotated.stderr
    assert msgspec.json.decode(rotated.stdout) == {"key_id": after}
    assert outgoing == [before]
    assert exported.returncode == 0, exported.stderr
    note = (tmp_path / "export" / "checkpoint").read_text()
    assert len(note.rpartition("\n\n")[2].splitlines()) == 2
    assert destroyed.returncode == 0, destroyed.stderr
    assert keys_in_token() == (after, [])


SHOW = """
from market.app import log_signer
from market.settings import read
from catalog.signing import disk

settings = read()
log = log_signer(settings)
print(log.signer.key_id, *(each.key_id for each in log.outgoing))
"""


LABELS = """
import sys
import pkcs11
from pkcs11 import Attribute, ObjectClass

token = pkcs11.lib(sys.argv[1]).get_token(token_label="market")
with token.open(user_pin=sys.argv[2]) as session:
    for key in session.get_objects({Attribute.CLASS: ObjectClass[sys.argv[3]]}):
        print(key.label)
"""


def labels(kind: str) -> set[str]:
    """Return the labels of the keys that lie in the token, as another program sees them."""
    command = [sys.executable, "-c", LABELS, str(MODULE), PIN, kind]
    return set(subprocess.check_output(command, text=True).split())


async def test_two_people_destroy_a_key_in_a_token_through_the_service_that_signs_with_it(
    token: str, doors: Any, settings: Settings, clock: ManualClock, db: Database
) -> None:
    make_keys("report", "report.next")
    inside = held(settings, token, pkcs11_purposes="report")
    doors._settings, doors._clock = inside, clock
    async with doors.wired(), Api.on(doors, clock) as api:
        old = api.context.signers[Purpose.REPORT].key_id
        security_module.promote(inside, Purpose.REPORT)
        new = security_module.keys_of(inside)[Purpose.REPORT]
        async with begin(db, ROOT) as tx:
            await audit_log.register_service_keys(
                tx, now=clock.now(), keys={Purpose.REPORT: new.public_key}
            )
        clock.move_by(dt.timedelta(minutes=6))
        assert await keys_due.run(db, now=clock.now(), signer=api.context.log_signer) > 0
        security, system_, auditor = [
            api.as_((await make_member(db, role, now=clock.now())).token)
            for role in (
                Role.SECURITY_ADMINISTRATOR,
                Role.SYSTEM_ADMINISTRATOR,
                Role.AUDIT_ADMINISTRATOR,
            )
        ]
        made = await security.post(f"/api/v1/keys/{old}/destructions", {"reason": "期满"})
        before = labels("PRIVATE_KEY")
        done = await system_.post(f"/api/v1/key-destructions/{made.json()['id']}/confirmations")
        (entry,) = await auditor.find_in_log(action="key:destroyed")
        again = await security.post(f"/api/v1/keys/{old}/destructions", {"reason": "期满"})
        async with begin(db, ROOT) as tx:
            key = await keys_of_the_register.find_key(tx, old)
    assert key is not None
    security_module.destroy(inside, key)  # it was done, and is not known to have been

    assert made.status_code == 201, made.text
    assert f"report.{old}" in before
    assert done.status_code == 200, done.text
    assert (done.json()["state"], code(again)) == ("confirmed", "key_destroyed_already")
    assert entry["payload"]["facts"]["method"] == "object destroyed in the security module"
    assert labels("PRIVATE_KEY") == before - {f"report.{old}"}
    assert f"report.{old}" in labels("PUBLIC_KEY")
    assert verify_raw(new.public_key, b"a", new.sign(b"a"), Algorithm.ED25519)


async def test_a_token_s_key_that_is_not_there_or_another_one_is_not_destroyed(
    token: str, settings: Settings, clock: ManualClock
) -> None:
    make_keys(f"report.{'0' * 16}")
    inside = held(settings, token, pkcs11_purposes="report")
    unknown = PublicKey(KeyId("f" * 16), Purpose.REPORT, b"", clock.now())
    mistaken = PublicKey(KeyId("0" * 16), Purpose.REPORT, b"", clock.now())

    for key, refusal in ((unknown, PrivateKeyNotHere), (mistaken, KeyFileUnusable)):
        how = key_destruction.of(inside, key)
        with pytest.raises(refusal):
            how.act()

    assert f"report.{'0' * 16}" in labels("PRIVATE_KEY")


def test_a_key_is_destroyed_where_it_lies_and_a_file_of_it_goes_before_a_token(
    settings: Settings, clock: ManualClock
) -> None:
    disk.create_missing(settings.keys_dir)
    old = disk.read_signer(settings.keys_dir, Purpose.REPORT)
    disk.replace(settings.keys_dir, Purpose.REPORT)
    key = PublicKey(old.key_id, Purpose.REPORT, old.public_key, clock.now())
    elsewhere = PublicKey(KeyId("f" * 16), Purpose.REPORT, b"", clock.now())
    moved = held(settings, "market", pkcs11_purposes="report")

    assert key_destruction.of(settings, key).method == key_destruction.IN_A_FILE
    assert key_destruction.of(moved, key).method == key_destruction.IN_A_FILE
    assert key_destruction.of(moved, elsewhere).method == key_destruction.IN_A_MODULE
    key_destruction.of(moved, key).act()
    assert key_destruction.of(moved, key).method == key_destruction.IN_A_FILE
    key_destruction.of(moved, key).act()  # it was done, and is not known to have been
    with pytest.raises(PrivateKeyNotHere):
        key_destruction.of(settings, elsewhere).act()


@pytest.mark.parametrize(
    "told",
    [
        {"MARKET_PKCS11_PURPOSES": "certificate"},
        {"MARKET_PKCS11_PURPOSES": "opinion", "MARKET_PKCS11_MODULE": "/a.so"},
        {"MARKET_PKCS11_PURPOSES": "everything", "MARKET_PKCS11_MODULE": "/a.so"},
    ],
)
def test_only_the_services_own_keys_lie_in_a_module_and_it_is_named(told: dict[str, str]) -> None:
    with pytest.raises(SettingInvalid, match="MARKET_PKCS11_PURPOSES"):
        read(told)
