"""Hold a key ceremony (密钥仪式): make keys before several people who take a share each, and use the shares."""

from __future__ import annotations

import datetime as dt
import functools
import pathlib
import platform
import socket
import uuid
from collections.abc import Sequence
from typing import Any

import rich_click as click

from catalog.audit_log.verdict import ExitCode, Unreadable, Verdict
from catalog.kernel.actor import system
from catalog.kernel.clock import SystemClock
from market.cli import settings_of
from market.settings import Settings

_ACTOR = system("ceremony", "key:rotate", "key:distrust")
_EXIT_CODES = "Exit code 0: done; 1: could not be done, and why; 2: wrong options, or unreadable."
_PATH = click.Path(path_type=pathlib.Path)
_DATA_DIR = click.option("--data-dir", type=_PATH, help="数据目录 · where data lies")
_TRANSCRIPT = click.argument("file", metavar="TRANSCRIPT", type=_PATH)
_SHARES = click.option(
    "--share",
    "share_files",
    type=_PATH,
    multiple=True,
    required=True,
    help="份额 · a share, m times",
)


@click.group(
    help="密钥仪式 · Make keys before several custodians, m of whom can make them again; sign, verify and log the "
    f"transcript; use the shares.\n\n{_EXIT_CODES}"
)
def ceremony() -> None:
    """Group the commands."""


@ceremony.command(
    "hold",
    help="举行仪式 · Make keys and split their secret. No private key is written; each custodian's share is, as a sheet to "
    "be printed and deleted, or sealed to a key of the custodian's own.\n\n" + _EXIT_CODES,
)
@click.option("--key", "names", multiple=True, help="密钥 · root, checkpoint, certificate … (root)")
@click.option("--existing", help="已有密钥 · split a copy of this key of the service instead")
@click.option("--threshold", type=int, required=True, help="m：恢复所需份数 · how many are needed")
@click.option(
    "--custodian", "people", multiple=True, required=True, help="保管人 · a name, n times"
)
@click.option("--sign-key", "sign_keys", multiple=True, help="签名公钥 · NAME=FILE (Ed25519, PEM)")
@click.option("--seal-key", "seal_keys", multiple=True, help="密封公钥 · NAME=FILE (X25519, PEM)")
@click.option("--present", multiple=True, help="在场人员 · who else is there")
@click.option("--place", required=True, help="地点 · where")
@click.option("--out", type=_PATH, required=True, help="目录 · an empty directory")
@_DATA_DIR
def hold(  # noqa: PLR0917
    names: tuple[str, ...],
    existing: str | None,
    threshold: int,
    people: tuple[str, ...],
    sign_keys: tuple[str, ...],
    seal_keys: tuple[str, ...],
    present: tuple[str, ...],
    place: str,
    out: pathlib.Path,
    data_dir: pathlib.Path | None,
) -> None:
    """Make, split, check, and write down what was done."""
    if existing is not None and names:
        raise click.UsageError("--key / --existing")
    settings_of.run(
        _hold(
            settings_of.environment(data_dir=data_dir),
            names or ("root",),
            existing,
            threshold,
            people,
            _pairs(sign_keys),
            _pairs(seal_keys),
            present,
            place,
            out,
        )
    )
    click.echo((out / "transcript.txt").read_text("utf-8"))
    click.echo(f"请打印并删除 · print and delete: {out}/share-*.txt")


def _pairs(given: Sequence[str]) -> dict[str, pathlib.Path]:
    found = {}
    for each in given:
        name, equals, path = each.rpartition("=")
        if not equals:
            raise click.UsageError(f"NAME=FILE: {each}")
        found[" ".join(name.split())] = pathlib.Path(path)
    return found


