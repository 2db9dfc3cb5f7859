"""Wire the service: the only place where database, clock, keys and doors meet."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import importlib
import importlib.metadata
import os
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import httpx
import structlog
from litestar.types import Receive, Scope, Send

from catalog.audit_log import operations as audit_log
from catalog.audit_log.disk import CheckpointJournal, LogDirectory
from catalog.audit_log.sequencer.operations import publishing
from catalog.kernel.actor import system
from catalog.kernel.clock import Clock, SystemClock
from catalog.kernel.db import Database, Tx, run
from catalog.kernel.ids import new_id
from catalog.key_use import operations as key_use
from catalog.key_use.counting import KeyUse
from catalog.key_use.model import RunId
from catalog.notices.model import AUTHORITY_WEBSITE, PLATFORM
from catalog.products import terms
from catalog.search import opensearch
from catalog.search.disk.reading import TantivyIndex
from catalog.search.operations import Follower, RemoteFollower
from catalog.search.port import SearchPort
from catalog.signing import disk as key_files
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from catalog.timestamps.token import TimestampMalformed, read_trust
from market import log_lines
from market.channels import (
    bank_transfer,
    bureau,
    email,
    harvest_web,
    sandbox,
    security_module,
    sms,
    timestamp_authorities,
    webhook_web,
    witnesses,
)
from market.channels.opensearch import OpenSearchIndex
from market.configuration import effective
from market.configuration import operations as configuration
from market.database import database
from market.http import routes
from market.http.auth import permit
from market.http.body_guard import BodyGuard
from market.http.context import Context
from market.http.denial_guard import DenialGuard
from market.http.parameters import check_parameters
from market.http.policy import POLICY
from market.http.problem import HANDLERS, page_makers
from market.http.registering import Routed, Together, mark_quickly
from market.jobs import count_key_use, loop
from market.metrics import listener
from market.portal import errors
from market.portal import routes as pages
from market.settings import SettingInvalid, Settings
from settlement.payments.channel import Channel
from settlement.taxes import disk as tax_table

_log = structlog.get_logger()
# The dictionaries, a tenth of a second of the processor, when those who waited for the start are answered.
_LOADED_AFTER_SECONDS: Final = 1.0


async def wire(settings: Settings, clock: Clock, web: httpx.AsyncClient) -> Context:
    """Return the wiring for these settings: database, signing keys, channels.

    ``web`` speaks to the world outside: the gateway of short messages, the bureau's website.
    """
    db = database(settings)
    passphrase = key_passphrase(settings)
    key_files.create_missing(
        settings.keys_dir,
        settings.further_algorithms,
        of_certificates=settings.further_certificate_algorithms,
        passphrase=passphrase,
        elsewhere=settings.pkcs11_keys,
    )
    index, follower = search_index(settings, db, web)
    return Context(
        settings=settings,
        search=index,
        search_follower=follower,
        clock=clock,
        db=db,
        signers=await enter_service_keys(settings, db, clock.now()),
        log_signer=log_signer(settings),
        checkpoint_journal=CheckpointJournal(settings.journal_path),
        log_directory=log_directory(settings),
        channels=_payment_channels(settings),
        carriers=_carriers(settings, clock, web),
        notice_channels=_notice_channels(settings, clock, web),
        witnesses=_witnesses(settings, web),
        timestamping=timestamping(settings, web),
        webhook_sender=webhook_web.Sender(web, private=settings.webhook_private_addresses),
        harvest_fetcher=harvest_web.Fetcher(web, private=settings.harvest_private_addresses),
        certificate_signers=certificate_signers(settings),
    )


def _payment_channels(settings: Settings) -> dict[str, Channel]:
    found: list[Channel] = []
    if settings.sandbox_channel:
        found.append(sandbox.SandboxChannel(settings))
    if settings.transfer_account:
        payee = bank_transfer.Payee(
            name=settings.transfer_payee,
            account=settings.transfer_account,
            bank=settings.transfer_bank,
        )
        found.append(bank_transfer.BankTransferChannel(payee))
    return {channel.name: channel for channel in found}


def search_index(
    settings: Settings, db: Database, web: httpx.AsyncClient
) -> tuple[SearchPort, Follower | RemoteFollower]:
    """Return the index that is asked, and what lets it follow: on this host, or OpenSearch's."""
    if settings.opensearch_url is None:
        index = TantivyIndex(settings.search_path)
        return index, Follower(db, index)
    remote = OpenSearchIndex(
        web,
        url=settings.opensearch_url,
        alias=settings.opensearch_alias,
        shards=settings.opensearch_shards,
    )
    return remote, RemoteFollower(db, remote, layout=opensearch.LAYOUT)


def log_directory(settings: Settings) -> LogDirectory | None:
    """Return where the log's public files lie, None if it has none."""
    return None if settings.log_files_dir is None else LogDirectory(settings.log_files_dir)


