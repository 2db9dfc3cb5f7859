"""Say what each message of the Dataspace Protocol 2025-1 looks like, from its text; not from our code.

The protocol publishes JSON Schemas for them. They are not ours to keep here; ``tests/foreign`` holds the
same messages against them where somebody has them.
"""

from __future__ import annotations

import re
from typing import Any, Final

CONTEXT: Final = "https://w3id.org/dspace/2025/1/context.jsonld"
PIDS: Final = {"consumerPid", "providerPid"}
OWN: Final = "urn:shushi:odrl:"

#: What a message must have, and what else it may; of names that stand together one alone.
FORMS: Final[dict[str, tuple[set[str], set[str], tuple[str, ...]]]] = {
    "ContractRequestMessage": ({"consumerPid", "offer"}, set(), ("callbackAddress", "providerPid")),
    "ContractOfferMessage": ({"providerPid", "offer"}, set(), ("callbackAddress", "consumerPid")),
    "ContractAgreementMessage": (PIDS | {"agreement"}, set(), ()),
    "ContractAgreementVerificationMessage": (PIDS, set(), ()),
    "ContractNegotiationEventMessage": (PIDS | {"eventType"}, set(), ()),
    "ContractNegotiationTerminationMessage": (PIDS, {"code", "reason"}, ()),
    "ContractNegotiation": (PIDS | {"state"}, set(), ()),
    "ContractNegotiationError": (PIDS, {"code", "reason"}, ()),
}
STATES: Final = {
    "REQUESTED",
    "OFFERED",
    "ACCEPTED",
    "AGREED",
    "VERIFIED",
    "FINALIZED",
    "TERMINATED",
}
OPERATORS: Final = {
    "eq",
    "gt",
    "gteq",
    "lteq",
    "hasPart",
    "isA",
    "isAllOf",
    "isAnyOf",
    "isNoneOf",
    "isPartOf",
    "lt",
    "term-lteq",
    "neq",
}
INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


def faults(told: Any) -> list[str]:
    """Return what is wrong with a message, nothing if it is as the protocol has it."""
    if not isinstance(told, dict) or told.get("@type") not in FORMS:
        return ["no message of the protocol"]
    needed, further, one_of = FORMS[told["@type"]]
    found = [f"lacks {name}" for name in sorted(needed - set(told))]
    known = needed | further | set(one_of) | {"@context", "@type", "@id"}
    found += [f"{name} unknown" for name in sorted(set(told) - known) if not name.startswith(OWN)]
    if one_of and sum(name in told for name in one_of) != 1:
        found.append(f"one of {', '.join(one_of)}")
    if CONTEXT not in told.get("@context", []):
        found.append("no context")
    texts = (PIDS | {"callbackAddress", "code", "eventType", "state"}) & set(told)
    found += [f"{name} no text" for name in sorted(texts) if not isinstance(told[name], str)]
    if told.get("eventType", "ACCEPTED") not in ("ACCEPTED", "FINALIZED"):
        found.append("eventType")
    if told.get("state", "OFFERED") not in STATES:
        found.append("state")
    if "reason" in told and not (isinstance(told["reason"], list) and told["reason"]):
        found.append("reason")
    if "offer" in told:
        found += _policy_faults(told["offer"], "Offer", {"target"})
    if "agreement" in told:
        names = {"target", "assigner", "assignee", "timestamp"}
        found += _policy_faults(told["agreement"], "Agreement", names)
    return found


def _policy_faults(told: Any, kind: str, needed: set[str]) -> list[str]:
    if not isinstance(told, dict) or told.get("@type") != kind:
        return [f"no {kind}"]
    found = [f"policy lacks {name}" for name in sorted({"@id", *needed} - set(told))]
    if not {"permission", "prohibition"} & set(told):
        found.append("policy without permission or prohibition")
    if "timestamp" in told and not INSTANT.fullmatch(told["timestamp"]):
        found.append("timestamp")
    for name in ("permission", "prohibition", "obligation"):
        rules = told.get(name, [{"action": "use"}])
        if not rules or any(not isinstance(rule.get("action"), str) for rule in rules):
            found.append(name)
        for rule in rules:
            if "target" in rule:
                found.append("a rule with a target of its own")
            found += [
                "constraint" for each in rule.get("constraint", []) if not _is_constraint(each)
            ]
    return found


def _is_constraint(told: Any) -> bool:
    return (
        set(told) == {"leftOperand", "operator", "rightOperand"}
        and isinstance(told["leftOperand"], str)
        and told["operator"] in OPERATORS
        and isinstance(told["rightOperand"], str | dict | list)
    )
