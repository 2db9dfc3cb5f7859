"""OpenSSL as the timestamp authority that stamps our log, and as the verifier of what it holds."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import pathlib
import shutil
import subprocess
import threading
from collections.abc import Iterator

import httpx
import pytest

from catalog.kernel.actor import PUBLIC, Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.timestamps import queries, revocation, token
from catalog.timestamps.hashing import HashAlgorithm, digest
from catalog.timestamps.model import Record
from market.channels.timestamp_authorities import Authorities, HttpAuthority, RevocationSources
from market.cli.log import restamp_now
from market.jobs import stamp_checkpoints
from tests.log_of_tests import ORIGIN, TestLog
from tests.memory_authority import MemoryAuthority
from tests.terminal import free_port

# No `certs`: OpenSSL would add them in an order that is not DER, and strict readers refuse that.
CONFIGURATION = """
[ authority ]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256, sha384, sha512, sm3
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
EXTENSIONS = """
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
crlDistributionPoints = URI:{url}/ca.crl
authorityInfoAccess = OCSP;URI:{responder}
"""
# What the certification authority needs to keep to publish a revocation list.
AUTHORITY = """
[ ca ]
default_ca = root
[ root ]
database = ./index.txt
crlnumber = ./crlnumber
certificate = ./ca.pem
private_key = ./ca.key
default_md = sha256
default_crl_days = 7
crl_extensions = list
[ list ]
authorityKeyIdentifier = keyid
"""


class Tsa:
    """A certification authority and a timestamp authority, made now, kept by the openssl program."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place = place
        found = shutil.which("openssl")
        if found is None:
            pytest.skip("no openssl")
        self.openssl = found
        (place / "ts.cnf").write_text(CONFIGURATION)
        self.port = free_port()
        url = f"http://127.0.0.1:{self.port}"
        self.responder_port = free_port()
        responder = f"http://127.0.0.1:{self.responder_port}"
        (place / "extensions").write_text(EXTENSIONS.format(url=url, responder=responder))
        (place / "ca.cnf").write_text(AUTHORITY)
        (place / "index.txt").write_text("")
        (place / "crlnumber").write_text("01")
        (place / "serial").write_text("01")
        for name in ("ca", "tsa"):
            self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        ca = ("-key", "ca.key", "-subj", "/CN=Test root", "-days", "3650", "-out", "ca.pem")
        self.run("req", "-x509", "-new", *ca)
        self.run("req", "-new", "-key", "tsa.key", "-subj", "/CN=Test TSA", "-out", "tsa.csr")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "365")
        self.run(
            "x509", "-req", "-in", "tsa.csr", *signed, "-extfile", "extensions", "-out", "tsa.pem"
        )

    def publish_list(self, *, revoked: str | None = None) -> bytes:
        """Publish a revocation list, with the authority's certificate on it if a reason is given."""
        if revoked is not None:
            told = ("-config", "ca.cnf", "-revoke", "tsa.pem", "-crl_reason", revoked)
            assert self.run("ca", *told).returncode == 0
        made = self.run("ca", "-config", "ca.cnf", "-gencrl", "-out", "ca.crl.pem")
        assert made.returncode == 0, made.stderr
        self.run("crl", "-in", "ca.crl.pem", "-outform", "DER", "-out", "ca.crl")
        return (self.place / "ca.crl").read_bytes()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.openssl, *arguments], cwd=self.place, capture_output=True, text=True, check=False
        )

    def reply(self, query: bytes) -> bytes:
        (self.place / "q.tsq").write_bytes(query)
        told = ("-config", "ts.cnf", "-section", "authority", "-queryfile", "q.tsq")
        done = self.run("ts", "-reply", *told, "-out", "r.tsr")
        assert done.returncode == 0, done.stderr
        return (self.place / "r.tsr").read_bytes()

    def accepts(self, data: bytes, response: bytes, *more: str) -> bool:
        (self.place / "data").write_bytes(data)
        (self.place / "in.tsr").write_bytes(response)
        told = ("-data", "data", "-in", "in.tsr", "-CAfile", "ca.pem", *more)
        return self.run("ts", "-verify", *told).returncode == 0

    @contextlib.contextmanager
    def responding(self) -> Iterator[None]:
        """Let the openssl program answer about the authority's certificate, as its index has it."""
        told = ("-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key")
        process = subprocess.Popen(
            [self.openssl, "ocsp", *told, "-port", str(self.responder_port), "-ndays", "1"],
            cwd=self.place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert any("waiting for" in line for line in process.stdout), "it does not listen"
            yield
        finally:
            process.terminate()
            process.communicate(timeout=20)

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """Answer over HTTP as RFC 3161 §3.4 has it."""
        tsa = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                is_query = self.headers["content-type"] == token.QUERY_TYPE
                answer = tsa.reply(body) if is_query else b""
                self.send_response(200 if is_query else 415)
                self.send_header("content-type", token.REPLY_TYPE)
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                found = tsa.place / self.path.removeprefix("/")
                is_there = self.path == "/ca.crl" and found.exists()
                self.send_response(200 if is_there else 404)
                self.end_headers()
                self.wfile.write(found.read_bytes() if is_there else b"")

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, clock: ManualClock) -> TestLog:
    made = TestLog(db, almighty, data_dir)
    await made.append_many(clock.now(), 5)
    await made.run(clock.now())
    return made


