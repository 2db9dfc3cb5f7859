"""Recognise what tells of a person or a firm: by check digits, by form, by the column's name (敏感识别)."""

from __future__ import annotations

import re
from typing import Final

from catalog.kernel.ids import is_uscc
from catalog.products.model import Sensitivity

_ID_CARD: Final = re.compile(
    r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
)
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
_ID_CHECKS: Final = "10X98765432"
_PHONE: Final = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}")
_BANK_CARD: Final = re.compile(r"[1-9]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?:[ -]\d{1,3})?")
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
)
_HAN: Final = "\u4e00-\u9fff"
_SURNAMES: Final = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "符吉邢云冼欧阳司徒上官诸葛"
)
_COMPOUND: Final = ("欧阳", "司徒", "上官", "诸葛", "司马", "皇甫", "尉迟", "公孙", "慕容", "令狐")
_NAME: Final = re.compile(rf"[{_HAN}]{{2,4}}(?:·[{_HAN}]{{1,8}})?")
_PLACES: Final = re.compile(
    r"省|自治区|市|区|县|旗|镇|乡|街道|大道|路|街|巷|弄|村|号|室|幢|栋|单元|楼"
)
_STREETS: Final = re.compile(r"路|街|巷|弄|村|号|道|镇|乡|小区")
_TWO_PLACES: Final = 2
_LONGEST: Final = 400  # characters of an address; more is a text

#: What the names of columns say, whole or in part.
_HINTS: Final = (
    (Sensitivity.ID_CARD, re.compile(r"身份证|证件号|id_?card|idno|sfz", re.IGNORECASE)),
    (Sensitivity.PHONE, re.compile(r"手机|电话|联系方式|phone|mobile|tel", re.IGNORECASE)),
    (Sensitivity.BANK_CARD, re.compile(r"银行卡|卡号|账号|bank|card_?no", re.IGNORECASE)),
    (Sensitivity.EMAIL, re.compile(r"邮箱|邮件|e-?mail", re.IGNORECASE)),
    (Sensitivity.USCC, re.compile(r"信用代码|uscc", re.IGNORECASE)),
    (Sensitivity.ADDRESS, re.compile(r"地址|住址|住所|address", re.IGNORECASE)),
    (
        Sensitivity.PERSON_NAME,
        re.compile(
            r"姓名|联系人|负责人|法人|户主|经办人|真名|^name$|(?:full|person|user)_?name",
            re.IGNORECASE,
        ),
    ),
)

#: [P] So many percent of a column's values make it suspect; where its name says so, any one does.
#: What has a check digit is rarely met by chance; a tenth of all numbers pass Luhn's.
SHARES: Final = {
    Sensitivity.ID_CARD: 1,
    Sensitivity.EMAIL: 5,
    Sensitivity.USCC: 20,
    Sensitivity.PHONE: 30,
    Sensitivity.BANK_CARD: 60,
    Sensitivity.ADDRESS: 50,
    Sensitivity.PERSON_NAME: 80,
}


def is_id_card(text: str) -> bool:
    """Tell whether it is a number of an identity card, with its check digit (GB 11643)."""
    if not _ID_CARD.fullmatch(text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == text[17].upper()


def is_bank_card(text: str) -> bool:
    """Tell whether it is a number of 16 to 19 digits that passes Luhn's check (银行卡号)."""
    digits = re.sub(r"[ -]", "", text)
    if not (16 <= len(digits) <= 19 and digits.isdecimal() and _BANK_CARD.fullmatch(text)):  # noqa: PLR2004 - ISO/IEC 7812
        return False
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0  # noqa: PLR2004 - the sum of its digits


def is_phone(text: str) -> bool:
    """Tell whether it is a number of a mobile phone of the mainland (手机号码)."""
    return _PHONE.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Tell whether it is an address of e-mail."""
    return _EMAIL.fullmatch(text) is not None


def is_person_name(text: str) -> bool:
    """Tell whether it looks like a Chinese name: a usual surname and one to three characters."""
    return text[:1] in _SURNAMES and _NAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Tell whether it looks like a postal address: a place within a place, and a street or number."""
    if len(text) > _LONGEST or not _STREETS.search(text):
        return False
    return len(set(_PLACES.findall(text))) >= _TWO_PLACES


def sensitivity_of(text: str) -> Sensitivity:
    """Return what one value is by itself, ``NONE`` if nothing that is known."""
    for sensitivity, test in _TESTS:
        if test(text):
            return sensitivity
    return Sensitivity.NONE


_TESTS: Final = (
    (Sensitivity.ID_CARD, is_id_card),  # first: one in 31 of them passes the check of a USCC
    (Sensitivity.USCC, is_uscc),
    (Sensitivity.PHONE, is_phone),
    (Sensitivity.BANK_CARD, is_bank_card),
    (Sensitivity.EMAIL, is_email),
    (Sensitivity.PERSON_NAME, is_person_name),
    (Sensitivity.ADDRESS, is_address),
)


def hinted(name: str) -> Sensitivity:
    """Return what a column's name says that it holds."""
    for sensitivity, pattern in _HINTS:
        if pattern.search(name):
            return sensitivity
    return Sensitivity.NONE


def surname_of(name: str) -> str:
    """Return the surname of a Chinese name."""
    return name[:2] if name.startswith(_COMPOUND) and len(name) > _TWO_PLACES else name[:1]
