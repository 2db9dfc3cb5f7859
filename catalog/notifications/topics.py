"""Name what parties are told about (通知事项): one enum; the words stand in ``texts.toml``."""

from __future__ import annotations

import enum


class Topic(enum.StrEnum):
    """One kind of message. The value is a key of ``texts.toml`` and never changes its meaning."""

    # this room's own
    CONTACT_CODE = "contact_code"  # 联系方式核验码; goes out only, never into the inbox

    # public notices
    NOTICE_POSTED = "notice_posted"  # 公示开始
    NOTICE_INTERRUPTED = "notice_interrupted"  # 公示中断、顺延
    NOTICE_ENDED = "notice_ended"  # 公示期满
