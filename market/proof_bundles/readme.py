"""Tell an outsider which public programs check which member of a bundle, by which command (核验说明)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.export_format import KeyRow
from catalog.signing.algorithms import KEY_PREFIX, Algorithm, find_algorithm
from catalog.signing.canonical import FRAME
from catalog.signing.purposes import Purpose
from market.proof_bundles.model import (
    CERTIFICATE,
    CONTRACT,
    CREDENTIAL,
    STATEMENT,
    USAGE,
    Gathered,
)

_SM2: Final = "-digest sm3 -pkeyopt distid:1234567812345678"
_VALUE: Final = """sed -n 's/.*"value": *"\\([^"]*\\)".*/\\1/p'"""
_DOCUMENT: Final = """sed -n 's/.*"document": *"\\([^"]*\\)".*/\\1/p'"""

_HEAD: Final = """\
用量对账与举证包 · Proof bundle of {subject}
shushi/proof-bundle/2 — 格式说明 · the format: market/proof_bundles/FORMAT.md

一次核验全部 · All at once, offline:
    market verify THIS.zip [--policy POLICY] [--vkey KEY] [--keys keys.json] [--lang zh|en]
它核对：清单与签名；日志登记的正是这份包的每一个文件；每一条日志条目都在已签名的检查点之下；这些就是关于本对象的全部条目；载荷与承诺一致；
合同双方签名；凭证及其效力；并按计量记录与合同价款重新计算账单，精确到分。第一处不符会被指出。
It checks: manifest and signatures; that the log knows each file of this very bundle; that every entry lies under the signed checkpoint; that these are all
entries about the subject; what they say; both signatures of the contract; the certificate and whether it
counts; and it computes the bill again to the fen. The first thing wrong is named.

以下命令不使用本系统的任何程序。请在解压后的目录中执行。
Nothing below uses a program of ours. Run it in the folder to which the bundle was unpacked.
公钥请以您另行获知的为准 · Trust the keys that you know from elsewhere: {keys_at}

1  成员未变 · The members are whole
    sha256sum -c SHA256SUMS
   日志条目登记的正是这份清单 · the entry of the log knows this very manifest, and the receipt this entry
    grep -o "$(sha256sum manifest.json | cut -c1-64)" entry.json
    {document} receipt.json | base64 -d | grep -o "$( (printf '\\0'; cat entry.json) | sha256sum | cut -c1-64)"

2  日志条目在检查点之下 · The entries lie under the checkpoint (Go, golang.org/x/mod/sumdb)
    go run check.go '{vkey}'
   每行 leaves.jsonl 即被哈希的字节 · each line of leaves.jsonl is what is hashed: SHA-256(00 || line)

3  签名 · Signatures (OpenSSL 3)
    v() {{ printf %s "$1" | base64 -d > key.der; printf %s "$2" | base64 -d > value
          openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin $4 -in "$3" -sigfile value; }}
"""
_TAIL: Final = """
{number}  账单 · The bill
   usage.jsonl 每行是一条计量记录，其 SHA-256 在 leaves.jsonl 同序号条目的 digests（kind usage）中；
   price_units 之和即计量数。journal.jsonl 每行是一笔复式分录，legs 之和为零。
   Each line of usage.jsonl is a metered use, whose SHA-256 stands in a leaf (digest of kind usage); the sum of
   price_units is what was metered. Each line of journal.jsonl is an entry whose legs sum to zero.
    head -1 usage.jsonl | tr -d '\\n' | sha256sum