def _witnesses(settings: Settings, web: httpx.AsyncClient) -> witnesses.Witnesses | None:
    if settings.witness_policy is None:
        return None
    return witnesses.Witnesses(witnesses.read_policy(settings.witness_policy), web)


def timestamping(
    settings: Settings, web: httpx.AsyncClient
) -> timestamp_authorities.Authorities | None:
    """Return who stamps our checkpoints, None if nobody does.

    :raises SettingInvalid: if the file of their certificates holds none.
    """
    urls, policies = settings.timestamp_authorities, settings.timestamp_policy_ids
    if not urls:
        return None
    assert settings.timestamp_ca_file is not None, "the settings ask for it"
    try:
        trust = read_trust(settings.timestamp_ca_file.read_bytes(), policies)
    except (OSError, TimestampMalformed) as error:
        place = f"MARKET_TIMESTAMP_CA_FILE={settings.timestamp_ca_file}"
        raise SettingInvalid(f"{place}: {error}") from error
    policy = policies[0] if policies else None
    return timestamp_authorities.Authorities(
        tuple(timestamp_authorities.HttpAuthority(url, web, policy=policy) for url in urls),
        trust,
        settings.timestamp_algorithm,
        timestamp_authorities.RevocationSources(web),
    )


def _notice_channels(
    settings: Settings, clock: Clock, web: httpx.AsyncClient
) -> dict[str, bureau.BureauBoard | bureau.OwnPlatform]:
    """Return the channels that are reached by a machine; without, the bureau confirms by hand."""
    if settings.bureau_url is None or settings.bureau_secret is None:
        return {}
    return {
        PLATFORM: bureau.OwnPlatform(settings.public_url, client=web),
        AUTHORITY_WEBSITE: bureau.BureauBoard(
            settings.bureau_url,
            operator=settings.bureau_operator,
            secret=settings.bureau_secret,
            client=web,
            clock=clock,
        ),
    }


def _carriers(
    settings: Settings, clock: Clock, web: httpx.AsyncClient
) -> tuple[email.EmailCarrier | sms.GatewaySms | sms.FileSms, ...]:
    found: list[email.EmailCarrier | sms.GatewaySms | sms.FileSms] = []
    if settings.smtp_host is not None:
        found.append(email.EmailCarrier(settings, clock))
    if settings.sms_gateway_url is not None:
        token = settings.sms_gateway_token
        found.append(sms.GatewaySms(settings.sms_gateway_url, token, client=web))
    elif settings.sms_file is not None:
        found.append(sms.FileSms(settings.sms_file))
    return tuple(found)


async def enter_service_keys(
    settings: Settings, db: Database, now: dt.datetime
) -> dict[Purpose, Any]:
    """Enter the public halves of the key files as they are now; return the signers by purpose."""
    passphrase = key_passphrase(settings)
    signers = key_files.read_signers(
        settings.keys_dir, passphrase=passphrase, elsewhere=security_module.keys_of(settings)
    )
    public_keys = {purpose: signer.public_key for purpose, signer in signers.items()}
    of_the_log = {each.algorithm: each.public_key for each in log_signer(settings).further}
    beside = certificate_signers(settings)
    of_certificates = {algorithm: signer.public_key for algorithm, signer in beside.items()}
    await run(
        db,
        system("wiring"),
        lambda tx: audit_log.register_service_keys(
            tx,
            now=now,
            keys=public_keys,
            of_the_log=of_the_log,
            of_certificates=of_certificates,
            certify=certifier(settings, signers[Purpose.PAPER]),
        ),
        must_remember=False,
    )
    return dict(signers)


def certifier(settings: Settings, signer: Any) -> Callable[[PublicKey], bytes]:
    """Return what makes the X.509 certificate of the key that seals papers, when it is entered."""

    def certify(key: PublicKey) -> bytes:
        # Loaded when there is a new key, which is once in years.
        made = importlib.import_module("market.portal.seal_certificates")
        certificate: bytes = made.certificate_of(key, name=settings.log_origin, sign=signer.sign)
        return certificate

    return certify


def certificate_signers(settings: Settings) -> dict[Algorithm, Any]:
    """Return what signs certificates beside Ed25519, by algorithm."""
    passphrase = key_passphrase(settings)
    return {
        algorithm: key_files.read_signer(
            settings.keys_dir, Purpose.CERTIFICATE, algorithm, passphrase=passphrase
        )
        for algorithm in settings.further_certificate_algorithms
    }


def key_passphrase(settings: Settings) -> bytes | None:
    """Return the passphrase of the key files, None if none is set. It never is an argument.

    :raises SettingInvalid: if the file that it shall be read from is not open here.
    """
    if settings.keys_passphrase_fd is not None:
        return _read_once(settings.keys_passphrase_fd)
    told = settings.keys_passphrase
    return None if told is None else told.encode()


