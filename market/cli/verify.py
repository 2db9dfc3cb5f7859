"""Check what somebody holds: an export, certificate, report, statement, trace, case file, or a log.

Nothing here needs a database. The last line says "genuine", or names the first bad entry.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import pathlib
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import rich_click as click

from catalog.audit_log import export_format as form
from catalog.audit_log import merkle, tiles
from catalog.audit_log.checkpoint import (
    NoteMalformed,
    VerifierKey,
    VerifierKeyMalformed,
    parse_checkpoint,
    parse_note,
    parse_vkey,
)
from catalog.audit_log.verdict import Bad, ExitCode, Unreadable, Verdict
from catalog.certificates import credential_check as credentials
from catalog.kernel.clock import SystemClock
from catalog.signing import jws
from catalog.signing.sm2 import Sm2Unavailable
from catalog.witnessing import log_proof
from catalog.witnessing.policy import Policy
from market.case_files import check as case_files
from market.cli import stamped, witnessed
from market.cli.terminal import print_counts
from market.portal.wording import LANGUAGES
from market.proof_bundles import archive
from market.proof_bundles import check as proof_bundles
from market.proof_bundles.archive import ArchiveRefused
from market.proof_bundles.words import in_words
from market.supervision.check import check_document, known_keys, log_key


@click.command(
    help="离线核验 · Check an export, a certificate (JSON or vc+jwt), a report, a statement, a trace (file or URL), a "
    "case file or a proof bundle (ZIP), or the log of a server. The last line says it, or names the first bad entry.\n\n"
    "Exit code 0: genuine; 1: not genuine; 2: unreadable."
)
@click.argument("place", metavar="PATH|URL")
@click.option("--vkey", help="日志公钥 · the log's key as you know it (name+hash+key)")
@click.option(
    "--keys", "keys_file", type=click.Path(path_type=pathlib.Path), help="公钥文件 · keys.json"
)
@click.option(
    "--log",
    "log_place",
    metavar="EXPORT|URL",
    help="审计日志 · the log in which a document must be: an export, or a server",
)
@click.option(
    "--status",
    "status_place",
    metavar="FILE|URL",
    help="状态列表 · the status list that a certificate as vc+jwt names: a file, or fetched now",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=pathlib.Path),
    help="信任策略 · whose logs count and which witnesses must have cosigned (C2SP tlog-policy)",
)
@click.option(
    "--leaf",
    "leaf_file",
    type=click.Path(path_type=pathlib.Path),
    help="条目 · the bytes of the entry that a .tlog-proof is about",
)
@click.option(
    "--tsa-ca",
    "tsa_ca",
    type=click.Path(path_type=pathlib.Path),
    help="时间戳根证书 · certificates of the timestamp authorities you trust (PEM)",
)
@click.option(
    "--left",
    "left",
    multiple=True,
    metavar="ALGORITHM=DATE",
    help="弃用的摘要算法 · a hash that you no longer believe since a day: sha256=2040-01-01",
)
@click.option("--lang", type=click.Choice(LANGUAGES), help="语言 · one language only")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def verify(
    place: str,
    *,
    vkey: str | None,
    keys_file: pathlib.Path | None,
    log_place: str | None,
    status_place: str | None,
    policy_file: pathlib.Path | None,
    leaf_file: pathlib.Path | None,
    tsa_ca: pathlib.Path | None,
    left: tuple[str, ...],
    lang: str | None,
    as_json: bool,
) -> None:
    """Print what was checked and what was found, and end with the exit code that says it."""
    try:
        verdict = check(
            place,
            vkey=vkey,
            keys_file=keys_file,
            log_place=log_place,
            status_place=status_place,
            now=SystemClock().now(),
            policy_file=policy_file,
            leaf_file=leaf_file,
            tsa_ca=tsa_ca,
            left=left,
        )
    except Unreadable as error:
        fault = error.fault.value if isinstance(error, ArchiveRefused) else None
        _print_unreadable(str(error), as_json=as_json, fault=fault)
        raise SystemExit(ExitCode.UNREADABLE) from error
    except Sm2Unavailable as error:
        reason = f"a signature is SM2, which can not be checked here: {error.facts['reason']}"
        _print_unreadable(reason, as_json=as_json)
        raise SystemExit(ExitCode.UNREADABLE) from error
    _print(verdict, as_json=as_json, lang=lang)
    raise SystemExit(verdict.exit_code)


def check(
    place: str,
    *,
    vkey: str | None,
    keys_file: pathlib.Path | None,
    log_place: str | None = None,
    status_place: str | None = None,
    now: dt.datetime | None = None,
    policy_file: pathlib.Path | None = None,
    leaf_file: pathlib.Path | None = None,
    tsa_ca: pathlib.Path | None = None,
    left: Iterable[str] = (),
) -> Verdict:
    """Return what is found at a path or an address, ``now`` being the time (else the machine's).

    A document that lies beside an export, or beside its folder ``export``, must be in that log.
    With a policy its witnesses must have seen that log.

    :raises Unreadable: if nothing there can be checked.
    """
    try:
        trusted = None if vkey is None else parse_vkey(vkey)
    except VerifierKeyMalformed as error:
        raise Unreadable(f"--vkey: {error.facts['reason']}") from error
    now = now or SystemClock().now()
    belief = stamped.belief(tsa_ca, left, now)
    policy = None if policy_file is None else witnessed.read_policy(policy_file)
    if _is_address(place):
        return _check_url(place, trusted, keys_file, log_place, policy, belief)
    path = pathlib.Path(place)
    if path.is_dir():
        look = functools.partial(stamped.check_dated_export, belief=belief)
        return witnessed.check_log(Directory(path), trusted, policy, look)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{place}: {error.strerror}") from error
    if raw.startswith(log_proof.HEADER):
        return witnessed.check_proof(raw, leaf_file, policy)
    if raw.startswith(case_files.MAGIC) and archive.is_one(raw):
        keys = _keys(keys_file, path)
        log = None if log_place is None else _log_at(log_place)
        return proof_bundles.check(raw, keys=keys, trusted=trusted, policy=policy, log=log)
    if raw.startswith(case_files.MAGIC):
        verdict = case_files.check(raw, keys=_keys(keys_file, path), trusted=trusted)
        log = None if log_place is None else _log_at(log_place)
        return witnessed.check_document(verdict, log, trusted, policy)
    log = _export_beside(path) if log_place is None else _log_at(log_place)
    keys = _keys(keys_file, path) or (None if log is None else _keys_of_log(log))
    if stamped.is_evidence(raw):
        return stamped.check_evidence(raw, keys, trusted, belief)
    if jws.looks_like_one(raw):
        listed = None if status_place is None else _list_at(status_place)
        verdict = _check_credential(raw, keys, trusted, log, listed, now)
    else:
        verdict = check_document(raw, keys=keys, trusted=trusted, log=log)
    return witnessed.check_document(verdict, log, trusted, policy)


def _check_credential(  # noqa: PLR0917
    raw: bytes,
    keys: form.Keys | None,
    trusted: VerifierKey | None,
    log: form.Source | None,
    listed: bytes | None,
    now: dt.datetime,
) -> Verdict:
    known = known_keys(keys)
    held = None if log is None else (log, log_key(keys, trusted))
    return credentials.check(raw, keys=known, now=now, listed=listed, log=held)


def log_and_key(place: str, vkey: str | None) -> tuple[form.Source, VerifierKey]:
    """Return a log at a path or an address, and its key: the one given, or the one it names.

    :raises Unreadable: if there is none, or no key to check it with.
    """
    try:
        trusted = None if vkey is None else parse_vkey(vkey)
    except VerifierKeyMalformed as error:
        raise Unreadable(f"--vkey: {error.facts['reason']}") from error
    log = _log_at(place)
    return log, log_key(_keys_of_log(log), trusted)


def _list_at(place: str) -> bytes:
    if _is_address(place):
        raw = Server(_base(place)).get(urllib.parse.urlsplit(place).path)
        if raw is None:
            raise Unreadable(f"--status {place}: nothing there")
        return raw
    try:
        return pathlib.Path(place).read_bytes()
    except OSError as error:
        raise Unreadable(f"--status {place}: {error.strerror}") from error


def _is_address(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _log_at(place: str) -> form.Source:
    if _is_address(place):
        return Server(_base(place))
    path = pathlib.Path(place)
    if not path.is_dir():
        raise Unreadable(f"--log {place}: no such directory")
    return Directory(path)


def _export_beside(path: pathlib.Path) -> form.Source | None:
    for folder in (path.parent, path.parent.parent):
        for each in (folder, folder / "export"):
            if (each / form.MANIFEST).is_file() and (each / form.CHECKPOINT).is_file():
                return Directory(each)
    return None


def _keys(keys_file: pathlib.Path | None, beside: pathlib.Path) -> form.Keys | None:
    """Return the public keys of the file given, or of the export in which the document lies."""
    candidates = (
        [keys_file] if keys_file else [beside.parent / form.KEYS, beside.parent.parent / form.KEYS]
    )
    for path in candidates:
        if path.is_file():
            return _keys_of(path.read_bytes(), str(path))
    if keys_file:
        raise Unreadable(f"{keys_file}: no such file")
    return None


def _keys_of_log(log: form.Source) -> form.Keys | None:
    raw = log.get("/api/v1/keys") if isinstance(log, Server) else log.read(form.KEYS)
    return None if raw is None else _keys_of(raw, "the keys of the log")


def _keys_of(raw: bytes, name: str) -> form.Keys:
    try:
        return msgspec.json.decode(raw, type=form.Keys)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"{name}: not readable: {error}") from error


def _base(place: str) -> str:
    parts = urllib.parse.urlsplit(place)
    return f"{parts.scheme}://{parts.netloc}"


def _check_url(  # noqa: PLR0917
    place: str,
    trusted: VerifierKey | None,
    keys_file: pathlib.Path | None,
    log_place: str | None,
    policy: Policy | None,
    belief: stamped.Belief,
) -> Verdict:
    server = Server(_base(place))
    keys = _keys(keys_file, pathlib.Path()) if keys_file else _keys_of_log(server)
    path = urllib.parse.urlsplit(place).path
    if path.strip("/") in ("", "log", "log/checkpoint"):
        if trusted is None and policy is None and keys is not None and keys.log is not None:
            trusted = parse_vkey(keys.log)
        look = functools.partial(witnessed.verify_published, keys=keys)
        return witnessed.check_log(server, trusted, policy, look)
    if path.startswith("/certificates/"):
        path = f"/api/v1{path}"
    raw = server.get(path)
    if raw is None:
        raise Unreadable(f"{place}: nothing there")
    if stamped.is_evidence(raw):
        return stamped.check_evidence(raw, keys, trusted, belief)
    log = None if log_place is None else _log_at(log_place)
    if jws.looks_like_one(raw):
        listed = _list_of(server, raw, keys)
        verdict = _check_credential(raw, keys, trusted, log, listed, belief.now)
    else:
        verdict = check_document(raw, keys=keys, trusted=trusted, log=log)
    return witnessed.check_document(verdict, log, trusted, policy)


def _list_of(server: Server, raw: bytes, keys: form.Keys | None) -> bytes | None:
    """Return the status list that a credential names, from the server that gave the credential.

    :raises Unreadable: if it is not to be had: nothing counts on a guess.
    """
    named = credentials.address_of_list(raw, known_keys(keys))
    if named is None:
        return None  # a status list itself, or what is wrong is told anyway
    listed = server.get(urllib.parse.urlsplit(named).path)
    if listed is None:
        raise Unreadable(f"the status list {named} is not to be had")
    return listed


class Directory:
    """An export in a directory."""

    def __init__(self, root: pathlib.Path) -> None:
        self._root = root
        self._names = sorted(
            path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()
        )

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file, or None."""
        try:
            return (self._root / name).read_bytes()
        except OSError:
            return None

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file; none if there is no such file."""
        path = self._root / name
        if path.is_file():
            with path.open("rb") as file:
                yield from file

    def names(self, prefix: str) -> list[str]:
        """Return the names of all files that begin with ``prefix``."""
        first = bisect.bisect_left(self._names, prefix)
        last = bisect.bisect_left(self._names, prefix + "\U0010ffff")
        return self._names[first:last]


class Server:
    """The log that a server publishes. Which tiles there are follows from its checkpoint."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._expected: set[str] | None = None

    def get(self, path: str) -> bytes | None:
        """Return what is at a path, or None.

        :raises Unreadable: if the server can not be reached.
        """
        import httpx

        try:
            answer = httpx.get(
                self._base + path, timeout=30, headers={"accept": "application/json"}
            )
        except httpx.HTTPError as error:
            raise Unreadable(f"{self._base}: {error}") from error
        return answer.content if answer.is_success else None

    def read(self, name: str) -> bytes | None:
        """Return a file of the log, or None."""
        if name.startswith(form.TILES) and name not in self._tiles():
            return None
        return self.get(f"/log/{name}")

    def lines(self, name: str) -> Iterable[bytes]:  # noqa: ARG002
        """Return nothing: a server publishes no line files."""
        return ()

    def names(self, prefix: str) -> list[str]:
        """Return the names of all tiles that the signed tree has."""
        return sorted(name for name in self._tiles() if name.startswith(prefix))

    def _tiles(self) -> set[str]:
        if self._expected is None:
            raw = self.get("/log/checkpoint")
            try:
                size = 0 if raw is None else parse_checkpoint(parse_note(raw).text).size
            except NoteMalformed:
                size = 0
            self._expected = set(_names_of_tree(size))
        return self._expected


def _names_of_tree(size: int) -> Iterator[str]:
    for level, width in enumerate(merkle.edge_widths(size)):
        full = size >> (8 * (level + 1))
        for kind in (None, 0) if level == 0 else (level,):
            for number in range(full):
                yield str(tiles.TilePath(kind, number))
            if width:
                yield str(tiles.TilePath(kind, full, width))


def _print(verdict: Verdict, *, as_json: bool, lang: str | None) -> None:
    first = verdict.first_bad
    if as_json:
        told: dict[str, Any] = {
            "genuine": first is None,
            "counts": verdict.counts,
            "first_bad": first,
            "problems": verdict.problems,
            "notes": verdict.notes,
        }
        click.echo(msgspec.json.encode(told).decode())
        return
    say = in_words if proof_bundles.COUNTED in verdict.counts else str
    print_counts({_in(lang, say(what)): count for what, count in verdict.counts.items()})
    for note in verdict.notes:
        click.echo(f"{_in(lang, '注意 · note')}: {_in(lang, note)}")
    for problem in verdict.problems[1:][::-1]:
        click.echo(f"{_in(lang, '另有 · also')}: {_named(lang, problem)}")
    if first is None:
        click.echo(_in(lang, "真实 · genuine"))
    else:
        click.echo(f"{_in(lang, '不符 · not genuine')}: {_named(lang, first)}")


def _named(lang: str | None, bad: Bad) -> str:
    return f"{bad.kind} {bad.id}: {_in(lang, bad.reason)}"


def _in(lang: str | None, text: str) -> str:
    """Return a text that stands in both languages in one of them, if one is asked for."""
    zh, dot, en = text.partition(" · ")
    if lang is None or not dot:
        return text
    return zh if lang == LANGUAGES[0] else en


def _print_unreadable(reason: str, *, as_json: bool, fault: str | None = None) -> None:
    if as_json:
        told = {"genuine": None, "unreadable": reason, "fault": fault}
        click.echo(msgspec.json.encode(told).decode())
    else:
        click.echo(f"无法读取 · unreadable: {reason}")
