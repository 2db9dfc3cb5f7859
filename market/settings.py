"""Read the settings once from the environment, into one frozen value that is passed down."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from catalog.signing.algorithms import BESIDE, Algorithm, find_algorithm
from catalog.signing.purposes import OF_THE_SERVICE, Purpose
from catalog.timestamps.hashing import HashAlgorithm
from settlement.reconciliation.custody_words import Wording


class SettingInvalid(ValueError):
    """A setting has a value that can not be used. The message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set. Environment names are ``DATABASE_URL`` and ``MARKET_*``."""

    database_url: str | None = None  # a real PostgreSQL ≥ 15; None means the embedded one
    separate_logins: bool = False  # each database role signs in by itself (embedded server)
    pool_size: int = 10
    data_dir: pathlib.Path = pathlib.Path("data")
    pg_bindir: pathlib.Path | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8787
    workers: Annotated[int, msgspec.Meta(ge=1)] = 1
    public_url: str = "http://127.0.0.1:8787"  # how outsiders reach it; read() follows host, port
    log_origin: str = "shushi.example/log"
    checkpoint_algorithms: str = (
        ""  # beside ed25519, which always signs: ml-dsa-44, sm2 (by commas)
    )
    certificate_algorithms: str = ""  # sign certificates by these too when asked: sm2, ml-dsa-44
    bootstrap_secret: str | None = None  # founds an empty market once; see POST /api/v1/foundation
    sandbox_channel: bool = False  # the built-in payment channel that moves no real money
    transfer_account: str = ""  # buyers pay by bank transfer to it (存管账户); none: they can not
    transfer_payee: str = ""  # whose account that is
    transfer_bank: str = ""  # at which bank
    custody_institution: str = (
        ""  # who keeps the money, as its files say it; none: no custodian (存管)
    )
    custody_name: str = ""
    custody_licence: str = ""
    custody_agreement: str = ""  # its number
    custody_wording: Wording = (
        Wording.CUSTODY
    )  # what pages and papers call it: 存管, 托管, 代收代付
    keys_passphrase: str | None = None  # of encrypted key files; new ones are then encrypted
    keys_passphrase_fd: int | None = None  # read it from this open file instead (one process)
    pkcs11_module: pathlib.Path | None = None  # the library of a security module (extra `pkcs11`)
    pkcs11_token: str = ""  # the label of the token in it
    pkcs11_pin: str | None = None
    pkcs11_purposes: str = ""  # whose keys lie there, by commas; the label of a key is its purpose
    key_overlap_days: Annotated[int, msgspec.Meta(ge=1)] = 30  # how long an old key signs on
    secure_cookies: bool = False
    arrears_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 5  # to pay what was used (欠费) [P]
    arrears_in_working_days: bool = True  # False: those are calendar days
    usage_window_minutes: Annotated[int, msgspec.Meta(ge=5, le=1_440)] = (
        60  # how long a window of uses stays open before it is charged (计费窗口) [P]
    )
    usage_low_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = (
        20  # of what was prepaid: so little left is told (余额预警) [P]
    )
    platform_fee_bps: int = 500  # of each sale, in ten-thousandths
    prices_need_recording: bool = True  # False: filing suffices (备案不是审批, RULES §6.1)
    retention_max_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = (
        300  # of a sale: 质保金上限 [P]
    )
    treasury_bps: int = 1_000  # of each sale of public data: non-tax revenue (JX-3)
    max_upload_bytes: int = 256 * 1024 * 1024
    smtp_host: str | None = None  # e-mail goes out where this names a server
    smtp_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: str | None = None
    smtp_ca_file: pathlib.Path | None = None  # beside the system's authorities
    smtp_sender: str = "no-reply@shushi.example"
    sms_gateway_url: str | None = None
    sms_gateway_token: str | None = None
    sms_file: pathlib.Path | None = None  # without a gateway: write them here, a line each
    bureau_url: str | None = None  # the notice board of the bureau's website (second channel)
    bureau_operator: str = "operator"  # our name there
    bureau_secret: str | None = None  # shared with it; our postings are signed by this
    notice_check_seconds: float = 600.0  # how often to look whether notices still stand
    board_operators: str = ""  # on the bureau's side: name=secret of trusted operators, by commas
    run_jobs: bool = True
    job_interval_seconds: float = 1.0
    log_interval_seconds: float = 0.25  # how often entries get their places and a signed tree
    log_files_dir: pathlib.Path | None = None  # the log's public files, for a server of files
    heads_every_seconds: float = 3600  # how often it is proven that nothing is left out
    witness_policy: pathlib.Path | None = (
        None  # who witnesses our log (C2SP tlog-policy); none: nobody
    )
    witness_every_seconds: float = 10.0  # how often they are asked
    witness_alarm_seconds: float = 3600  # how long a quorum may be missing before it is an alarm
    timestamp_urls: str = ""  # authorities that stamp our checkpoints (RFC 3161), by commas
    timestamp_ca_file: pathlib.Path | None = None  # their certificates; nobody else is believed
    timestamp_policies: str = ""  # the policies that count, by commas; the first is asked for
    timestamp_algorithm: HashAlgorithm = HashAlgorithm.SHA256  # or sha384, sha512, sm3
    timestamp_every_seconds: float = 3600  # how often
    timestamp_alarm_seconds: float = 3 * 3600  # how long none may come before it is an alarm
    search_dir: pathlib.Path | None = None  # the search index of this host; none: with the data
    opensearch_url: str | None = (
        None  # an OpenSearch that holds the search index; none: this host does
    )
    opensearch_alias: str = "shushi-catalogue"
    opensearch_shards: int = 1
    search_interval_seconds: float = 0.25  # how often it takes in what changed
    webhook_private_addresses: bool = False  # may endpoints lie in private networks, without https?
    harvest_private_addresses: bool = False  # may sources lie in private networks, on this machine?
    site_sponsor: str = ""  # 主办单位; what is not set has no line in the footer of the pages
    site_organiser: str = ""  # 承办单位
    site_contact: str = ""  # 联系方式: telephone, address, hours
    site_identifier: str = ""  # 网站标识码
    site_icp_number: str = ""  # ICP 备案号
    site_police_number: str = ""  # 公安备案号
    log_level: str = "info"
    metrics_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None  # none: tells nobody
    metrics_host: str = "127.0.0.1"  # who reaches it reads the metrics

    @property
    def further_algorithms(self) -> tuple[Algorithm, ...]:
        """Return by which algorithms checkpoints are signed beside Ed25519.

        :raises SettingInvalid: if one is not known.
        """
        return _further("MARKET_CHECKPOINT_ALGORITHMS", self.checkpoint_algorithms)

    @property
    def further_certificate_algorithms(self) -> tuple[Algorithm, ...]:
        """Return by which algorithms certificates are signed beside Ed25519, when that is asked for.

        :raises SettingInvalid: if one is not known.
        """
        return _further("MARKET_CERTIFICATE_ALGORITHMS", self.certificate_algorithms)

    @property
    def pkcs11_keys(self) -> tuple[Purpose, ...]:
        """Return for which purposes the service's keys lie in a security module.

        :raises SettingInvalid: if one is not the service's, or no module is set.
        """
        names = [name.strip() for name in self.pkcs11_purposes.split(",") if name.strip()]
        known = {purpose.value: purpose for purpose in OF_THE_SERVICE}
        if set(names) - known.keys():
            raise SettingInvalid(f"MARKET_PKCS11_PURPOSES={names!r}: not of {sorted(known)}")
        if names and self.pkcs11_module is None:
            raise SettingInvalid("MARKET_PKCS11_PURPOSES is set, but no MARKET_PKCS11_MODULE")
        return tuple(sorted({known[name] for name in names}))

    @property
    def timestamp_authorities(self) -> tuple[str, ...]:
        """Return the addresses of the authorities that stamp our checkpoints.

        :raises SettingInvalid: if there are some, and no certificates to believe them by.
        """
        urls = _listed(self.timestamp_urls)
        if urls and self.timestamp_ca_file is None:
            raise SettingInvalid("MARKET_TIMESTAMP_URLS is set, but no MARKET_TIMESTAMP_CA_FILE")
        return urls

    @property
    def timestamp_policy_ids(self) -> tuple[str, ...]:
        """Return which policies of timestamps count; none named: any."""
        return _listed(self.timestamp_policies)

    @property
    def keys_dir(self) -> pathlib.Path:
        """Return where the private signing keys lie."""
        return self.data_dir / "keys"

    @property
    def files_dir(self) -> pathlib.Path:
        """Return where the bytes of uploaded files lie."""
        return self.data_dir / "files"

    @property
    def search_path(self) -> pathlib.Path:
        """Return where the search index of this host lies; it can always be made again."""
        return self.search_dir or self.data_dir / "search"

    @property
    def journal_path(self) -> pathlib.Path:
        """Return the signer's own journal of checkpoints, kept outside the database on purpose."""
        return self.data_dir / "keys" / "checkpoints.jsonl"


