"""noble checks the lines of our checkpoints, sigstore's two libraries our inclusion proofs, and no others."""

from __future__ import annotations

import base64
import datetime as dt
import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from catalog.audit_log import merkle
from catalog.witnessing import disk
from catalog.witnessing.disk import Witness
from tests.foreign_tools import node, npm, python_packages
from tests.witnessed_log import LOG_KEY, MemoryLog

VECTOR = json.loads(
    (pathlib.Path(__file__).parents[1] / "vectors" / "checkpoint_lines.json").read_bytes()
)

# The messages are made here from the note alone, as C2SP tlog-checkpoint and tlog-cosignature tell.
LINES = """
import {readFileSync} from 'node:fs';
import {ed25519} from '@noble/curves/ed25519.js';
import {ml_dsa44} from '@noble/post-quantum/ml-dsa.js';
const given = JSON.parse(readFileSync(0));
const bytes = text => Buffer.from(text, 'base64');
function check({note, ed, ml}) {
  const [text, lines] = [note.slice(0, note.indexOf('\\n\\n') + 1), note.slice(note.indexOf('\\n\\n') + 2)];
  const [origin, size, root] = text.split('\\n');
  const values = lines.trim().split('\\n').map(line => bytes(line.split(' ')[2]));
  const value = values[0].subarray(4), long = values.find(each => each.length > 2000).subarray(4);
  const name = Buffer.from(origin), number = Buffer.alloc(8), time = long.subarray(0, 8);
  number.writeBigUInt64BE(BigInt(size));
  const message = Buffer.concat([Buffer.from('subtree/v1\\n\\0'), Buffer.from([name.length]), name, time,
    Buffer.from([name.length]), name, Buffer.alloc(8), number, bytes(root)]);
  return [ed25519.verify(value, Buffer.from(text), bytes(ed)),
          ml_dsa44.verify(long.subarray(8), message, bytes(ml))];
}
console.log(JSON.stringify(given.map(check)));
"""

# A witness's two lines, by what C2SP tlog-cosignature says of each type.
COSIGNED = """
import {readFileSync} from 'node:fs';
import {createHash} from 'node:crypto';
import {ed25519} from '@noble/curves/ed25519.js';
import {ml_dsa44} from '@noble/post-quantum/ml-dsa.js';
const bytes = text => Buffer.from(text, 'base64');
function check({note, answer, vkeys}) {
  const text = note.slice(0, note.indexOf('\\n\\n') + 1), [origin, size, root] = text.split('\\n');
  return answer.trim().split('\\n').map((line, at) => {
    const [, name, value] = line.split(' '), raw = bytes(value), time = raw.subarray(4, 12);
    const [named, id, typed] = [vkeys[at].split('+')[0], vkeys[at].split('+')[1],
      bytes(vkeys[at].split('+').slice(2).join('+'))];
    const own = createHash('sha256').update(Buffer.concat([Buffer.from(named + '\\n'), typed])).digest();
    if (name !== named || own.subarray(0, 4).toString('hex') !== id || !raw.subarray(0, 4).equals(own.subarray(0, 4)))
      return false;
    if (typed[0] === 4)
      return ed25519.verify(raw.subarray(12),
        Buffer.from(`cosignature/v1\\ntime ${time.readBigUInt64BE()}\\n${text}`), typed.subarray(1));
    const number = Buffer.alloc(8), names = [name, origin].map(each => Buffer.from(each));
    number.writeBigUInt64BE(BigInt(size));
    const message = Buffer.concat([Buffer.from('subtree/v1\\n\\0'), Buffer.from([names[0].length]), names[0], time,
      Buffer.from([names[1].length]), names[1], Buffer.alloc(8), number, bytes(root)]);
    return ml_dsa44.verify(raw.subarray(12), message, typed.subarray(1));
  });
}
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(check)));
"""

PROOFS = """
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
const require = createRequire(import.meta.url);
const path = require.resolve('@sigstore/verify');
const {verifyMerkleInclusion} = require(path.replace(/index\\.js$/, 'tlog/merkle.js'));
const bytes = text => Buffer.from(text, 'base64'), said = [];
for (const {leaf, index, size, root, hashes} of JSON.parse(readFileSync(0))) {
  try {
    verifyMerkleInclusion(
      {canonicalizedBody: bytes(leaf), inclusionProof: {logIndex: `${index}`, hashes: hashes.map(bytes)}},
      {logSize: BigInt(size), logHash: bytes(root)});
    said.push(true);
  } catch (error) {
    if (error.code !== 'TLOG_INCLUSION_PROOF_ERROR') throw error;
    said.push(false);
  }
}
console.log(JSON.stringify(said));
"""

