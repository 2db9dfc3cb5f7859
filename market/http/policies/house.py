"""Say what the routes of the house need: who is there, keys and the log, clocks, health."""

from __future__ import annotations

from typing import Final

from market.http.policies.rule import ASSIGNED, OWN, PARTY, V1, Rules, do, public, read

HOUSE: Final[Rules] = {
    # who is there
    ("POST", f"{V1}/foundation"): public(command=True),
    ("POST", f"{V1}/parties"): public(command=True),
    ("GET", f"{V1}/parties/{{party_id}}"): read("party:read", PARTY),
    ("GET", f"{V1}/parties"): read("party:verify"),
    ("POST", f"{V1}/parties/{{party_id}}/verifications"): do("party:verify"),
    ("POST", f"{V1}/parties/{{party_id}}/suspensions"): do("party:suspend"),
    ("POST", f"{V1}/accounts"): do("account:open"),
    ("POST", f"{V1}/accounts/{{account_id}}/closures"): do("account:close"),
    ("POST", f"{V1}/role-grants"): do("role:grant"),
    ("POST", f"{V1}/role-grants/{{grant_id}}/revocations"): do("role:revoke"),
    ("POST", f"{V1}/sessions"): public(command=True),
    ("DELETE", f"{V1}/sessions/current"): do("session:close", OWN),
    ("GET", f"{V1}/me"): read("self:read", OWN),
    ("POST", f"{V1}/me/password"): do("password:change", OWN),
    ("POST", f"{V1}/tokens"): do("token:manage", OWN),
    ("GET", f"{V1}/tokens"): read("token:manage", OWN),
    ("POST", f"{V1}/tokens/{{token_id}}/revocations"): do("token:manage", OWN),
    # keys and the log
    ("GET", f"{V1}/keys"): public(),
    ("GET", f"{V1}/keys/jwks"): public(),
    ("POST", f"{V1}/keys"): do("key:register", OWN),
    ("POST", f"{V1}/keys/{{key_id}}/revocations"): do("key:revoke"),
    ("POST", f"{V1}/keys/{{key_id}}/destructions"): do("key:destroy"),
    ("GET", f"{V1}/key-destructions"): read("key_destruction:read"),
    ("POST", f"{V1}/key-destructions/{{destruction_id}}/confirmations"): do(
        "key:confirm_destruction"
    ),
    ("POST", f"{V1}/key-destructions/{{destruction_id}}/refusals"): do("key:confirm_destruction"),
    ("POST", f"{V1}/key-destructions/{{destruction_id}}/withdrawals"): do("key:destroy", OWN),
    ("GET", "/log/checkpoint"): public(),
    ("GET", "/log/checkpoint.witnessed"): public(),
    ("GET", "/log/proof/{index}"): public(),
    ("GET", "/log/timestamps/{number}"): public(),
    ("GET", "/log/timestamps/{number}/covers"): public(),
    ("GET", f"{V1}/log/timestamps"): public(),
    ("GET", f"{V1}/log/entries/{{index}}/evidence-record"): public(),
    ("GET", "/log/tile/{path}"): public(),
    ("GET", f"{V1}/log/entries/{{index}}"): public(),
    ("GET", f"{V1}/log/proofs/inclusion"): public(),
    ("GET", f"{V1}/log/proofs/consistency"): public(),
    ("GET", f"{V1}/log/subjects/{{kind}}/{{identifier}}"): public(),
    ("GET", f"{V1}/log/entries"): read("log:search", PARTY),
    # notifications
    ("GET", f"{V1}/my/notifications"): read("notification:read", OWN),
    ("GET", f"{V1}/my/notifications/{{notification_id}}"): read("notification:read", OWN),
    ("POST", f"{V1}/my/notifications/{{notification_id}}/openings"): do("notification:read", OWN),
    ("GET", f"{V1}/my/contact"): read("contact:manage", OWN),
    ("PUT", f"{V1}/my/contact"): do("contact:manage", OWN),
    ("POST", f"{V1}/my/contact/confirmations"): do("contact:manage", OWN),
    ("GET", f"{V1}/undeliverable-notifications"): read("notification:supervise"),
    ("GET", f"{V1}/notifications/{{notification_id}}/proof"): read("notification:supervise"),
    # calendar and clocks
    ("GET", f"{V1}/calendar"): public(),
    ("POST", f"{V1}/calendar-years"): do("calendar:load"),
    ("GET", f"{V1}/rulebooks"): public(),
    ("GET", f"{V1}/rulebooks/{{code}}"): public(),
    ("POST", f"{V1}/rulebooks/{{code}}/settings"): do("rulebook:set"),
    ("GET", f"{V1}/timers"): read("timer:read", PARTY),
    ("GET", f"{V1}/timers/{{timer_id}}/explanation"): read("timer:read", PARTY),
    ("GET", f"{V1}/work-queue"): read("timer:read", PARTY),
    ("GET", f"{V1}/case-assignments"): read("case_assignment:read"),
    ("POST", f"{V1}/case-assignments"): do("case:take"),
    ("POST", f"{V1}/case-assignments/{{assignment_id}}/endings"): do("case:take", ASSIGNED),
    # the house itself
    ("GET", "/healthz/live"): public(),
    ("GET", "/healthz/ready"): public(),
    ("GET", "/openapi.json"): public(),
    ("GET", "/docs"): public(),
    ("GET", "/docs/rapidoc-min.js"): public(),
}
