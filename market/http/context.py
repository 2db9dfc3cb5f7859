"""Hold what every handler needs: database, clock, signers, settings. Made once, by ``app.py``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request

from catalog.audit_log.disk import CheckpointJournal, LogDirectory
from catalog.audit_log.sequencer.operations.publishing import LogSigner
from catalog.kernel.actor import PUBLIC, Actor
from catalog.kernel.clock import Clock
from catalog.kernel.db import Database
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.thesaurus.queries import Book
from market.channels.cage import Cage
from market.channels.isolated import Examiners
from market.credit.queries import RankedLower
from market.http.backlog import BacklogReader
from market.http.denials import DenialRecorder
from market.http.running import RunningDownloads
from market.settings import Settings

AnyRequest = Request[Any, Any, Any]


class Context(msgspec.Struct):
    """The wiring of one running service."""

    settings: Settings
    clock: Clock
    db: Database
    signers: Mapping[Purpose, Any]  # catalog.signing.signer.Signer, which few may import
    log_signer: LogSigner
    checkpoint_journal: CheckpointJournal  # the signer's own, outside the database
    channels: dict[str, Any]  # name → payment channel adapter
    log_directory: LogDirectory | None = None  # the log's public files, if it has any
    backlog: BacklogReader = msgspec.field(default_factory=BacklogReader)
    carriers: tuple[Any, ...] = ()  # catalog.notifications.delivering.Carrier
    notice_channels: dict[str, Any] = {}  # catalog.notices.channel.NoticeChannel, by channel
    witnesses: Any = None  # market.channels.witnesses.Witnesses; None: nobody witnesses our log
    certificate_signers: Mapping[Algorithm, Any] = {}  # beside the one of Ed25519 in ``signers``
    cage: Cage = msgspec.field(default_factory=Cage)  # where files of others are read
    examiners: Examiners = msgspec.field(default_factory=Examiners)  # of uploaded files
    timestamping: Any = None  # market.channels.timestamp_authorities.Authorities; None: nobody
    key_use: Any = None  # catalog.key_use.counting.KeyUse; None: this process signs nothing
    webhook_sender: Any = None  # market.channels.webhook_web.Sender; None: nobody is told
    harvest_fetcher: Any = None  # market.channels.harvest_web.Fetcher; None: nothing is harvested
    search: Any = None  # catalog.search.port.SearchPort; None: PostgreSQL answers alone
    search_follower: Any = None  # catalog.search.operations.Follower, which keeps it up to date
    ranked_lower: RankedLower = msgspec.field(default_factory=RankedLower)
    synonyms: Book = msgspec.field(default_factory=Book)
    denials: DenialRecorder = msgspec.field(default=None)  # type: ignore[assignment]
    downloads: RunningDownloads = msgspec.field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Make what remembers refusals and what stops downloads: there is no service without."""
        self.denials = DenialRecorder(self.db, self.clock)
        self.downloads = RunningDownloads(self.db, self.clock)

    def now(self) -> dt.datetime:
        """Return this instant. Asked once per request."""
        return self.clock.now()


def context(request: AnyRequest) -> Context:
    """Return the wiring of the service that got this request."""
    found: Context = request.app.state.context
    return found


def actor(request: AnyRequest) -> Actor:
    """Return who acts in this request, as the guard found."""
    found: Actor = request.scope.get("user") or PUBLIC
    return found


def request_id(request: AnyRequest) -> str:
    """Return the id under which a request stands in the access log and in refusals."""
    return str(request.scope.get("request_id", ""))