SIGSTORE = """
import base64, json, sys, types
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore.errors import VerificationError
said = []
for each in json.load(sys.stdin):
    proof = types.SimpleNamespace(
        log_index=each["index"], tree_size=each["size"], root_hash=base64.b64decode(each["root"]),
        hashes=[base64.b64decode(one) for one in each["hashes"]])
    body = base64.b64decode(each["leaf"])
    entry = types.SimpleNamespace(_inner=types.SimpleNamespace(inclusion_proof=proof, canonicalized_body=body))
    try:
        verify_merkle_inclusion(entry)
        said.append(True)
    except VerificationError:
        said.append(False)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return npm(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def sigstore(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return python_packages(tmp_path_factory.mktemp("python"), "python.txt")


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def flipped(encoded: str) -> str:
    raw = bytearray(base64.b64decode(encoded))
    raw[len(raw) // 2] ^= 1
    return text(raw)


def test_noble_verifies_the_lines_of_ed25519_and_ml_dsa_and_no_others(folder: pathlib.Path) -> None:
    keys = {row["algorithm"]: row["public_key"] for row in VECTOR["keys"]["keys"]}
    genuine = {"note": VECTOR["checkpoint"], "ed": keys["ed25519"], "ml": keys["ml-dsa-44"]}
    head, _, lines = VECTOR["checkpoint"].partition("\n\n")
    first, second, third = lines.splitlines()
    mark, name, value = second.split(" ")
    forged = "\n".join((first, f"{mark} {name} {flipped(value)}", third))

    said = node(
        folder,
        LINES,
        [
            genuine,
            genuine | {"note": VECTOR["checkpoint"].replace("\n5\n", "\n6\n")},
            genuine | {"note": VECTOR["checkpoint"].replace("previous 3", "previous 4")},
            genuine | {"note": f"{head}\n\n{forged}\n"},
        ],
    )

    # The cosigned message has no place for extension lines: `previous` stands under Ed25519.
    assert said == [[True, True], [False, False], [False, True], [True, False]]


def test_noble_verifies_both_cosignatures_of_our_witness_and_no_changed_ones(
    folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    log = MemoryLog(300)
    keys = disk.create(tmp_path / "w", "w.example/ours")
    witness = Witness(tmp_path / "w")
    witness.add_log(LOG_KEY)
    answer = witness.add_checkpoint(log.request(0, 300).body(), dt.datetime.now(dt.UTC))
    genuine = {
        "note": log.note(300).decode(),
        "answer": answer,
        "vkeys": [str(key) for key in keys],
    }
    lines = answer.splitlines()
    marked = [line.rsplit(" ", 1) for line in lines]
    forged = "".join(f"{head} {flipped(value)}\n" for head, value in marked)
    other = [str(key) for key in disk.create(tmp_path / "v", "w.example/ours")]

    said = node(
        folder,
        COSIGNED,
        [
            genuine,
            genuine | {"answer": forged},
            genuine | {"note": log.note(299).decode()},
            genuine | {"vkeys": other},
        ],
    )

    assert said == [[True, True], [False, False], [False, False], [False, False]]


def proofs() -> tuple[list[dict[str, Any]], list[bool]]:
    """Return proofs of a log of many sizes, genuine ones and changed ones, and which are genuine."""
    given, genuine = [], []
    log = MemoryLog(300)
    for size, index in ((1, 0), (2, 1), (7, 6), (255, 128), (256, 255), (300, 0), (300, 299)):
        made = {
            "leaf": text(log.leaves[index]),
            "index": index,
            "size": size,
            "root": text(log.root(size)),
            "hashes": [text(each) for each in log.inclusion(index, size)],
        }
        hashes: list[str] = made["hashes"]
        for changes in (
            {},
            {"leaf": text(log.leaves[index] + b"!")},
            {"root": flipped(made["root"])},
            {"hashes": [*hashes, text(merkle.EMPTY_ROOT)]},
            {"hashes": [flipped(hashes[0]), *hashes[1:]]} if hashes else {"root": text(bytes(32))},
            {"hashes": hashes[:-1]} if hashes else {"hashes": [text(bytes(32))]},
        ):
            given.append(made | changes)
            genuine.append(not changes)
    return given, genuine


def test_sigstore_for_javascript_accepts_our_proofs_and_no_others(folder: pathlib.Path) -> None:
    given, genuine = proofs()

    assert node(folder, PROOFS, given) == genuine


def test_sigstore_for_python_accepts_our_proofs_and_no_others(sigstore: dict[str, str]) -> None:
    given, genuine = proofs()

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SIGSTORE],
        env=sigstore,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == genuine


def test_pyhanko_s_own_command_accepts_our_sealed_paper_and_no_changed_one(
    sigstore: dict[str, str], tmp_path: pathlib.Path
) -> None:
    from tests.portal.test_paper import sealed

    pdf, trusted = sealed(tmp_path)
    raw = bytearray(pdf.read_bytes())
    raw[2_000] ^= 1
    (tmp_path / "changed.pdf").write_bytes(raw)

    def judged(path: pathlib.Path, *trust: str) -> tuple[int, str]:
        command = [sys.executable, "-W", "ignore", "-m", "pyhanko", "sign", "validate"]
        command += ["--no-revocation-check", *trust, "--pretty-print", str(path)]
        done = subprocess.run(
            command, env=sigstore, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    genuine = judged(pdf, "--trust", str(trusted))
    assert genuine[0] == 0, genuine[1]
    assert "The signature is judged VALID" in genuine[1]
    changed = judged(tmp_path / "changed.pdf", "--trust", str(trusted))
    assert changed[0] != 0 or "INVALID" in changed[1]
    untrusted = judged(pdf)
    assert "The signature is judged VALID" not in untrusted[1]
