"""Acts three and four: filed price, listing, order, contract, escrow, use, release, report."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

import msgspec

from catalog.signing.purposes import Purpose
from seeds.demo import people
from seeds.demo.catalogue import DemoProduct
from seeds.demo.registering import Parties
from seeds.demo.teller import StoryBroken, Teller
from settlement.money import yuan

STATEMENT: Final = "usage-statement.json"
BUNDLE: Final = "order.zip"
_PRICES_FEN = (28_800_00, 12_600_00, 19_900_00, 8_800_00, 15_000_00, 6_000_00)


_TERMS: Final = {
    "provider_responsibility": "保证来源合法、内容与备案一致，交付前完成安全检查。",
    "receiver_responsibility": "仅在约定场景使用，按等级保护要求存储，不向第三方提供。",
    "confidentiality": "双方对交易内容与数据负保密义务，合同终止后三年内有效。",
    "exit_arrangement": "终止时停止使用并在十日内销毁，提交销毁证明。",
    "inspection_days": 7,
    "term_days": 180,
}


async def file_price_and_list(t: Teller, product: DemoProduct, product_id: str) -> None:
    """File the price, have it recorded, and list the product through the gate (BJ-17, GD-07)."""
    key, member = product.key, people.SUPPLIER_MEMBER
    price_fen = _PRICES_FEN[(product.serial - 1) % len(_PRICES_FEN)]
    is_public = product.description["data_nature"] in ("public", "mixed")
    listing = await t.do(
        member, f"{key}/listing", "POST", "/api/v1/listings",
        {"product_id": product_id, "papers": _papers(product, is_public=is_public)},
    )  # fmt: skip
    if product.serial == 1:
        await t.refused(
            member, f"{key}/list-without-price",
            f"/api/v1/listings/{listing['id']}/submissions", {}, "listing_not_eligible",
        )  # fmt: skip
        t.say("未备案定价，上架被拒 · without a filed price the listing is refused", "")
    filing = await t.do(
        member, f"{key}/filing", "POST", "/api/v1/pricing-filings",
        {
            "product_id": product_id,
            "price_items": [
                {
                    "code": "standard",
                    "charge": "one_off",
                    "unit": _unit(product),
                    "unit_price_fen": price_fen,
                    "note": "标准许可，半年内使用",
                }
            ],
            "basis": {"method": "cost", "explanation": "采集、加工、质检与服务成本加合理收益。"},
            "scenarios": [scenario["code"] for scenario in product.description["scenarios"]],
            "use_scope": {"audience": "依法设立的企业", "regions": ["全国"], "period": "半年"},
            "delivery_modes": product.description["delivery_modes"],
            "use_category": "industrial_development",
            "pricing_regime": "government_guided" if is_public else "market_autonomous",
            "ceiling": _ceiling(product, price_fen) if is_public else None,
            "effective_from": t.today.isoformat(),
        },
    )  # fmt: skip
    path = f"/api/v1/pricing-filings/{filing['id']}"
    await t.do(member, f"{key}/file", "POST", f"{path}/submissions")
    recorded = await t.do(people.REGULATOR, f"{key}/record", "POST", f"{path}/recordings")
    t.say(
        "定价备案 · price filed and recorded (BJ-17)",
        f"{recorded['filing_number']} ¥{price_fen // 100:,}",
    )
    path = f"/api/v1/listings/{listing['id']}"
    await t.do(member, f"{key}/list", "POST", f"{path}/submissions")
    await t.do(people.ACCEPTOR, f"{key}/publish-listing", "POST", f"{path}/publications")
    t.say("上架 · listed", product.name)


def _unit(product: DemoProduct) -> str:
    """Return by what a licence that is paid once is counted: not by the month, as its use may be."""
    unit = str(product.description["metering_unit"])
    return "file" if unit in ("month", "day") else unit


def _papers(product: DemoProduct, *, is_public: bool) -> dict[str, Any]:
    papers: dict[str, Any] = {}
    if is_public:
        papers["secrecy_review"] = {
            "reviewed_by": "示例市交通运输局保密办",
            "reviewed_on": "2026-01-20",
            "may_be_opened": True,
            "evidence_sha256": hashlib.sha256(
                f"{product.key} 保密审查表（示例）".encode()
            ).hexdigest(),
        }
        papers["public_registration"] = {
            "registrar": "示例省公共数据资源登记机构",
            "code": f"GGSJ-示例-{product.key}",
            "registered_on": "2026-01-12",
            "ends_on": "2029-01-11",
            "evidence_sha256": hashlib.sha256(
                f"{product.key} 公共数据资源登记凭证（示例）".encode()
            ).hexdigest(),
        }
        papers["irreversibility_statement"] = "仅输出聚合指数，不可还原为原始记录。"
    if product.description["ai_generated"] != "none":
        papers["ai_label"] = "本产品部分内容由人工智能生成。"
    return papers


def _ceiling(product: DemoProduct, price_fen: int) -> dict[str, Any]:
    return {
        "document_number": "示例发改价格〔2026〕8号",
        "authority": "示例省发展和改革委员会",
        "unit": _unit(product),
        "amount_fen": price_fen + price_fen // 10,
        "valid_from": "2026-01-01",
        "valid_to": "2028-12-31",
    }


class Purchase(msgspec.Struct, frozen=True):
    """What the buyer wants, and who must have a share of what it pays."""

    step: str  # what the steps of this order are called
    query: str
    purpose: str
    scenario: str
    uses: int
    shared_with: frozenset[str]  # the purposes of the accounts that are credited at the release


# Two right holders share what enterprise data earn.
OF_ENTERPRISE_DATA: Final = Purchase(
    step="order",
    query="港口 气象 风险",
    purpose="安排靠泊与装卸，降低作业风险",
    scenario="port_safety",
    uses=3,
    shared_with=frozenset({"payable", "platform_fee"}),
)
# Of what public data earn, a part is the treasury's (JX-3).
OF_PUBLIC_DATA: Final = Purchase(
    step="public-order",
    query="城市 停车 泊位",
    purpose="为车队司机推荐停车片区",
    scenario="navigation",
    uses=1,
    shared_with=frozenset({"payable", "platform_fee", "treasury_non_tax"}),
)


async def order(
    t: Teller, who: Parties, product: DemoProduct, product_id: str, purchase: Purchase
) -> str:
    """Find, order, sign and pay; return the order's id."""
    found = await t.look(None, "/api/v1/products", q=purchase.query, limit=5)
    if product_id not in [item["id"] for item in found["items"]]:
        raise StoryBroken(f"the buyer did not find {product.name}: {found}")
    t.say(f"需方检索到产品 · the buyer found it: {purchase.query}", product.name)

    step = purchase.step
    body = {
        "product_id": product_id,
        "price_item": "standard",
        "quantity": 1,
        "purpose": purchase.purpose,
        "scenario": purchase.scenario,
        "delivery_mode": "dataset_product",
        "use_category": "industrial_development",
        "terms": _TERMS,
    }
    await t.refused(
        people.BUYER_MEMBER, f"{step}/purpose", "/api/v1/orders",
        body | {"scenario": "advertising"}, "order_outside_filed_scope",
    )  # fmt: skip
    t.say("备案场景之外的用途被拒 · a purpose outside the filing is refused (BJ-27)", "")
    placed = await t.do(people.BUYER_MEMBER, step, "POST", "/api/v1/orders", body)
    path = f"/api/v1/orders/{placed['id']}"
    t.say("下单并声明用途 · ordered with a declared purpose", placed["number"])
    await t.do(people.ACCEPTOR, f"{step}/clear", "POST", f"{path}/clearances")
    await _sign(t, who, path, step)
    await _pay(t, path, step)
    return str(placed["id"])


