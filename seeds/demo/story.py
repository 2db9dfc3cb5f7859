"""Tell one quarter in the market, from the founding to the report that anyone can recompute.

Every step is a command over the public interface. Days pass on the clock of the story; a server
that serves has the machine's clock and no way to move it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from catalog.kernel.local_time import SHANGHAI
from seeds.demo import changing, choosing, founding, inspecting, people, registering, trading
from seeds.demo.catalogue import read_products
from seeds.demo.teller import Teller

BEGINS_AT: Final = dt.datetime(2026, 1, 2, 9, 0, tzinfo=SHANGHAI)


async def tell(t: Teller) -> dict[str, Any]:
    """Tell the story and return what came of it."""
    await t.wait_until("2026-01-02")
    who = await founding.found(t)
    await founding.delegate(t, who)
    await founding.register_parties(t, who)
    selection_id = await choosing.announce(t)

    await t.wait_until("2026-01-05")
    await choosing.bid(t, selection_id)
    products = read_products()
    main, disputed = products[0], products[-1]
    ids = {product.key: await registering.describe(t, product) for product in products}
    applications = {
        product.key: await registering.apply_for(
            t, who, product, ids[product.key], joint=product is main
        )
        for product in products
    }

    await t.wait_until("2026-01-07")
    for product in products:
        await registering.accept(t, product, applications[product.key])

    await t.wait_until("2026-01-09")
    await choosing.award(t, selection_id)
    await choosing.contract(t, who, selection_id)

    await t.wait_until("2026-01-12")
    for product in products:
        await registering.review(t, who, product, applications[product.key])
    notices = {
        product.key: await registering.publish(t, product, applications[product.key])
        for product in products
    }
    await registering.object_in_vain(t, disputed, notices[disputed.key])

    await t.wait_until("2026-01-21", 23, 59)
    await registering.too_early(t, main, applications[main.key])
    await t.wait_until("2026-01-22")
    numbers = {}
    for product in products:
        numbers[product.key] = await registering.issue(
            t, who, product, applications[product.key], notices[product.key]
        )

    await t.wait_until("2026-01-26")
    for product in products:
        await trading.file_price_and_list(t, product, ids[product.key])

    await t.wait_until("2026-02-02", 10)
    purchases = (
        (main, trading.OF_ENTERPRISE_DATA),
        (products[1], trading.OF_PUBLIC_DATA),
    )
    orders = [
        await trading.order(t, who, product, ids[product.key], purchase)
        for product, purchase in purchases
    ]
    await t.wait_until("2026-02-03", 10)
    for (product, purchase), order_id in zip(purchases, orders, strict=True):
        await trading.fulfil(t, product, order_id, purchase)
    await trading.statement(t, orders[0])
    await t.wait_until("2026-02-04", 10)
    changed = await changing.change_name(t, who, disputed, numbers[disputed.key])
    await t.wait_until("2026-02-05", 10)
    await inspecting.check_by_chance(t, who)
    await inspecting.hand_out_case(t, applications[disputed.key])
    report_id = await trading.report(t, ids[main.key])
    await trading.proof_bundle(t, orders[0])
    return {
        "regulator_login": people.REGULATOR,
        "regulator_password": t.password_of(people.REGULATOR),
        "usage_statement_path": t.place_of(trading.STATEMENT),
        "draw_path": t.place_of(inspecting.DRAW),
        "case_file_path": t.place_of(inspecting.CASE_FILE),
        "proof_bundle_path": t.place_of(trading.BUNDLE),
        "changed_certificate_number": changed,
        "product_id": ids[main.key],
        "certificate_numbers": list(numbers.values()),
        "certificate_number": numbers[main.key],
        "order_id": orders[0],
        "report_id": report_id,
    }