@functools.cache
def _read_once(descriptor: int) -> bytes:
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read().rstrip(b"\r\n")
    except OSError as error:
        raise SettingInvalid(f"MARKET_KEYS_PASSPHRASE_FD={descriptor}: {error}") from error


def log_signer(settings: Settings) -> publishing.LogSigner:
    """Return what signs the checkpoints: the log's key, and those of further algorithms."""
    directory, passphrase = settings.keys_dir, key_passphrase(settings)
    elsewhere = security_module.keys_of(settings).get(Purpose.CHECKPOINT)
    outgoing = key_files.read_outgoing(directory, Purpose.CHECKPOINT, passphrase=passphrase)
    if elsewhere is not None:
        outgoing = tuple(
            key_files.read_signer(directory, Purpose.CHECKPOINT, elsewhere=each)
            for each in security_module.outgoing_keys(settings)
        )
    return publishing.LogSigner(
        settings.log_origin,
        key_files.read_signer(
            directory, Purpose.CHECKPOINT, passphrase=passphrase, elsewhere=elsewhere
        ),
        tuple(
            key_files.read_signer(directory, Purpose.CHECKPOINT, algorithm, passphrase=passphrase)
            for algorithm in settings.further_algorithms
        ),
        outgoing,
    )


class Application:
    """The ASGI application: the body guard before litestar, and what both stand on."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        mark_quickly()
        every = [*routes.handlers(), *pages.handlers()]
        self.litestar = Routed(
            route_handlers=[Together(path="/", route_handlers=every)],
            guards=[permit, check_parameters],
            exception_handlers=HANDLERS,
            lifespan=[lambda _app: self.wired()],
            openapi_config=None,  # /openapi.json is ours: market/http/openapi.py
            request_max_body_size=None,  # each door has its own limit: body_guard, files
            logging_config=None,
            debug=False,
        )
        routes.bind_rules(list(self.litestar.routes))
        self._guarded = BodyGuard(DenialGuard(self.litestar, self.litestar))

    def stand_on(self, settings: Settings) -> None:
        """Let it stand on what these settings say: where the database is may be known only now."""
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        await self._guarded(scope, receive, send)

    @contextlib.asynccontextmanager
    async def wired(self) -> AsyncIterator[Context]:
        """Open what the service stands on, run its jobs, and close it again."""
        web = httpx.AsyncClient(verify=_trusted(), trust_env=False)
        context = await wire(self._settings, self._clock, web)
        self.litestar.state.context = context
        await self._begin(context)
        loading = threading.Timer(_LOADED_AFTER_SECONDS, terms.load)
        loading.daemon = True
        loading.start()
        jobs = None
        if self._settings.run_jobs:
            jobs = asyncio.create_task(loop.run_until_stopped(context))
        policy = None if context.witnesses is None else context.witnesses.policy
        told = listener.registry(context.db, self._clock, self._settings, policy, context.search)
        try:
            async with listener.listening(self._settings, told):
                yield context
        finally:
            loading.cancel()
            if jobs is not None:
                jobs.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await jobs
            await web.aclose()
            context.search_follower.close()
            await _tell_last(context)
            await context.db.close()

    async def _begin(self, context: Context) -> None:
        """Remember which keys this process loaded, and the configuration if it changed."""
        now = context.now()
        held = (
            *context.signers.values(),
            *context.log_signer.further,
            *context.certificate_signers.values(),
        )
        use = KeyUse(RunId(new_id()), held, now=now)
        said = effective.effective(
            self._settings,
            routes=POLICY,
            tax_rates=tax_table.read_rates(),
            version=importlib.metadata.version("shushi"),
        )

        async def begin(tx: Tx) -> None:
            await key_use.begin(tx, use=use, now=now)
            await configuration.remember(tx, now=now, configuration=said)

        await run(context.db, system("wiring"), begin)
        context.key_use = use


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return whom we trust outside. To read all authorities takes as long as the rest of the wiring."""
    return httpx.create_ssl_context(trust_env=False)


async def _tell_last(context: Context) -> None:
    try:
        await count_key_use.tell(context.db, now=context.now(), use=context.key_use, is_last=True)
    except Exception as error:  # noqa: BLE001 - it ends; another process says that it fell silent
        _log.warning("key_use_not_told", exc_info=error)


def create_app(settings: Settings, *, clock: Clock | None = None) -> Application:
    """Return the service for these settings.

    ``clock`` is for tests and for the demo, which wait for statutory days; a server that is
    started by ``market serve`` has the machine's clock and no way to move it.

    :raises RouteUncovered: if a route has no rule in the policy table.
    """
    log_lines.configure(settings.log_level)
    page_makers[:] = [errors.page_of]
    return Application(settings, clock or SystemClock())