@pytest.mark.parametrize("algorithm", [HashAlgorithm.SHA256, HashAlgorithm.SM3])
async def test_openssl_stamps_our_checkpoints_and_verifies_what_is_kept(
    tsa: Tsa, log: TestLog, clock: ManualClock, algorithm: HashAlgorithm
) -> None:
    trust = token.read_trust((tsa.place / "ca.pem").read_bytes(), ["1.2.3.4.5"])
    published = tsa.publish_list()

    with tsa.served() as url:
        async with httpx.AsyncClient(trust_env=False) as web:
            authority = HttpAuthority(url, web, policy="1.2.3.4.5")
            authorities = Authorities((authority,), trust, algorithm, RevocationSources(web))
            hour = dt.timedelta(hours=1)
            kept = await stamp_checkpoints.run(
                log.db, clock=clock.now, authorities=authorities, every=hour, alarm_after=hour
            )
            archived = await restamp_now(
                log.db,
                authorities,
                clock=clock.now,
                origin=ORIGIN,
                algorithm=HashAlgorithm.SHA512,
                leaving=set(),
                within=hour,
                anyway=True,
            )

    assert (kept, archived.numbers) == (1, [2])
    async with begin(log.db, PUBLIC) as tx:
        records: list[Record] = [await queries.get(tx, number) for number in (1, 2)]
    for record in records:
        assert tsa.accepts(record.covers, record.response)
        assert not tsa.accepts(record.covers + b"\n", record.response)
        changed = bytearray(record.response)
        changed[-1] ^= 1
        assert not tsa.accepts(record.covers, bytes(changed))
    assert [record.algorithm for record in records] == [algorithm, HashAlgorithm.SHA512]
    assert [record.said for record in records] == [(published,), (published,)]
    # OpenSSL, too, finds the kept list signed by the authority's issuer.
    (tsa.place / "kept.crl").write_bytes(records[0].said[0])
    looked = tsa.run("crl", "-in", "kept.crl", "-inform", "DER", "-CAfile", "ca.pem", "-noout")
    assert "verify OK" in looked.stderr


def test_a_timestamp_by_a_certificate_that_openssl_revoked_is_not_kept_nor_believed(
    tmp_path: pathlib.Path,
) -> None:
    tsa = Tsa(tmp_path)
    data = b"checkpoint\n"
    answer = tsa.reply(
        token.query(HashAlgorithm.SHA256, digest(HashAlgorithm.SHA256, data), nonce=1, policy=None)
    )
    trust = token.read_trust((tsa.place / "ca.pem").read_bytes())
    stamped = token.check(answer, data, trust)
    assert revocation.check(stamped.chain, [tsa.publish_list()], stamped.at)

    lists = [tsa.publish_list(revoked="keyCompromise")]

    with pytest.raises(token.TimestampWrong) as refused:
        revocation.check(stamped.chain, lists, stamped.at)
    assert "keyCompromise" in str(refused.value.facts["reason"])