_NAMES = {"database_url": "DATABASE_URL"}


def read(environment: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Return the settings of the environment; arguments that are given win.

    :raises SettingInvalid: if a value can not be understood.
    """
    env = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        name = _NAMES.get(field.name, f"MARKET_{field.name.upper()}")
        raw = env.get(name)
        if raw is None or raw == "":
            continue
        try:
            values[field.name] = _parse(field.type, raw)
        except (ValueError, msgspec.ValidationError) as error:
            raise SettingInvalid(f"{name}={raw!r}: {error}") from error
    values.update({key: value for key, value in given.items() if value is not None})
    settings = Settings(**values)  # type: ignore[arg-type]
    _ = settings.further_algorithms, settings.further_certificate_algorithms
    _ = settings.pkcs11_keys, settings.timestamp_authorities
    if "public_url" not in values:
        reached_at = f"http://{settings.host}:{settings.port}"
        return msgspec.structs.replace(settings, public_url=reached_at)
    return settings


def _further(setting: str, text: str) -> tuple[Algorithm, ...]:
    names = _listed(text)
    allowed = (Algorithm.ED25519, *BESIDE)
    found = {find_algorithm(name) for name in names}
    if not found <= set(allowed):
        raise SettingInvalid(f"{setting}={list(names)!r}: not of {', '.join(allowed)}")
    return tuple(each for each in sorted(BESIDE) if each in found)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _parse(kind: object, raw: str) -> object:
    if "Path" in str(kind):
        return pathlib.Path(raw)
    return msgspec.convert(raw, kind, strict=False)