async def fulfil(t: Teller, product: DemoProduct, order_id: str, purchase: Purchase) -> None:
    """Deliver, use, accept and release; see that everybody has a share."""
    path, step = f"/api/v1/orders/{order_id}", purchase.step
    await t.do(people.SUPPLIER_MEMBER, f"{step}/deliver", "POST", f"{path}/deliveries")
    t.say("供方按许可交付 · delivered under a licence that ends", "")
    for number in range(1, purchase.uses + 1):
        await _use(t, path, product, f"{step}/use/{number}")
    t.say("使用，逐次计量入审计日志 · used, each time metered into the log", f"{purchase.uses} 次")
    await t.do(people.BUYER_MEMBER, f"{step}/accept", "POST", f"{path}/acceptances")
    t.say("需方验收 · accepted by the buyer", "")
    await t.do(people.ISSUER, f"{step}/release", "POST", f"{path}/releases")
    ledger = await t.look(people.BUYER_MEMBER, f"{path}/ledger")
    t.say("托管释放，分配到分 · released and split to the fen", _shares(ledger, purchase))


async def statement(t: Teller, order_id: str) -> None:
    """Get the signed usage statement and keep it, for ``market verify``."""
    if not t.was_told("order/statement"):  # the issue of a statement is remembered each time
        t.keep(STATEMENT, await t.look(people.BUYER_MEMBER, f"/api/v1/orders/{order_id}/usage"))
        t.note("order/statement")
    t.say("签名的使用对账单 · the signed usage statement", STATEMENT)


