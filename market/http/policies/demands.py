"""Say what the routes of demands need: posts, matches, invited quotes (供需对接、询价)."""

from __future__ import annotations

from typing import Final

from market.http.policies.rule import OWN, PARTY, V1, Rules, do, public, read

_POST: Final = f"{V1}/demand-posts/{{post_id}}"
_REQUEST: Final = f"{V1}/quote-requests/{{request_id}}"

DEMANDS: Final[Rules] = {
    ("POST", f"{V1}/demand-posts"): do("demand_post:post", OWN),
    ("GET", f"{V1}/demand-posts"): public(),
    ("GET", _POST): public(),
    ("PUT", _POST): do("demand_post:post", OWN),
    ("POST", f"{_POST}/submissions"): do("demand_post:post", OWN),
    ("POST", f"{_POST}/withdrawals"): do("demand_post:post", OWN),
    ("POST", f"{_POST}/fulfilments"): do("demand_post:post", OWN),
    ("POST", f"{_POST}/publications"): do("demand_post:review"),
    ("POST", f"{_POST}/rejections"): do("demand_post:review"),
    ("GET", f"{V1}/demand-post-files"): read("demand_post:read", PARTY),
    ("GET", f"{V1}/demand-post-files/{{post_id}}"): read("demand_post:read", PARTY),
    ("GET", f"{V1}/demand-post-files/{{post_id}}/matches"): read("demand_post:read", PARTY),
    ("POST", f"{_POST}/matches/{{product_id}}/answers"): do("demand_match:answer", PARTY),
    ("GET", f"{V1}/my/demand-matches"): read("demand_match:read", OWN),
    ("POST", f"{_POST}/quote-requests"): do("quote:invite", PARTY),
    ("GET", f"{V1}/quote-requests"): read("quote:read", PARTY),
    ("GET", _REQUEST): read("quote:read", PARTY),
    ("POST", f"{_REQUEST}/quotes"): do("quote:submit", PARTY),
    ("POST", f"{V1}/quotes/{{quote_id}}/withdrawals"): do("quote:submit", OWN),
    ("POST", f"{_REQUEST}/acceptances"): do("quote:decide", OWN),
    ("POST", f"{_REQUEST}/declinations"): do("quote:decide", OWN),
    ("POST", f"{_REQUEST}/withdrawals"): do("quote:decide", OWN),
}
