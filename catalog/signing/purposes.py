"""Name what a key may sign. One key has one purpose, and the purpose is inside the signed bytes."""

from __future__ import annotations

import enum
from typing import Final

from catalog.signing.algorithms import Algorithm


class Purpose(enum.StrEnum):
    """What a signature is for (用途)."""

    CERTIFICATE = "certificate"  # 确权登记凭证
    CHECKPOINT = "checkpoint"  # 审计日志检查点: a signed note, which has its own frame
    ROOT = (
        "root"  # 日志根密钥: announces and distrusts keys of the log; in shares, and in no service
    )
    ACCESS_TOKEN = "access_token"  # noqa: S105 - 访问令牌: a JWS, which has its own frame
    REPORT = "report"  # 季度报告、监控事件报告
    STATEMENT = "statement"  # 使用对账单
    CASE_FILE = "case_file"  # 登记卷宗
    CREDENTIAL = "credential"  # 可验证凭证: a JWS (vc+jwt), which has its own frame
    STATUS_LIST = "status_list"  # 凭证状态列表: likewise
    PAPER = "paper"  # 凭证纸面形式的电子印章: a CMS in a PDF, and the key's own X.509 certificate
    RECEIPT = "receipt"  # 计量回执: an entry will be in the log
    OPINION = "opinion"  # 合规审查意见, signed by the agency itself (HN-10)
    AUTHORISATION = "authorisation"  # 主管部门授权, signed by the bureau itself
    CONTRACT = "contract"  # 数据产品交易合同, signed by both parties
    WITNESS = (
        "witness"  # 见证: a cosignature over another log's checkpoint, which has its own frame
    )


#: Signed by the service with keys of its own.
OF_THE_SERVICE: Final = frozenset(
    {
        Purpose.CERTIFICATE,
        Purpose.CHECKPOINT,
        Purpose.ACCESS_TOKEN,
        Purpose.REPORT,
        Purpose.STATEMENT,
        Purpose.CASE_FILE,
        Purpose.CREDENTIAL,
        Purpose.STATUS_LIST,
        Purpose.PAPER,
        Purpose.RECEIPT,
    }
)

#: Made and kept in a ceremony, in shares that several people hold; the service has no file of it.
OF_A_CEREMONY: Final = frozenset({Purpose.ROOT})

#: Signed by a party with a key that the service never sees.
OF_A_PARTY: Final = frozenset({Purpose.OPINION, Purpose.AUTHORISATION, Purpose.CONTRACT})

#: Signed by a witness of another log, with a key that lies with it and in no register of ours.
OF_A_WITNESS: Final = frozenset({Purpose.WITNESS})

#: Signed in a frame that names its own context: a C2SP note names the log, a cosignature says what
#: it is, a JWS has its header, a CMS its attributes.
SELF_FRAMED: Final = frozenset(
    {
        Purpose.CHECKPOINT,
        Purpose.ROOT,
        Purpose.ACCESS_TOKEN,
        Purpose.CREDENTIAL,
        Purpose.STATUS_LIST,
        Purpose.PAPER,
        Purpose.WITNESS,
    }
)

#: What several keys of the service sign side by side, each by an algorithm of its own. Of any other
#: purpose one key signs at a time, and whatever signed before it ends.
SIGNED_SIDE_BY_SIDE: Final = frozenset({Purpose.CHECKPOINT, Purpose.CERTIFICATE})


def own_algorithm(purpose: Purpose) -> Algorithm:
    """Return by which algorithm the key of a purpose signs, unless another one is asked for.

    Readers of PDF know no Ed25519; what only they check is sealed as they can.
    """
    return Algorithm.P256 if purpose is Purpose.PAPER else Algorithm.ED25519


def key_name(purpose: Purpose, algorithm: Algorithm) -> str:
    """Return how a key is called where there may be several: ``report``, ``checkpoint.sm2``."""
    other = "" if algorithm is Algorithm.ED25519 else f".{algorithm.value}"
    return f"{purpose.value}{other}"
