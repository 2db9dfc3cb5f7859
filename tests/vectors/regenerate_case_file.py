"""Make case_file.zip anew: ``pytest tests/vectors/regenerate_case_file.py``. Needs a database.

One case: certified, objected to, before a court. Ids, keys and salts differ with every run.
"""

from __future__ import annotations

import pathlib

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_instruments import referred
from tests.makers_registration import make_scene

VECTOR = pathlib.Path(__file__).with_name("case_file.zip")


async def test_make_the_vector(api: Api, db: Database, clock: ManualClock) -> None:
    scene = await make_scene(api, db, clock)
    application, number = await scene.certified()
    await referred(scene, certificate_number=number)
    await api.run_jobs()
    path = f"/api/v1/applications/{application}/case-file"
    await scene.by(scene.regulator).get(path)  # its entry waits for its place
    answer = await scene.by(scene.regulator).get(path)
    assert answer.status_code == 200
    VECTOR.write_bytes(answer.content)