async def _hold(  # noqa: PLR0917
    settings: Settings,
    names: Sequence[str],
    existing: str | None,
    threshold: int,
    people: Sequence[str],
    sign_keys: dict[str, pathlib.Path],
    seal_keys: dict[str, pathlib.Path],
    present: Sequence[str],
    place: str,
    out: pathlib.Path,
) -> None:
    import secrets

    from catalog.key_custody import disk, making, shares, transcript
    from catalog.signing.algorithms import SECRET_LENGTH

    clock = SystemClock()
    custodians = transcript.check_custodians(people)
    shares.check_threshold(threshold, len(custodians))
    if set(sign_keys) - set(custodians) or set(seal_keys) - set(custodians):
        raise transcript.CustodiansUnusable(names=sorted({*sign_keys, *seal_keys}))
    to_sign = {name: disk.public_key_to_sign(path) for name, path in sign_keys.items()}
    to_seal = {name: disk.signer_to_seal(path) for name, path in seal_keys.items()}
    wanted = [making.wanted(name) for name in ([existing] if existing else dict.fromkeys(names))]
    disk.empty(out)
    ceremony_id = str(uuid.uuid4())
    steps = [transcript.step(clock.now(), "仪式开始", "the ceremony began")]
    if existing is None:
        master = secrets.token_bytes(SECRET_LENGTH)
        signers = {key.name: making.signer_of(master, ceremony_id, key) for key in wanted}
        steps.append(transcript.step(clock.now(), "生成密钥", "the keys were made"))
    else:
        master = _secret_of(settings, wanted[0])
        signers = {existing: making.signer_with(master, wanted[0])}
        steps.append(transcript.step(clock.now(), "读取已有密钥", "the existing key was read"))
    words = shares.split(master, threshold=threshold, people=len(custodians))
    steps.append(
        transcript.step(
            clock.now(),
            f"分割为 {len(words)} 份，需 {threshold} 份",
            f"its secret was split into {len(words)} shares, {threshold} of them needed",
        )
    )
    for some in (words[:threshold], words[-threshold:]):
        assert shares.combine(some).secret == master, "shares make the secret again"
    steps.append(
        transcript.step(clock.now(), "试恢复成功", "some of the shares made the same keys again")
    )
    steps.append(transcript.step(clock.now(), "份额交付保管人", "each custodian was given a share"))
    told = transcript.Transcript(
        format=transcript.FORMAT,
        ceremony_id=ceremony_id,
        place=place,
        present=tuple(present),
        machine=_machine(),
        threshold=threshold,
        custodians=tuple(
            transcript.Custodian(
                number=number,
                name=name,
                share_sha256=shares.digest_of(share),
                is_sealed=name in to_seal,
                public_key=to_sign.get(name),
            )
            for number, (name, share) in enumerate(zip(custodians, words, strict=True), 1)
        ),
        keys=tuple(
            transcript.MadeKey(
                name=name,
                algorithm=signer.algorithm.value,
                key_id=signer.key_id,
                public_key=signer.public_key,
                is_derived=existing is None,
            )
            for name, signer in signers.items()
        ),
        steps=tuple(steps),
    )
    file = transcript.signed(told)
    for name, signer in signers.items():
        value = signer.sign_framed(transcript.message(file.document))
        file = transcript.with_signature(file, f"key:{name}", value)
    sheets = [
        disk.Sheet(number, name, share, to_seal.get(name))
        for number, (name, share) in enumerate(zip(custodians, words, strict=True), 1)
    ]
    disk.write(out, file, told, sheets)


def _secret_of(settings: Settings, wanted: Any) -> bytes:
    from catalog.signing import disk, key_files
    from market.app import key_passphrase

    path = disk.path_of(settings.keys_dir, wanted.purpose, wanted.algorithm)
    passphrase = key_passphrase(settings)
    disk.read_signer(settings.keys_dir, wanted.purpose, wanted.algorithm, passphrase=passphrase)
    return key_files.decode(wanted.algorithm, path.read_bytes(), passphrase)


def _machine() -> Any:
    from catalog.key_custody import disk, transcript

    packages = [
        pathlib.Path(__file__).parents[2] / name for name in ("catalog", "settlement", "market")
    ]
    return transcript.Machine(
        host=socket.gethostname(),
        system=platform.platform(),
        python=platform.python_version(),
        software_sha256=disk.software_digest(packages),
    )


@ceremony.command(
    "sign",
    help="保管人签名 · Add a custodian's signature to the transcript: by the private key (PEM), or as it was made elsewhere "
    f"over transcript.tbs (openssl pkeyutl -sign -rawin).\n\n{_EXIT_CODES}",
)
@_TRANSCRIPT
@click.option("--custodian", "name", required=True, help="保管人 · whose signature it is")
@click.option("--key", "key_file", type=_PATH, help="私钥 · the private key (Ed25519, PEM)")
@click.option("--signature", "value_file", type=_PATH, help="签名 · 64 bytes")
def sign(
    file: pathlib.Path, name: str, key_file: pathlib.Path | None, value_file: pathlib.Path | None
) -> None:
    """Check it and write it down."""
    if (key_file is None) is (value_file is None):
        raise click.UsageError("--key / --signature")
    settings_of.run(_sign(file, name, key_file, value_file))
    click.echo("已签名 · signed")


