"""Put together which permission each route needs: the one table from routes to permissions.

Guards, the security section of the OpenAPI document and the generated role × route test all read
this table. A handler that is not in it stops the start of the service, and so does an entry that
no handler serves. Each part of the business has its own file in ``policies``.
"""

from __future__ import annotations

from typing import Final

from market.http.policies.demands import DEMANDS
from market.http.policies.formats import FORMATS
from market.http.policies.house import HOUSE
from market.http.policies.pages import PAGES
from market.http.policies.register import REGISTER
from market.http.policies.rule import Rules
from market.http.policies.supervision import SUPERVISION
from market.http.policies.trade import TRADE

API: Final[Rules] = HOUSE | REGISTER | FORMATS | TRADE | DEMANDS | SUPERVISION
POLICY: Final[Rules] = API | PAGES
