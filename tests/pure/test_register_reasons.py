"""Why a certificate came into a state is said in the reader's language, but for what somebody wrote."""

from __future__ import annotations

import re
import uuid

import pytest

from market.portal.register_reasons import Reason, reason_of
from market.portal.wording import LANGUAGES, Speaker

CASE = str(uuid.UUID(int=7))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("issued", ""),
        ("product_expired", ""),
        ("renewed", ""),
        ("term_over", ""),
        ("change BG-2026-000001", "BG-2026-000001"),
        ("correction BG-2026-000002", "BG-2026-000002"),
        (f"objection {CASE}", CASE),
        (f"objection {CASE}: before a court", CASE),
        (f"objection {CASE}: withdrawn from the court", CASE),
        (f"objection {CASE}: to be issued anew", CASE),
        (f"instrument {CASE}: to be issued anew", CASE),
        (f"objection {CASE}: issued anew", CASE),
        (f"instrument {CASE}: issued anew", CASE),
        (f"agreement {'ab' * 32}", "ab" * 32),
    ],
)
def test_what_the_register_writes_is_said_in_both_languages(written: str, names: str) -> None:
    told = {each: reason_of(written, Speaker(each)) for each in LANGUAGES}

    assert not any(each.is_quoted for each in told.values())
    assert all(names in each.text for each in told.values())
    assert CHINESE.search(told["zh"].text)
    assert not CHINESE.search(told["en"].text)
    assert told["zh"].text != told["en"].text


@pytest.mark.parametrize(
    "written", ["权属争议，先行冻结", "objection 7: before a court", "issued late", "change", ""]
)
def test_what_somebody_wrote_is_quoted_as_it_was_written(written: str) -> None:
    for language in LANGUAGES:
        assert reason_of(written, Speaker(language)) == Reason(written, is_quoted=True)