async def _sign(
    path: pathlib.Path, name: str, key_file: pathlib.Path | None, value_file: pathlib.Path | None
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from catalog.key_custody import disk, transcript
    from catalog.signing.verifier import verify_raw

    held, told = _read(path)
    found = next((each for each in told.custodians if each.name == " ".join(name.split())), None)
    if found is None or found.public_key is None:
        raise click.ClickException(f"{name}：未登记签名公钥 · brought no key to sign with")
    message = transcript.message(held.document)
    if key_file is not None:
        key = disk.private_key(key_file)
        if not isinstance(key, Ed25519PrivateKey):
            raise disk.CustodianKeyUnusable(path=str(key_file))
        value = key.sign(message)
    else:
        assert value_file is not None, "one of the two is given"
        value = _bytes_of(value_file)
    if not verify_raw(found.public_key, message, value):
        raise click.ClickException("签名与登记的公钥不符 · it is not a signature of that key")
    signed = transcript.with_signature(held, f"custodian:{found.number}", value)
    disk.write_transcript(path, signed)


@ceremony.command(
    "verify",
    help="核验记录 · Check a transcript: it fits together, and who is named in it signed it. With --log, the log knows it.\n\n"
    "Exit code 0: genuine; 1: not genuine; 2: unreadable.",
)
@_TRANSCRIPT
@click.option("--log", "log_place", metavar="EXPORT|URL", help="审计日志 · the log")
@click.option("--vkey", help="日志公钥 · the log's key as you know it")
def verify(file: pathlib.Path, log_place: str | None, vkey: str | None) -> None:
    """Print what was found, and end with the exit code that says it."""
    from catalog.key_custody import transcript
    from market.cli import verify as verifying

    try:
        raw = file.read_bytes()
        log = None if log_place is None else verifying.log_and_key(log_place, vkey)
        verdict = transcript.check(raw, log)
    except (OSError, Unreadable) as error:
        click.echo(f"无法读取 · unreadable: {error}")
        raise SystemExit(ExitCode.UNREADABLE) from error
    _print(verdict)
    raise SystemExit(verdict.exit_code)


def _print(verdict: Verdict) -> None:
    for note in verdict.notes:
        click.echo(f"注意 · note: {note}")
    first = verdict.first_bad
    click.echo("真实 · genuine" if first is None else f"不符 · not genuine: {first}")


@ceremony.command(
    "open-share", help=f"开启密封份额 · Print the words of a sealed share.\n\n{_EXIT_CODES}"
)
@click.argument("share", type=_PATH)
@click.option("--key", "key_file", type=_PATH, required=True, help="私钥 · X25519, PEM")
def open_share(share: pathlib.Path, key_file: pathlib.Path) -> None:
    """Print the words."""
    settings_of.run(_open_share(share, key_file))


async def _open_share(share: pathlib.Path, key_file: pathlib.Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from catalog.key_custody import disk

    key = disk.private_key(key_file)
    if not isinstance(key, X25519PrivateKey):
        raise disk.CustodianKeyUnusable(path=str(key_file))
    try:
        click.echo(disk.open_share(share, key))
    except Unreadable as error:
        raise settings_of.CouldNotBeDone(str(error)) from error


@ceremony.command(
    "restore",
    help="恢复密钥 · Make a key again of m shares and write it into an encrypted key file (MARKET_KEYS_PASSPHRASE).\n\n"
    + _EXIT_CODES,
)
@_TRANSCRIPT
@_SHARES
@click.option("--key", "name", required=True, help="密钥 · which key")
@click.option("--out", type=_PATH, required=True, help="目录 · where the key file goes")
def restore(
    file: pathlib.Path, share_files: tuple[pathlib.Path, ...], name: str, out: pathlib.Path
) -> None:
    """Write the file; one that is there stays."""
    path = settings_of.run(_restore(file, share_files, name, out))
    click.echo(f"已恢复 · restored: {path}")


async def _restore(
    file: pathlib.Path, share_files: Sequence[pathlib.Path], name: str, out: pathlib.Path
) -> pathlib.Path:
    from catalog.key_custody import disk
    from catalog.signing.disk import KeyFileUnusable
    from market.app import key_passphrase

    _, told = _read(file)
    passphrase = key_passphrase(settings_of.environment())
    try:
        return disk.restore(told, _words(share_files), name, out, passphrase)
    except KeyFileUnusable as error:
        raise click.ClickException(f"{error.facts['path']}: {error.facts['reason']}") from error


def _bytes_of(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise settings_of.CouldNotBeDone(f"{path}: {error.strerror}") from error


def _read(file: pathlib.Path) -> Any:
    from catalog.key_custody import disk

    try:
        return disk.read_transcript(file)
    except Unreadable as error:
        raise settings_of.CouldNotBeDone(str(error)) from error


def _words(share_files: Sequence[pathlib.Path]) -> list[str]:
    from catalog.key_custody import disk

    try:
        return [disk.read_share(path) for path in share_files]
    except Unreadable as error:
        raise settings_of.CouldNotBeDone(str(error)) from error


@ceremony.command(
    "record",
    help=f"记入日志 · Enter the transcript's digest in the audit log, after it was checked.\n\n{_EXIT_CODES}",
)
@_TRANSCRIPT
@_DATA_DIR
def record(file: pathlib.Path, data_dir: pathlib.Path | None) -> None:
    """Bind it."""
    settings_of.run(_record(settings_of.environment(data_dir=data_dir), file))
    click.echo("已记入 · recorded")


async def _record(settings: Settings, file: pathlib.Path) -> None:
    from catalog.key_custody import operations as key_custody
    from catalog.key_custody import transcript

    held, _ = _read(file)
    verdict = transcript.check(_bytes_of(file))
    if verdict.first_bad is not None:
        raise click.ClickException(f"不符 · not genuine: {verdict.first_bad}")
    await _run(settings, functools.partial(key_custody.remember_ceremony, file=held))


@ceremony.command(
    "appoint-root",
    help="设立日志根密钥 · Give the log a root key, of m shares: it speaks for the log when no other key of it can.\n\n"
    + _EXIT_CODES,
)
@_TRANSCRIPT
@_SHARES
@_DATA_DIR
def appoint_root(
    file: pathlib.Path, share_files: tuple[pathlib.Path, ...], data_dir: pathlib.Path | None
) -> None:
    """Enter its notice, signed by the log's key and by itself."""
    settings = settings_of.environment(data_dir=data_dir)
    settings_of.run(_appoint_root(settings, file, share_files))
    click.echo("已设立 · appointed")


async def _appoint_root(
    settings: Settings, file: pathlib.Path, share_files: Sequence[pathlib.Path]
) -> None:
    from catalog.key_custody import disk
    from catalog.key_custody import operations as key_custody
    from market.app import log_signer

    _, told = _read(file)
    _, root = disk.recovered(told, _words(share_files), "root")
    await _run(
        settings,
        functools.partial(
            key_custody.appoint_root,
            origin=settings.log_origin,
            root=root,
            by=log_signer(settings).signer,
        ),
    )


@ceremony.command(
    "replace-log-key",
    help="以根密钥更换日志密钥 · Bring a new key of the log by its root key, of m shares, when the last one is lost or was "
    "stolen. Stop the service before; start it after. Interrupted, give the command again.\n\n"
    + _EXIT_CODES,
)
@_TRANSCRIPT
@_SHARES
@click.option(
    "--distrust-from",
    type=click.IntRange(0),
    help="被盗：起始条目 · stolen: the first entry that does not count",
)
@click.option("--reason", required=True, help="理由 · why")
@_DATA_DIR
def replace_log_key(
    file: pathlib.Path,
    share_files: tuple[pathlib.Path, ...],
    distrust_from: int | None,
    reason: str,
    data_dir: pathlib.Path | None,
) -> None:
    """Announce, distrust, and put the new key in its place."""
    settings = settings_of.environment(data_dir=data_dir)
    key_id = settings_of.run(_replace_log_key(settings, file, share_files, distrust_from, reason))
    click.echo(f"新密钥 · new key: {key_id}；请启动服务 · start the service")


async def _replace_log_key(
    settings: Settings,
    file: pathlib.Path,
    share_files: Sequence[pathlib.Path],
    distrust_from: int | None,
    reason: str,
) -> str:
    from catalog.key_custody import disk
    from catalog.key_custody import operations as key_custody
    from catalog.signing import disk as key_files
    from catalog.signing.purposes import Purpose
    from market.app import key_passphrase
    from market.postgres.cluster import ServiceLock

    _, told = _read(file)
    _, root = disk.recovered(told, _words(share_files), "root")
    passphrase = key_passphrase(settings)
    with ServiceLock(settings.data_dir):
        settings.keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = key_files.prepare(
            settings.keys_dir, Purpose.CHECKPOINT, passphrase=passphrase, may_be_lost=True
        )
        await _run(
            settings,
            functools.partial(
                key_custody.replace_log_key,
                origin=settings.log_origin,
                new=new,
                root=root,
                since=distrust_from,
                reason=reason,
            ),
        )
        key_files.promote(settings.keys_dir, Purpose.CHECKPOINT, passphrase=passphrase)
    return str(new.key_id)


async def _run(settings: Settings, work: Any) -> None:
    from catalog.kernel.db import run
    from market.cli.connection import open_market

    now: dt.datetime = SystemClock().now()
    async with open_market(settings) as market:
        await run(
            market.db,
            _ACTOR,
            functools.partial(work, actor=_ACTOR, now=now),
            must_remember=False,
        )