"""


def text(gathered: Gathered, parts: dict[str, bytes]) -> str:
    """Return the README of a bundle; its commands hold the keys and signatures of this very bundle."""
    steps = list(_steps(gathered, parts))
    head = _HEAD.format(
        subject=gathered.subject,
        vkey=gathered.keys.log or "",
        keys_at="GET /api/v1/keys",
        document=_DOCUMENT,
    )
    number = 4
    lines = [head, *steps]
    if CREDENTIAL in parts:
        lines.append(_credential(number))
        number += 1
    if USAGE in parts:
        lines.append(_TAIL.format(number=number))
    return "".join(lines)


def _steps(gathered: Gathered, parts: dict[str, bytes]) -> Iterator[str]:
    """Yield one command for each signature that stands in the bundle."""
    keys = {row.key_id: row for row in gathered.keys.keys}
    yield _checkpoint(gathered)
    for row in gathered.keys.keys:
        if row.purpose == Purpose.STATEMENT and row.holder_party_id is None:
            yield _framed(
                "清单 · the manifest", row, "cat manifest.json", f"$({_VALUE} signature.json)"
            )
            if STATEMENT in parts:
                value = f"$({_VALUE} statement-signature.json)"
                yield _framed("使用对账单 · the usage statement", row, f"cat {STATEMENT}", value)
        if row.purpose == Purpose.RECEIPT and row.holder_party_id is None:
            title = "日志对本包条目的回执 · the log's receipt for the entry of this bundle"
            document = f"{_DOCUMENT} receipt.json | base64 -d"
            yield _framed(title, row, document, f"$({_VALUE} receipt.json)")
        if row.purpose == Purpose.CERTIFICATE and CERTIFICATE in parts:
            value = f"$({_VALUE} {CERTIFICATE})"
            document = f"{_DOCUMENT} {CERTIFICATE} | base64 -d"
            yield _framed("凭证 · the certificate", row, document, value)
    contract = None if gathered.order is None else gathered.order.contract
    for signed in () if contract is None else contract.signatures:
        row = keys[signed.signature.key_id]
        value = base64.b64encode(signed.signature.value).decode()
        title = f"合同 · the contract, {signed.side}"
        yield _framed(title, row, f"cat {CONTRACT}", value)


def _checkpoint(gathered: Gathered) -> str:
    key = parse_vkey(gathered.keys.log or "")
    der = base64.b64encode(KEY_PREFIX[Algorithm.ED25519] + key.public_key).decode()
    line = f"grep -m1 '^— {gathered.origin} ' checkpoint"
    return (
        "   检查点 · the checkpoint\n    sed '/^$/,$d' checkpoint > said\n"
        f"    v '{der}' \"$({line} | cut -d' ' -f3 | base64 -d | tail -c 64 | base64 -w0)\" said\n"
    )


def _framed(title: str, row: KeyRow, document: str, value: str) -> str:
    algorithm = find_algorithm(row.algorithm)
    assert algorithm is not None, "a key that is kept has an algorithm of ours"
    der = base64.b64encode(KEY_PREFIX[algorithm] + row.public_key).decode()
    extra = f" '{_SM2}'" if algorithm is Algorithm.SM2 else ""
    told = f"   {title} ({row.key_id}, {row.algorithm})\n"
    if algorithm is Algorithm.ML_DSA_44:
        told += "   # OpenSSL 3.5+\n"
    frame = f"printf '{FRAME}{row.purpose}\\n'"
    return f"{told}    ({frame}; {document}) > said\n    v '{der}' \"{value}\" said{extra}\n"


def _credential(number: int) -> str:
    return f"""
{number}  可验证凭证与状态列表 · The certificate as vc+jwt and the status list (npm jose)
    npm install jose@6 && node --input-type=module -e "
      import {{readFileSync as r}} from 'fs'; import {{compactVerify, importJWK, decodeProtectedHeader}} from 'jose';
      const keys = JSON.parse(r('keys.json')).keys;
      for (const file of ['certificate.jwt', 'status-list.jwt']) {{
        const token = r(file, 'utf8'), id = decodeProtectedHeader(token).kid.split('#')[1];
        const key = keys.find(k => k.key_id === id).public_key;
        const x = Buffer.from(key, 'base64').toString('base64url');
        await compactVerify(token, await importJWK({{kty: 'OKP', crv: 'Ed25519', x}}, 'EdDSA'));
        console.log(file, 'signed by', id);
      }}"
"""
