"""Mask values by what they tell of a person or a firm (脱敏规则), one rule for each kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from catalog.products.model import Sensitivity
from catalog.profiles.recognising import surname_of

WHOLE: Final = "***"
_HAN: Final = "\u4e00-\u9fff"
_CHINESE_NAME: Final = re.compile(rf"[{_HAN}·]{{2,20}}")
_DISTRICT: Final = re.compile(
    rf"(?:[{_HAN}]{{2,7}}?(?:省|自治区|特别行政区))?"
    rf"(?:[{_HAN}]{{2,7}}?(?:市|自治州|地区|盟))?"
    rf"(?:[{_HAN}]{{1,7}}?(?:区|县|旗|市))?"
)
_DIGITS: Final = re.compile(r"\D")
# A number of somebody in the place of a domain is none (163.com and 12306.cn are).
_DOMAIN: Final = re.compile(r"(?!.*[0-9]{7})(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_PHONE_DIGITS: Final = 11
_ID_LENGTH: Final = 18
_REGION: Final = 6
_LAST: Final = 4
# What is personal inside a longer text: numbers by their length, not by check digits, for a wrong
# digit makes it no less somebody's; anything with an @ between two words.
_INSIDE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"(?P<id_card>[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])"
    r"|(?P<phone>(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2})"
    r"|(?P<bank_card>\d{15,25}[Xx]?|\d{4}(?:[ -]\d{4}){2,3}[ -]\d{1,7})"
    r"|(?P<uscc>[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10})"
    r")(?![0-9A-Za-z])"
    # Tried where a word begins and nowhere in it: a text of a hundred thousand letters is read once.
    r"|(?<![A-Za-z0-9._%+-])(?P<email>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255})"
)


def mask(value: Any, sensitivity: Sensitivity) -> Any:
    """Return a value as others may see it.

    Of a column that is not sensitive, a number of a phone or a card inside a text is masked all the
    same. What is not there stays so.
    """
    if value is None or value == "" or isinstance(value, bool):
        return value
    if sensitivity is not Sensitivity.NONE:
        return WHOLE if isinstance(value, dict | list) else _RULES[sensitivity](str(value).strip())
    if isinstance(value, str):
        return mask_inside(value)
    if isinstance(value, dict):
        return {mask_inside(str(key)): mask(inner, sensitivity) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask(inner, sensitivity) for inner in value]
    masked = mask_inside(str(value))
    return value if masked == str(value) else masked


def mask_inside(text: str) -> str:
    """Return a text with each number of a person, a card or a phone in it masked."""
    return _INSIDE.sub(_found, text)


def holds_personal(text: str) -> bool:
    """Tell whether there is something in a text that ``mask_inside`` would mask."""
    return _INSIDE.search(text) is not None


def _found(match: re.Match[str]) -> str:
    return _RULES[Sensitivity(str(match.lastgroup))](match.group())


def _person_name(text: str) -> str:
    if not _CHINESE_NAME.fullmatch(text):
        return text[:1] + WHOLE if len(text) > 1 and text.isalpha() else WHOLE
    surname = surname_of(text)
    return surname + "*" * (len(text) - len(surname))


def _phone(text: str) -> str:
    digits = _DIGITS.sub("", text)[-_PHONE_DIGITS:]
    if len(digits) != _PHONE_DIGITS or not digits.startswith("1"):
        return WHOLE
    return f"{digits[:3]}****{digits[-_LAST:]}"


def _id_card(text: str) -> str:
    is_one = len(text) == _ID_LENGTH and text[:_REGION].isdecimal()
    return text[:_REGION] + "*" * (_ID_LENGTH - _REGION) if is_one else WHOLE


def _bank_card(text: str) -> str:
    digits = _DIGITS.sub("", text)
    # Of a number that is short, its end would be much of it.
    return "*" * (len(digits) - _LAST) + digits[-_LAST:] if len(digits) >= 3 * _LAST else WHOLE


def _email(text: str) -> str:
    local, _, domain = text.partition("@")
    if not local or not _DOMAIN.fullmatch(domain) or local.casefold() in domain.casefold():
        return WHOLE
    return f"{local[0]}{WHOLE}@{domain}" if len(local) > 1 else f"{WHOLE}@{domain}"


def _address(text: str) -> str:
    found = _DISTRICT.match(text)
    assert found is not None, "every part of it may be missing"
    return found.group() + WHOLE


def _uscc(text: str) -> str:
    # Who registered it, what kind it is, and where; not which one.
    return text[:8] + "*" * 10 if len(text) == _ID_LENGTH and text.isalnum() else WHOLE


def _other(_: str) -> str:
    return WHOLE


_RULES: Final[Mapping[Sensitivity, Callable[[str], str]]] = {
    Sensitivity.PERSON_NAME: _person_name,
    Sensitivity.PHONE: _phone,
    Sensitivity.ID_CARD: _id_card,
    Sensitivity.BANK_CARD: _bank_card,
    Sensitivity.EMAIL: _email,
    Sensitivity.ADDRESS: _address,
    Sensitivity.USCC: _uscc,
    Sensitivity.OTHER: _other,
}
