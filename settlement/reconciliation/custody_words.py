"""Say in words where the money of buyers lies, as the operator's licence allows it to be said (资金存管用语).

Who has no licence never says that it holds money: it lies with the institution, or with the channel
that collects it.
"""

from __future__ import annotations

import enum

from settlement.reconciliation.custody_file import Custodian


class Wording(enum.StrEnum):
    """By which word it is said: what the agreement with the institution calls it."""

    CUSTODY = "custody"  # 存管
    TRUST = "trust"  # 托管
    COLLECTION = "collection"  # 代收代付


def sentence(keeping: Custodian | None, wording: Wording, language: str) -> str:
    """Return where the money lies, in Chinese (``zh``) or in English."""
    zh = language == "zh"
    if keeping is None:
        return _NOBODY[0 if zh else 1]
    licence = keeping.licence or ("许可证号待填" if zh else "licence not told")
    agreement = keeping.agreement or ("协议编号待填" if zh else "agreement not told")
    return _SAID[wording][0 if zh else 1].format(
        name=keeping.name, licence=licence, agreement=agreement
    )


def word(wording: Wording, language: str) -> str:
    """Return the word alone: 存管, 托管, 代收代付."""
    return _WORDS[wording][0 if language == "zh" else 1]


_WORDS = {
    Wording.CUSTODY: ("存管", "custody"),
    Wording.TRUST: ("托管", "trust"),
    Wording.COLLECTION: ("代收代付", "collection and payment"),
}
_NOBODY = (
    "本平台不持有资金；款项由付款渠道收取，尚未接入存管机构。",
    "This market holds no money: it lies with the channel that collects it; no custodian is connected yet.",
)
_SAID = {
    Wording.CUSTODY: (
        "资金由{name}（{licence}）依据协议 {agreement} 存管，本平台不持有资金。",
        "The money is in the custody of {name} ({licence}) under agreement {agreement}; this market holds none.",
    ),
    Wording.TRUST: (
        "资金由{name}（{licence}）依据协议 {agreement} 托管，本平台不持有资金。",
        "The money is held in trust by {name} ({licence}) under agreement {agreement}; this market holds none.",
    ),
    Wording.COLLECTION: (
        "款项由{name}（{licence}）依据协议 {agreement} 代收代付，本平台不持有资金。",
        "{name} ({licence}) collects and pays the money under agreement {agreement}; this market holds none.",
    ),
}
