"""Read how revenue is shared from a form: who shares stands line by line, each with its figure (收益分配表单).

A line is ``主体，数值``; a party is named by its whole name or its 统一社会信用代码, as people know it. What
the figure is, cost, percent, capital or weight, follows from the method.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from market.http.command import Command
from market.identity import queries as identity
from market.portal.auction_fields import wrong
from market.portal.forms import filled_in
from market.portal.show import fen_of
from market.portal.written_amounts import bps_of
from settlement.revenue.methods import Agreed, ClaimRole, RightKind, Sha256
from settlement.revenue.split import Method

_BETWEEN: Final = re.compile(r"\s*[,，|\t]\s*")
_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_WEIGHT: Final = re.compile(r"[0-9]{1,15}")
_KINDS: Final = {
    "专利权": RightKind.PATENT,
    "著作权": RightKind.COPYRIGHT,
    "商业秘密": RightKind.TRADE_SECRET,
    "数据知识产权": RightKind.DATA,
}
_ROLES: Final = {
    "数源部门": ClaimRole.DEPARTMENT,
    "服务机构": ClaimRole.AGENCY,
    "数据经纪人": ClaimRole.BROKER,
}
_PAIR: Final = 2
_CLAIM: Final = 3
_RIGHT: Final = 4


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What every form says."""

    product_id: uuid.UUID
    method: Method
    sharers: str
    document_sha256: Sha256


async def read_agreed(c: Command, fields: Mapping[str, str]) -> tuple[uuid.UUID, Agreed]:
    """Return of which product the revenue is shared, and how.

    :raises FormFieldInvalid: if a field or a line can not hold that, or a party is not known here.
    """
    typed = filled_in(Typed, fields)
    terms = await _TERMS[typed.method](c, fields)
    claims = [
        {
            "role": _worded("claims", _ROLES, role),
            "party_id": await _party(c, "claims", named),
            "share_bps": _percent("claims", part),
        }
        for role, named, part in _lines(fields, "claims", _CLAIM)
    ]
    said = {
        "terms": terms | {"method": typed.method.value},
        "claims": claims,
        "document_sha256": typed.document_sha256,
    }
    try:
        return typed.product_id, msgspec.convert(said, Agreed)
    except msgspec.ValidationError as error:
        raise wrong("sharers", str(error)) from error


async def _cost_sharing(c: Command, fields: Mapping[str, str]) -> dict[str, Any]:
    costs = [
        {"party_id": await _party(c, "sharers", named), "cost_fen": _amount(cost)}
        for named, cost in _lines(fields, "sharers", _PAIR)
    ]
    return {"costs": costs, "audited_by": fields.get("audited_by", "")}


async def _profit_sharing(c: Command, fields: Mapping[str, str]) -> dict[str, Any]:
    profit = [
        {"party_id": await _party(c, "sharers", named), "share_bps": _percent("sharers", part)}
        for named, part in _lines(fields, "sharers", _PAIR)
    ]
    told: dict[str, Any] = {"profit": profit}
    if fields.get("part"):
        told["cost_bps"] = _percent("part", fields["part"])
        told["cost_party_id"] = await _party(c, "party", fields.get("party", ""))
    return told


async def _equity(c: Command, fields: Mapping[str, str]) -> dict[str, Any]:
    stakes = [
        {"party_id": await _party(c, "sharers", named), "capital_fen": _amount(capital)}
        for named, capital in _lines(fields, "sharers", _PAIR)
    ]
    told: dict[str, Any] = {
        "stakes": stakes,
        "company_party_id": await _party(c, "party", fields.get("party", "")),
    }
    if fields.get("part"):
        told["reserve_bps"] = _percent("part", fields["part"])
    return told


async def _ip_sharing(c: Command, fields: Mapping[str, str]) -> dict[str, Any]:
    rights = [
        {
            "party_id": await _party(c, "sharers", named),
            "kind": _worded("sharers", _KINDS, kind),
            "weight": _weight(weight),
            "number": number,
        }
        for named, kind, weight, number in _lines(fields, "sharers", _RIGHT)
    ]
    return {
        "rights": rights,
        "exploiter_party_id": await _party(c, "party", fields.get("party", "")),
        "royalty_bps": _percent("part", fields.get("part", "")),
    }


_TERMS: Final = {
    Method.COST_SHARING: _cost_sharing,
    Method.PROFIT_SHARING: _profit_sharing,
    Method.EQUITY: _equity,
    Method.IP_SHARING: _ip_sharing,
}


def _lines(fields: Mapping[str, str], name: str, parts: int) -> list[list[str]]:
    found = [
        _BETWEEN.split(line.strip()) for line in fields.get(name, "").splitlines() if line.strip()
    ]
    for number, line in enumerate(found, start=1):
        if len(line) != parts:
            raise wrong(name, f"line {number} has {len(line)} parts, not {parts}")
    return found


async def _party(c: Command, name: str, named: str) -> str:
    found = await identity.find_named(c.tx, named.strip()) if named.strip() else None
    if found is None:
        raise wrong(name, f"the whole name or the code of one party, not {named!r}")
    return str(found.id)


def _worded(name: str, words: Mapping[str, Any], word: str) -> str:
    if word in words:
        return str(words[word])
    if word in set(map(str, words.values())):
        return word
    raise wrong(name, f"one of {', '.join(words)}, not {word!r}")


def _amount(text: str) -> int:
    found = fen_of(text)
    if not found:
        raise wrong("sharers", f"an amount in yuan, not {text!r}")
    return found


def _percent(name: str, text: str) -> int:
    written = text.strip().removesuffix("%")
    if not _PERCENT.fullmatch(written):
        raise wrong(name, f"a percentage with at most two decimals, not {text!r}")
    return bps_of(written)


def _weight(text: str) -> int:
    if not _WEIGHT.fullmatch(text):
        raise wrong("sharers", f"a whole weight, not {text!r}")
    return int(text)
