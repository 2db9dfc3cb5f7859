"""The JSON Schemas of the Dataspace Protocol 2025-1 hold for every message that either side says.

They are the protocol's and not kept here: ``DATASPACE_SCHEMAS`` names the folder of a checkout that holds
them (``artifacts/src/main/resources``).
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from market.negotiations import wire
from market.negotiations.model import Copy, Reply, Role
from market.negotiations.states import State
from tests.foreign_tools import python_packages
from tests.pure.test_negotiations_wire import OFFER, SAID, C, P, on_the_way

HOLDS = """
import json, pathlib, sys
from jsonschema import Draft201909Validator
from referencing import Registry, Resource

schemas = {}
for path in pathlib.Path(sys.argv[1]).rglob("*-schema.json"):
    told = json.loads(path.read_text("utf-8"))
    # One item is written as the name of a type instead of a schema: every text is meant.
    text = json.dumps(told).replace('"items": "string"', '"items": {"type": "string"}')
    schemas[told["$id"]] = json.loads(text)
registry = Registry().with_resources((n, Resource.from_contents(s)) for n, s in schemas.items())
by_type = {s["title"].removesuffix("Schema"): s for s in schemas.values()}
found = {}
for each in json.load(sys.stdin):
    checker = Draft201909Validator(by_type[each["@type"]], registry=registry)
    found.setdefault(each["@type"], []).append([e.message for e in checker.iter_errors(each)])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def schemas() -> pathlib.Path:
    named = os.environ.get("DATASPACE_SCHEMAS")
    if named is None:
        pytest.skip("DATASPACE_SCHEMAS names no folder with the schemas of the protocol")
    return pathlib.Path(named)


def test_the_protocols_own_schemas_hold_for_every_message(
    schemas: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    tools = python_packages(tmp_path, "contracts.txt")
    messages = [on_the_way(message, callback) for message, callback in SAID]
    reply = Reply(pid=P, state=State.OFFERED, code="offer_expired")
    messages += [wire.error(message, reply, reasons=("要约已失效。",)) for message, _ in SAID]
    messages += [
        wire.negotiation(
            Copy(
                role=Role.PROVIDER,
                own_pid=P,
                other_pid=C,
                state=state,
                offer=OFFER,
                offered_by=Role.PROVIDER,
            )
        )
        for state in State
    ]
    broken = [message | {"providerPid": 7} for message in messages if "providerPid" in message]

    held, refused = (
        json.loads(
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", HOLDS, str(schemas)],
                env=tools,
                input=json.dumps(given),
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            ).stdout
        )
        for given in (messages, broken)
    )

    assert set(held) == {*wire.TYPES.values(), wire.NEGOTIATION, wire.ERROR}
    assert {kind: found for kind, found in held.items() if any(found)} == {}
    assert all(found for kinds in refused.values() for found in kinds)
