"""Show the service's signing keys, make the missing ones, and change one for a new one."""

from __future__ import annotations

import os
import pathlib

import msgspec
import rich_click as click

from catalog.audit_log.further_lines import TYPES
from catalog.kernel.clock import SystemClock
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import OF_THE_SERVICE, Purpose, own_algorithm
from market.cli import key_rotation as rotation
from market.cli import settings_of
from market.cli.ceremony import ceremony
from market.cli.terminal import padded
from market.settings import Settings

_DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
_JSON = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")

_EXIT_CODES = "Exit code 0: done; 1: could not be done, and why; 2: wrong options."

# The log's own key is announced by the one before it (audit_log/FORMAT.md), the others take their turn.
_CHANGED = sorted(purpose.value for purpose in OF_THE_SERVICE)
_CHANGED += [f"{Purpose.CHECKPOINT.value}.{each.value}" for each in TYPES]
_CHANGED += [f"{Purpose.CERTIFICATE.value}.{each.value}" for each in TYPES]


class KeyLine(msgspec.Struct, frozen=True):
    """One public key as it is shown."""

    key_id: str
    purpose: str
    algorithm: str
    holder: str
    valid_from: str
    valid_to: str | None
    revoked_at: str | None
    distrusted_from: int | None


@click.group(
    help=f"签名密钥 · Signing keys: show, make, change, distrust and destroy them.\n\n{_EXIT_CODES}"
)
def keys() -> None:
    """Group the commands."""


keys.add_command(ceremony)