async def test_openssl_answers_our_question_and_its_answer_is_kept_or_refuses(
    tmp_path: pathlib.Path,
) -> None:
    tsa = Tsa(tmp_path)
    data = b"checkpoint\n"
    answer = tsa.reply(
        token.query(HashAlgorithm.SHA256, digest(HashAlgorithm.SHA256, data), nonce=1, policy=None)
    )
    trust = token.read_trust((tsa.place / "ca.pem").read_bytes())
    stamped = token.check(answer, data, trust)
    async with httpx.AsyncClient(trust_env=False) as web:
        sources = RevocationSources(web)
        with tsa.responding():
            unknown = await sources.collect(answer, data, trust)  # it is in no index yet
        tsa.run("ca", "-config", "ca.cnf", "-valid", "tsa.pem")
        with tsa.responding():
            good = await sources.collect(answer, data, trust)
        tsa.publish_list(revoked="keyCompromise")
        with tsa.responding():
            revoked = await sources.collect(answer, data, trust)

    assert (unknown, len(good), len(revoked)) == ((), 1, 1)
    assert revocation.check(stamped.chain, good, stamped.at)
    with pytest.raises(token.TimestampWrong) as refused:
        revocation.check(stamped.chain, revoked, stamped.at)
    assert "keyCompromise" in str(refused.value.facts["reason"])
    # OpenSSL, too, believes what is kept.
    (tsa.place / "kept.ocsp").write_bytes(good[0])
    asked = ("-issuer", "ca.pem", "-cert", "tsa.pem", "-CAfile", "ca.pem", "-no_nonce")
    looked = tsa.run("ocsp", "-respin", "kept.ocsp", *asked)
    assert "Response verify OK" in looked.stderr
    assert "tsa.pem: good" in looked.stdout


async def test_lists_that_are_not_to_be_had_or_of_somebody_else_are_left_out(
    tsa: Tsa,
) -> None:
    trust = token.read_trust((tsa.place / "ca.pem").read_bytes())
    data = b"checkpoint\n"
    imprint = digest(HashAlgorithm.SHA256, data)
    answer = tsa.reply(token.query(HashAlgorithm.SHA256, imprint, nonce=1, policy=None))
    async with httpx.AsyncClient(trust_env=False) as web:
        lists = RevocationSources(web)
        assert await lists.collect(answer, data, trust) == ()  # nobody answers
        (tsa.place / "ca.crl").write_bytes(b"no list")
        with tsa.served():
            assert await lists.collect(answer, data, trust) == ()
            good = tsa.publish_list()
            assert await lists.collect(answer, data, trust) == (good,)
        with pytest.raises(token.TimestampWrong):
            await lists.collect(answer, b"other", trust)


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_openssl_reads_our_request_and_we_its_answer(tsa: Tsa, algorithm: HashAlgorithm) -> None:
    data = b"checkpoint\n"
    imprint = digest(algorithm, data)
    query = token.query(algorithm, imprint, nonce=2**63 - 1, policy=None)

    answer = tsa.reply(query)

    token.check_reply(answer, algorithm, imprint, 2**63 - 1)
    trust = token.read_trust((tsa.place / "ca.pem").read_bytes())
    assert token.check(answer, data, trust).authority == "CN=Test TSA"
    assert tsa.accepts(data, answer)


def test_openssl_verifies_the_authority_of_our_tests_and_not_another(tsa: Tsa) -> None:
    made = MemoryAuthority(ManualClock(dt.datetime.now(dt.UTC)))
    (tsa.place / "memory.pem").write_bytes(made.pem())
    response = made.stamped(b"data", HashAlgorithm.SM3)

    (tsa.place / "data").write_bytes(b"data")
    (tsa.place / "in.tsr").write_bytes(response)
    told = ("-data", "data", "-in", "in.tsr", "-CAfile")
    assert tsa.run("ts", "-verify", *told, "memory.pem").returncode == 0
    assert tsa.run("ts", "-verify", *told, "ca.pem").returncode != 0
    assert not tsa.accepts(
        b"data", tsa.reply(token.query(HashAlgorithm.SHA256, b"\1" * 32, nonce=1, policy=None))
    )


def test_a_request_that_openssl_does_not_grant_is_a_refusal(tsa: Tsa) -> None:
    answer = tsa.reply(token.query(HashAlgorithm.SHA256, b"\1" * 32, nonce=1, policy="1.9.9"))

    with pytest.raises(token.TimestampRefused):
        token.check_reply(answer, HashAlgorithm.SHA256, b"\1" * 32, 1)
