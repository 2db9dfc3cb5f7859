"""Hold a key ceremony (密钥仪式): make keys before several people who take a share each."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Sequence

import rich_click as click

from catalog.audit_log.verdict import ExitCode, Unreadable, Verdict
from market.cli import ceremony_shares, settings_of
from market.cli.ceremony_files import (
    DATA_DIR,
    EXIT_CODES,
    PATH,
    TRANSCRIPT,
    bytes_of,
    in_log,
    read_transcript,
)
from market.settings import Settings


@click.group(
    help="密钥仪式 · Make keys before several custodians, m of whom can make them again; sign, verify and log the "
    f"transcript; use the shares.\n\n{EXIT_CODES}"
)
def ceremony() -> None:
    """Group the commands."""


@ceremony.command(
    "hold",
    help="举行仪式 · Make keys and split their secret. No private key is written; each custodian's share is, as a sheet to "
    "be printed and deleted, or sealed to a key of the custodian's own.\n\n" + EXIT_CODES,
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
@click.option("--out", type=PATH, required=True, help="目录 · an empty directory")
@DATA_DIR
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
    from market.cli import ceremony_hold

    if existing is not None and names:
        raise click.UsageError("--key / --existing")
    settings_of.run(
        ceremony_hold.hold(
            ceremony_hold.Asked(
                settings=settings_of.environment(data_dir=data_dir),
                names=names or ("root",),
                existing=existing,
                threshold=threshold,
                people=people,
                sign_keys=_pairs(sign_keys),
                seal_keys=_pairs(seal_keys),
                present=present,
                place=place,
                out=out,
            )
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


@ceremony.command(
    "sign",
    help="保管人签名 · Add a custodian's signature to the transcript: by the private key (PEM), or as it was made elsewhere "
    f"over transcript.tbs (openssl pkeyutl -sign -rawin).\n\n{EXIT_CODES}",
)
@TRANSCRIPT
@click.option("--custodian", "name", required=True, help="保管人 · whose signature it is")
@click.option("--key", "key_file", type=PATH, help="私钥 · the private key (Ed25519, PEM)")
@click.option("--signature", "value_file", type=PATH, help="签名 · 64 bytes")
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

    held, told = read_transcript(path)
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
        value = bytes_of(value_file)
    if not verify_raw(found.public_key, message, value):
        raise click.ClickException("签名与登记的公钥不符 · it is not a signature of that key")
    signed = transcript.with_signature(held, f"custodian:{found.number}", value)
    disk.write_transcript(path, signed)


@ceremony.command(
    "verify",
    help="核验记录 · Check a transcript: it fits together, and who is named in it signed it. With --log, the log knows it.\n\n"
    "Exit code 0: genuine; 1: not genuine; 2: unreadable.",
)
@TRANSCRIPT
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
    "record",
    help=f"记入日志 · Enter the transcript's digest in the audit log, after it was checked.\n\n{EXIT_CODES}",
)
@TRANSCRIPT
@DATA_DIR
def record(file: pathlib.Path, data_dir: pathlib.Path | None) -> None:
    """Bind it."""
    settings_of.run(_record(settings_of.environment(data_dir=data_dir), file))
    click.echo("已记入 · recorded")


async def _record(settings: Settings, file: pathlib.Path) -> None:
    from catalog.key_custody import operations as key_custody
    from catalog.key_custody import transcript

    held, _ = read_transcript(file)
    verdict = transcript.check(bytes_of(file))
    if verdict.first_bad is not None:
        raise click.ClickException(f"不符 · not genuine: {verdict.first_bad}")
    await in_log(settings, functools.partial(key_custody.remember_ceremony, file=held))


for _command in (
    ceremony_shares.open_share,
    ceremony_shares.restore,
    ceremony_shares.appoint_root,
    ceremony_shares.replace_log_key,
):
    ceremony.add_command(_command)
