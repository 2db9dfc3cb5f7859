"""The story keeps the law's days: nothing in it is told to be overdue."""

from __future__ import annotations

import json
import pathlib
from collections import Counter
from typing import Any


def test_nobody_in_the_story_misses_a_deadline(story: Any) -> None:
    lines = pathlib.Path(story["export_path"], "payloads.jsonl").read_text().splitlines()
    events = Counter(json.loads(line)["event"] for line in lines)

    assert events["timer:overdue"] == 0
    # Two decisions on each application and on the change, and the applicant was told of all (HN-10).
    assert events["decision:notified"] == 2 * (len(story["certificate_numbers"]) + 1)
