"""Use the shares of a key ceremony: open them, make keys again, speak for the log (密钥份额)."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Sequence

import rich_click as click

from catalog.audit_log.verdict import Unreadable
from market.cli import settings_of
from market.cli.ceremony_files import (
    DATA_DIR,
    EXIT_CODES,
    PATH,
    TRANSCRIPT,
    in_log,
    read_transcript,
)
from market.settings import Settings

_SHARES = click.option(
    "--share",
    "share_files",
    type=PATH,
    multiple=True,
    required=True,
    help="份额 · a share, m times",
)


@click.command(
    "open-share", help=f"开启密封份额 · Print the words of a sealed share.\n\n{EXIT_CODES}"
)
@click.argument("share", type=PATH)
@click.option("--key", "key_file", type=PATH, required=True, help="私钥 · X25519, PEM")
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


@click.command(
    "restore",
    help="恢复密钥 · Make a key again of m shares and write it into an encrypted key file (MARKET_KEYS_PASSPHRASE).\n\n"
    + EXIT_CODES,
)
@TRANSCRIPT
@_SHARES
@click.option("--key", "name", required=True, help="密钥 · which key")
@click.option("--out", type=PATH, required=True, help="目录 · where the key file goes")
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

    _, told = read_transcript(file)
    passphrase = key_passphrase(settings_of.environment())
    try:
        return disk.restore(told, _words(share_files), name, out, passphrase)
    except KeyFileUnusable as error:
        raise click.ClickException(f"{error.facts['path']}: {error.facts['reason']}") from error


def _words(share_files: Sequence[pathlib.Path]) -> list[str]:
    from catalog.key_custody import disk

    try:
        return [disk.read_share(path) for path in share_files]
    except Unreadable as error:
        raise settings_of.CouldNotBeDone(str(error)) from error


@click.command(
    "appoint-root",
    help="设立日志根密钥 · Give the log a root key, of m shares: it speaks for the log when no other key of it can.\n\n"
    + EXIT_CODES,
)
@TRANSCRIPT
@_SHARES
@DATA_DIR
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

    _, told = read_transcript(file)
    _, root = disk.recovered(told, _words(share_files), "root")
    await in_log(
        settings,
        functools.partial(
            key_custody.appoint_root,
            origin=settings.log_origin,
            root=root,
            by=log_signer(settings).signer,
        ),
    )


@click.command(
    "replace-log-key",
    help="以根密钥更换日志密钥 · Bring a new key of the log by its root key, of m shares, when the last one is lost or was "
    "stolen. Stop the service before; start it after. Interrupted, give the command again.\n\n"
    + EXIT_CODES,
)
@TRANSCRIPT
@_SHARES
@click.option(
    "--distrust-from",
    type=click.IntRange(0),
    help="被盗：起始条目 · stolen: the first entry that does not count",
)
@click.option("--reason", required=True, help="理由 · why")
@DATA_DIR
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

    _, told = read_transcript(file)
    _, root = disk.recovered(told, _words(share_files), "root")
    passphrase = key_passphrase(settings)
    with ServiceLock(settings.data_dir):
        settings.keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = key_files.prepare(
            settings.keys_dir, Purpose.CHECKPOINT, passphrase=passphrase, may_be_lost=True
        )
        await in_log(
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