async def proof_bundle(t: Teller, order_id: str) -> None:
    """Take away all that proves the order and keep it, for ``market verify``."""
    if not t.was_told("order/bundle"):  # that it was handed out is remembered each time
        t.keep(BUNDLE, await t.look(people.BUYER_MEMBER, f"/api/v1/proof-bundles/order/{order_id}"))
        t.note("order/bundle")
    t.say(
        "用量对账与举证包：条目齐全、账单可复算 · all that proves the order, its bill to compute again",
        BUNDLE,
    )


def _shares(ledger: dict[str, Any], purchase: Purchase) -> str:
    (release,) = (entry for entry in ledger["entries"] if entry["kind"] == "release")
    shares = [leg for leg in release["legs"] if leg["amount_fen"] > 0]
    found = {leg["account"].split("/")[0] for leg in shares}
    if not purchase.shared_with <= found:
        raise StoryBroken(f"not everybody has a share: {found}")
    return " + ".join(yuan(leg["amount_fen"]) for leg in shares)


async def report(t: Teller, product_id: str) -> str:
    """Compute, sign and submit the quarter's report; recompute it; trace the product."""
    await t.wait_until("2026-04-03")
    made = await t.do(
        people.ISSUER, "report", "POST", "/api/v1/reports", {"year": 2026, "quarter": 1}
    )
    path = f"/api/v1/reports/{made['id']}"
    await t.do(people.ISSUER, "report/sign", "POST", f"{path}/signatures")
    await t.do(people.ISSUER, "report/submit", "POST", f"{path}/submissions")
    t.say(
        "季度报告：生成、签名、报备 · quarterly report generated, signed, submitted (HN-21)",
        "2026Q1",
    )
    workbook = await t.look(people.REGULATOR, f"{path}/workbook")
    again = await t.look(people.REGULATOR, f"{path}/recomputation")
    if not again["identical"]:
        raise StoryBroken(f"the report recomputes differently: {again}")
    t.say(
        "重新计算，逐字节一致 · recomputed from the log, byte for byte", f"XLSX {len(workbook):,} B"
    )
    await t.do(people.REGULATOR, "report/acknowledge", "POST", f"{path}/acknowledgements")
    trace = await t.look(people.REGULATOR, f"/api/v1/traces/{product_id}")
    steps = sum(len(value) for value in trace.values() if isinstance(value, list))
    t.say(
        "监管一键追溯，每步附审计证明 · traced in one call, each step with its proof", f"{steps} 步"
    )
    await t.settle()
    return str(made["id"])


async def _sign(t: Teller, who: Parties, path: str, step: str) -> None:
    for login, holder in ((people.BUYER_MEMBER, "buyer"), (people.SUPPLIER_MEMBER, "supplier")):
        key_id = await t.register_key(login, holder, who.party[holder], Purpose.CONTRACT)
        contract = await t.look(login, f"{path}/contract")
        document = base64.b64decode(contract["document"])
        if hashlib.sha256(document).hexdigest() != contract["sha256"]:
            raise StoryBroken("the contract's bytes are not what its hash says")
        await t.do(
            login, f"{step}/sign/{holder}", "POST", f"{path}/signatures",
            {"key_id": key_id, "signature": t.sign(holder, Purpose.CONTRACT, document)},
        )  # fmt: skip
    t.say("双方以自有密钥签署合同 · both signed the contract with keys of their own", "")


async def _pay(t: Teller, path: str, step: str) -> None:
    started = await t.do(
        people.BUYER_MEMBER, f"{step}/pay", "POST", f"{path}/payments", {"channel": "sandbox"}
    )
    await t.do(people.BUYER_MEMBER, f"{step}/confirm", "POST", started["pay_at"])
    amount_fen = started["payment"]["amount_fen"]
    t.say("付款进入托管 · paid into escrow", yuan(amount_fen))


async def _use(t: Teller, path: str, product: DemoProduct, step: str) -> None:
    if t.was_told(step):
        return  # what is handed out again is metered again, though billed once
    headers = {
        "authorization": f"Bearer {await t.token_of(people.BUYER_MEMBER)}",
        "idempotency-key": f"demo/{step}",
    }
    answer = await t.http.get(f"{path}/content", headers=headers)
    content: Any = t.checked(step, answer)
    if answer.content != product.content:
        raise StoryBroken(f"{step} delivered other bytes: {content!r:.200}")
    t.note(step)