@keys.command("list", help=f"列出公钥 · Show every public key that ever was.\n\n{_EXIT_CODES}")
@_DATA_DIR
@_JSON
def list_keys(data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Print the public keys of the service and of the parties."""
    lines = settings_of.run(_list(settings_of.environment(data_dir=data_dir)))
    if as_json:
        click.echo(msgspec.json.encode(lines).decode())
        return
    for line in lines:
        end = line.revoked_at or line.valid_to or "…"
        click.echo(
            f"{line.key_id}  {line.purpose:<13}  {line.algorithm:<10}  {padded(line.holder, 36)}  {line.valid_from} – {end}"
        )


@keys.command(
    "new", help=f"补齐服务自己的密钥 · Make the service's keys that are missing.\n\n{_EXIT_CODES}"
)
@_DATA_DIR
@_JSON
def new_keys(data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Make what is missing and enter it; what is there stays."""
    made = settings_of.run(_new(settings_of.environment(data_dir=data_dir)))
    click.echo(msgspec.json.encode(made).decode() if as_json else f"新建 · made: {made or '—'}")


@keys.command(
    "rotate",
    help="更换一把密钥 · Change one key; what it signed stays valid. The old one signs on for MARKET_KEY_OVERLAP_DAYS, "
    "so a running service goes on with it: restart it in that time. Interrupted, give the command again.\n\n"
    f"PURPOSE: {', '.join(_CHANGED)}.\n\n{_EXIT_CODES}",
)
@click.argument("purpose", metavar="PURPOSE", type=click.Choice(_CHANGED))
@_DATA_DIR
@_JSON
def rotate_key(purpose: str, data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Put a new key in the place of the one that signs."""
    settings = settings_of.environment(data_dir=data_dir)
    name, _, algorithm = purpose.partition(".")
    by = Algorithm(algorithm) if algorithm else own_algorithm(Purpose(name))
    key_id = settings_of.run(rotation.rotate(settings, Purpose(name), by))
    if as_json:
        click.echo(msgspec.json.encode({"key_id": key_id}).decode())
    else:
        click.echo(f"新密钥 · new key: {key_id}；请重启服务 · restart the service")


@keys.command(
    "distrust",
    help="宣布密钥不可信 · Let nothing count that a key signed from an entry of the log on; what stands before stays "
    f"good. A key of the log is told so by the one that signs it now.\n\n{_EXIT_CODES}",
)
@click.argument("key_id", metavar="KEY_ID")
@click.option(
    "--from",
    "since",
    type=click.IntRange(0),
    required=True,
    help="起始条目 · the first entry that does not count",
)
@click.option("--reason", required=True, help="理由 · why")
@_DATA_DIR
@_JSON
def distrust_key(
    key_id: str, since: int, reason: str, data_dir: pathlib.Path | None, as_json: bool
) -> None:
    """Enter it in the log; the verification page and every verifier say so from then on."""
    settings = settings_of.environment(data_dir=data_dir)
    settings_of.run(rotation.distrust(settings, key_id, since, reason))
    if as_json:
        click.echo(msgspec.json.encode({"key_id": key_id, "distrusted_from": since}).decode())
    else:
        click.echo(f"自第 {since} 条起不可信 · distrusted from entry {since} on: {key_id}")


@keys.command(
    "destroy",
    help="销毁已停用的私钥 · Destroy the private half of a key that ended: the file is overwritten and removed, or the "
    f"object in the security module destroyed. Two people do it, each with an account of their own that may: one is signed "
    "in as MARKET_TOKEN, the other as MARKET_CONFIRMING_TOKEN; what is not set is asked for, and not shown.\n\n"
    f"{_EXIT_CODES}",
)
@click.argument("key_id", metavar="KEY_ID")
@click.option("--reason", required=True, help="理由 · why")
@_DATA_DIR
@_JSON
def destroy_key(
    key_id: str,
    reason: str,
    data_dir: pathlib.Path | None,
    as_json: bool,
) -> None:
    """Destroy it and remember who did; copies in backups are the operators' to destroy."""
    settings = settings_of.environment(data_dir=data_dir)
    tokens = (
        _token("MARKET_TOKEN", "销毁人的令牌 · token of the one who destroys it"),
        _token("MARKET_CONFIRMING_TOKEN", "确认人的令牌 · token of the one who confirms it"),
    )
    method = settings_of.run(rotation.destroy(settings, key_id, tokens, reason))
    if as_json:
        click.echo(msgspec.json.encode({"key_id": key_id, "method": method}).decode())
    else:
        click.echo(f"已销毁 · destroyed: {key_id} ({method})")


def _token(variable: str, asked: str) -> str:
    """Return a token from where the other commands have it, or as it is typed in; it is no argument."""
    found = os.environ.get(variable)
    return found or str(click.prompt(asked, hide_input=True, err=True))


@keys.command(
    "encrypt",
    help="加密密钥文件 · Encrypt the key files under the passphrase of MARKET_KEYS_PASSPHRASE, or of the open "
    f"file MARKET_KEYS_PASSPHRASE_FD. Back the directory up first.\n\n{_EXIT_CODES}",
)
@_DATA_DIR
@_JSON
def encrypt_keys(data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Encrypt every key file that is bare; the keys stay what they are."""
    from catalog.signing import disk
    from market.app import key_passphrase

    settings = settings_of.environment(data_dir=data_dir)
    passphrase = key_passphrase(settings)
    if passphrase is None:
        raise click.UsageError("MARKET_KEYS_PASSPHRASE 未设置 · is not set")
    try:
        done = disk.encrypt(settings.keys_dir, passphrase=passphrase)
    except disk.KeyFileUnusable as error:
        raise click.ClickException(f"{error.facts['path']}: {error.facts['reason']}") from error
    click.echo(
        msgspec.json.encode(done).decode() if as_json else f"已加密 · encrypted: {done or '—'}"
    )


async def _list(settings: Settings) -> list[KeyLine]:
    from catalog.kernel.actor import system
    from catalog.kernel.db import begin
    from catalog.signing import queries as signing
    from market.cli.connection import open_market

    async with open_market(settings) as market, begin(market.db, system("keys")) as tx:
        found = await signing.list_public_keys(tx)
    return [
        KeyLine(
            key_id=key.key_id,
            purpose=key.purpose.value,
            algorithm=key.algorithm.value,
            holder=str(key.holder_party_id or "本服务 · the service"),
            valid_from=key.valid_from.isoformat(),
            valid_to=key.valid_to.isoformat() if key.valid_to else None,
            revoked_at=key.revoked_at.isoformat() if key.revoked_at else None,
            distrusted_from=key.distrusted_from,
        )
        for key in found
    ]


async def _new(settings: Settings) -> list[str]:
    from catalog.signing import disk
    from market.app import enter_service_keys, key_passphrase
    from market.cli.connection import open_market

    async with open_market(settings) as market:
        made = disk.create_missing(
            market.settings.keys_dir,
            market.settings.further_algorithms,
            of_certificates=market.settings.further_certificate_algorithms,
            passphrase=key_passphrase(settings),
            elsewhere=market.settings.pkcs11_keys,
        )
        await enter_service_keys(market.settings, market.db, SystemClock().now())
    return made
