"""Make what the pages of cut-offs, credit, webhooks and personal information show."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from market.identity.model import Capacity
from market.identity.permissions import Role
from market.jobs import deliver_webhooks
from market.webhooks.disk import box
from market.webhooks.model import Answer, Taken
from tests.api import Api
from tests.makers_identity import Member, make_member, make_party
from tests.makers_portal import HOSTILE
from tests.makers_registration import must
from tests.makers_trade import SCENARIO, Trade, make_trade

SHA = "ab" * 32
ANONYMISED: dict[str, Any] = {
    "methods": ["k_anonymity", "generalisation"],
    "parameters": "k = 20",
    "re_identification_test": {"attack": "以公开名录匹配", "result": "无一命中"},
    "environment_controls": "仅在安全空间内使用",
    "reviewer": "李四",
    "evidence_sha256": SHA,
}


class Gone:
    """A receiver that says of itself that it is gone."""

    async def send(self, taken: Taken, *, at: dt.datetime) -> Answer:
        """Take nothing."""
        del taken, at
        return Answer(status=410)


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to look at, and who looks."""

    trade: Trade
    agency: Member
    personal: str  # a product with personal information
    record: str  # of the buyer's credit, punished
    endpoint: str  # one that took nothing

    def pages_of(self) -> list[tuple[Member, list[str]]]:
        """Return whose pages are to be looked at."""
        trade = self.trade
        personal = f"/products/{self.personal}/personal-information"
        record = f"/credit-records/{self.record}"
        webhook = f"/my/webhooks/{self.endpoint}"
        return [
            (trade.issuer, ["/cut-offs", f"/cut-offs?level=product&subject_id={self.personal}"]),
            (trade.supplier, ["/cut-offs", personal, "/my/webhooks"]),
            (
                trade.buyer,
                [
                    "/credit-records",
                    record,
                    "/my/webhooks",
                    webhook,
                    f"{webhook}?status=delivered",
                ],
            ),
            (trade.regulator, ["/credit-records", record, personal, "/cut-offs"]),
            (self.agency, [personal]),
        ]


async def make_watched(api: Api, db: Database, clock: ManualClock) -> Watched:
    """Play until each of these pages has something to show."""
    now = clock.now()
    trade = await make_trade(api, db, clock)
    party = await make_party(db, Capacity.COMPLIANCE_AGENCY, now=now, name="示例评估有限公司")
    agency = await make_member(db, Role.AGENCY_REVIEWER, now=now, party=party)
    registered = {"url": "https://hooks.example.org/shushi", "event_types": ["order.placed"]}
    made = must(await trade.by(trade.buyer).post("/api/v1/my/webhook-endpoints", registered))
    await trade.delivered()
    await api.keep_the_log()
    sealed = box(api.context.settings.keys_dir)
    await deliver_webhooks.run(db, clock=clock.now, sender=Gone(), box=sealed)
    watched = Watched(
        trade=trade,
        agency=agency,
        personal=await _personal(trade, agency),
        record=await _punished(trade),
        endpoint=made["endpoint"]["id"],
    )
    for level, subject in (("product", trade.product_id), ("party", trade.stranger.party.id)):
        body = {"level": level, "subject_id": str(subject), "reason": f"风险核查{HOSTILE}"}
        made = must(await trade.by(trade.issuer).post("/api/v1/cut-offs", body))
    lifting = f"/api/v1/cut-offs/{made['cut_offs'][0]['id']}/liftings"
    must(await trade.by(trade.issuer).post(lifting, {"reason": "核查通过"}))
    return watched


async def _personal(trade: Trade, agency: Member) -> str:
    product, today = trade.product_id, local_date(trade.clock.now())
    trade.product_id = personal = await trade.describe(
        name="港口作业排班", contains_personal_info=True
    )
    await trade.priced()
    basis = {"kind": "consent", "scenario": SCENARIO, "evidence_sha256": SHA}
    until = (today + dt.timedelta(days=500)).isoformat()
    await trade.listed(personal_basis=basis | {"ends_on": until})
    trade.product_id = product
    own = trade.by(trade.supplier)
    consent = {
        "person_ref": "01" * 32,
        "scenarios": [SCENARIO],
        "purpose": "港口吊装作业停工判断",
        "data_categories": ["作业人员排班"],
        "recipients": [
            {"party_id": str(trade.buyer.party.id), "name": "示例港航", "contact": "0898-1234"}
        ],
        "method": "电子签名",
        "term_from": today.isoformat(),
        "term_to": (today + dt.timedelta(days=100)).isoformat(),
        "separate": True,
        "sensitive": True,
        "presented_policy_version": "2026-1",
        "explicit_action": True,
        "had_refuse_option": True,
        "refusal_consequence": "none",
        "evidence_sha256": SHA,
    }
    path = f"/api/v1/products/{personal}"
    must(await own.post(f"{path}/consents", {"consents": [consent]}))
    said = ANONYMISED | {"agency_party_id": str(agency.party.id)}
    must(await own.post(f"{path}/anonymisations", said))
    return personal


async def _punished(trade: Trade) -> str:
    path = "/api/v1/credit-records"
    found = {
        "party_id": str(trade.buyer.party.id),
        "act": "misuse_of_data",
        "facts": f"将所购数据转卖给第三方{HOSTILE}",
        "basis": "投诉处理决定",
    }
    record = must(await trade.by(trade.adjudicator).post(path, found))["id"]
    said = {"statement": "数据由供方书面同意转用"}
    must(await trade.by(trade.buyer).post(f"{path}/{record}/objections", said))
    answer = {"upholds": False, "answer": "未见书面同意"}
    must(await trade.by(trade.regulator).post(f"{path}/{record}/answers", answer))
    must(await trade.by(trade.regulator).post(f"{path}/{record}/sanctions", {"is_banned": True}))
    return str(record)
