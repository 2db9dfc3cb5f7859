"""What a notice is refused for once its life is over."""

from __future__ import annotations

import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.workdays import Calendar
from catalog.notices import operations as notices
from catalog.notices.states import NoticeEventNotAllowed
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from tests.api import Api, code
from tests.makers_registration import make_scene, must


async def test_a_closed_notice_is_not_posted_any_more(
    api: Api, db: Database, clock: ManualClock, calendar: Calendar, almighty: Actor
) -> None:
    scene = await make_scene(api, db, clock)
    application, notice = await scene.in_notice()
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{application}/withdrawals", {"reason": "产品调整"}
        )
    )

    refused = await scene.confirm(notice)

    # The door asks the application first; whoever came past it meets the notice's own life.
    assert code(refused) == "registration_event_not_allowed"
    with pytest.raises(NoticeEventNotAllowed) as met:
        async with begin(db, almighty) as tx:
            await notices.restart(
                tx,
                now=clock.now(),
                calendar=calendar,
                rulebook=HAINAN_2023,
                notice=await notices.lock(tx, notice_id=notice),
                remark="退回重新公示",
            )
    assert met.value.code == "notice_event_not_allowed"
    assert met.value.facts == {"state": "closed", "event": "restart"}
    shown = must(await api.get(f"/api/v1/notices/{notice}"))
    assert (shown["state"], shown["result"]) == ("closed", "withdrawn")
