"""Find what a description says of one thing in two places, and otherwise (自相矛盾).

Whether something is missing is asked in ``metadata.py``; a draft may lack much, and contradict nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from catalog.kernel.errors import FieldError, Invalid
from catalog.products.model import DataNature, Description, Level, Sensitivity

#: What only a person has. A firm has telephones, addresses and mailboxes, too; of those the file tells.
PERSONAL: Final = frozenset({Sensitivity.PERSON_NAME, Sensitivity.ID_CARD, Sensitivity.BANK_CARD})


class PersonalInformationDenied(Invalid):
    """The description tells of persons in one place and denies it in another (BJ-21, 个人信息)."""

    code = "personal_information_denied"


class ImportantDataUndeclared(Invalid):
    """A level says important data, the declaration says none (SIX-1, 重要数据)."""

    code = "important_data_undeclared"


class SourceDoubled(Invalid):
    """Two sources have one number, so nobody can tell from which of them an item comes."""

    code = "source_doubled"


class ScenarioDoubled(Invalid):
    """Two scenarios have one code; prices, contracts and grants go by it (HN-17, GD-07)."""

    code = "scenario_doubled"


class TextBlank(Invalid):
    """Something is called by blanks alone."""

    code = "text_blank"


def check_persons(description: Description) -> None:
    """Return if nothing tells of persons where the description says that it holds nothing of them.

    :raises PersonalInformationDenied: if something does; ``errors`` name the places.
    """
    told = description
    if told.contains_personal_info:
        return
    places = [
        f"/items/{index}/sensitivity"
        for index, item in enumerate(told.items)
        if item.sensitivity in PERSONAL
    ]
    if told.contains_sensitive_personal_info:
        places.append("/contains_sensitive_personal_info")
    if told.data_nature is DataNature.PERSONAL:
        places.append("/data_nature")
    if places:
        places = ["/contains_personal_info", *places]
        raise PersonalInformationDenied(errors=_at(PersonalInformationDenied, places))


def check_important(description: Description) -> None:
    """Return if what is classified as important data is declared as such.

    :raises ImportantDataUndeclared: if not.
    """
    given = description.classification
    if given is None or given.level is not Level.IMPORTANT or description.contains_important_data:
        return
    raise ImportantDataUndeclared(errors=_at(ImportantDataUndeclared, ["/contains_important_data"]))


def check_once(description: Description) -> None:
    """Return if each source has a number of its own, and each scenario a code.

    :raises SourceDoubled: if two sources have one; ``errors`` name the later ones.
    :raises ScenarioDoubled: if two scenarios have.
    """
    sources = _later([source.source_id for source in description.sources])
    if sources:
        raise SourceDoubled(
            sources=sorted({description.sources[index].source_id for index in sources}),
            errors=_at(SourceDoubled, (f"/sources/{index}/source_id" for index in sources)),
        )
    scenarios = _later([scenario.code for scenario in description.scenarios])
    if scenarios:
        raise ScenarioDoubled(
            scenarios=sorted({description.scenarios[index].code for index in scenarios}),
            errors=_at(ScenarioDoubled, (f"/scenarios/{index}/code" for index in scenarios)),
        )


def check_named(description: Description) -> None:
    """Return if the product, its items and its keywords are called something.

    :raises TextBlank: if one is called by blanks alone; ``errors`` name it.
    """
    names = {"/name": description.name}
    names |= {f"/items/{index}/name": item.name for index, item in enumerate(description.items)}
    names |= {f"/keywords/{index}": word for index, word in enumerate(description.keywords)}
    blank = [place for place, name in names.items() if not name.strip()]
    if blank:
        raise TextBlank(errors=_at(TextBlank, blank))


def _later(keys: Sequence[str]) -> list[int]:
    return [index for index, key in enumerate(keys) if key in keys[:index]]


def _at(refusal: type[Invalid], pointers: Iterable[str]) -> tuple[FieldError, ...]:
    return tuple(FieldError(pointer, refusal.code) for pointer in pointers)


#: What no description may say, finished or not.
MUST_AGREE: Final = (check_named, check_persons, check_important, check_once)
