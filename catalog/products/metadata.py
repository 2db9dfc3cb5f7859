"""Ask whether a description says what it must (HN-02(1), HN-03, BJ-02, GD-01(b)).

Whether a source that is named exists is known only to the database; the operation asks that.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Container, Iterator
from typing import Any, Final

import msgspec

from catalog.kernel.errors import FieldError, Invalid
from catalog.products.contradictions import MUST_AGREE
from catalog.products.model import DataNature, Description, Form, OriginPath, SharingType
from catalog.products.standards import check_standards

# Unicode's Cc and Cs, but line breaks and tabs.
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# What turns the text behind it round, so that a name is read otherwise than it is written.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


class ProductNotProcessed(Invalid):
    """Nothing says how the data were processed; raw data are no product (HN-02, A35)."""

    code = "product_not_processed"


class MeteringUnitMissing(Invalid):
    """A product is 可计量的; nothing says in what (HN-02)."""

    code = "metering_unit_missing"


class ValueStatementMissing(Invalid):
    """A product is 具有经济社会价值的; nothing says which (HN-02)."""

    code = "value_statement_missing"


class FormDescriptionMissing(Invalid):
    """Another tradable thing than the seven forms has to be described (HN-02)."""

    code = "form_description_missing"


class DataNatureMissing(Invalid):
    """Nothing says whether the data are public, an enterprise's, or personal (BJ-02)."""

    code = "data_nature_missing"


class CatalogAttributeMissing(Invalid):
    """Public data lack one of the five attributes of the catalogue (GD-01(b))."""

    code = "catalog_attribute_missing"


class SourceResourceMissing(Invalid):
    """A product made from the supermarket's resources names none that is there (HN-03)."""

    code = "source_resource_missing"


class SourceMissing(Invalid):
    """The description names no source at all (HN-08(4))."""

    code = "source_missing"


class SubstantiveProcessingMissing(Invalid):
    """Made from the supermarket's resources, without saying by which work (HN-03)."""

    code = "substantive_processing_missing"


class ScenarioMissing(Invalid):
    """Nothing says what the product is for; the certificate will name it (HN-17)."""

    code = "scenario_missing"


class ImportantDataBasisMissing(Invalid):
    """It holds important data, and nothing says by which catalogue that was decided (SIX-1)."""

    code = "important_data_basis_missing"


class PersonalInformationUnfounded(Invalid):
    """A source holds personal information, and nothing says on what ground it was had (BJ-21)."""

    code = "personal_information_unfounded"


class PersonalInformationSourceMissing(Invalid):
    """The product holds personal information, and no source is named from which (BJ-21)."""

    code = "personal_information_source_missing"


class ClassificationCategoryMissing(Invalid):
    """The product has a level and no category; 分类 and 分级 are two things (GD-02)."""

    code = "classification_category_missing"


class SharingConditionMissing(Invalid):
    """The resource is shared on conditions, and nothing says on which (有条件共享, FIELDS 9)."""

    code = "sharing_condition_missing"


class SourceUnnamed(Invalid):
    """A source has no number, no name, or nobody who holds it (HN-08(4), FIELDS 1.3)."""

    code = "source_unnamed"


class ProductReasonMissing(Invalid):
    """What is decided or taken back is so for a reason, and blanks are none."""

    code = "product_reason_missing"


class ValidityInvalid(Invalid):
    """The last day lies before the first."""

    code = "validity_invalid"


class TextUnreadable(Invalid):
    """A text holds control characters, which nobody can read, or which turn the text round."""

    code = "text_unreadable"


def check_readable(value: msgspec.Struct) -> None:
    """Return if all texts in ``value`` can be stored and read.

    :raises TextUnreadable: if one holds control characters, half a character, or what turns it round.
    """
    errors = tuple(
        FieldError(pointer, "text_unreadable")
        for pointer, text in _texts(msgspec.to_builtins(value), "")
        if not is_readable(text) or _TURNING.search(text)
    )
    if errors:
        raise TextUnreadable(errors=errors)


def is_readable(text: str) -> bool:
    """Tell whether ``text`` has no control characters but line breaks and tabs."""
    return _UNREADABLE.search(text) is None


def check_complete(description: Description) -> None:
    """Return if ``description`` says all that it must.

    :raises ProductNotProcessed: and its neighbours above, each for what it says.
    """
    for check in (*MUST_SAY, *MUST_FIT):
        check(description)


def check_fitting(description: Description) -> None:
    """Return if ``description``, finished or not, says nothing that can not stand.

    :raises ImportantDataBasisMissing: and its neighbours, each for what it says.
    """
    for check in MUST_FIT:
        check(description)


def check_reason(reason: str) -> None:
    """Return if ``reason`` says something that can be stored and read.

    :raises TextUnreadable: if it holds control characters.
    :raises ProductReasonMissing: if it is blank.
    """
    if not is_readable(reason) or _TURNING.search(reason):
        raise TextUnreadable(errors=_at(TextUnreadable, "/reason"))
    if not reason.strip():
        raise ProductReasonMissing(errors=_at(ProductReasonMissing, "/reason"))


def named_resources(description: Description) -> list[uuid.UUID]:
    """Return the entries of the catalogue that the sources name, sorted."""
    return sorted({s.resource_id for s in description.sources if s.resource_id is not None})


def check_resources_known(description: Description, known: Container[uuid.UUID]) -> None:
    """Return if every entry that a source names is in the catalogue (HN-03).

    :raises SourceResourceMissing: if one is not.
    """
    unknown = {
        f"/sources/{index}/resource_id": str(source.resource_id)
        for index, source in enumerate(description.sources)
        if source.resource_id is not None and source.resource_id not in known
    }
    if unknown:
        raise SourceResourceMissing(
            resources=sorted(set(unknown.values())), errors=_at(SourceResourceMissing, *unknown)
        )


def _check_form(description: Description) -> None:
    if description.form is Form.OTHER_TRADABLE and not description.form_description.strip():
        raise FormDescriptionMissing(errors=_at(FormDescriptionMissing, "/form_description"))


def _check_processing(description: Description) -> None:
    if not description.processing_statement.strip():
        raise ProductNotProcessed(errors=_at(ProductNotProcessed, "/processing_statement"))


def _check_metering(description: Description) -> None:
    if description.metering_unit is None:
        raise MeteringUnitMissing(errors=_at(MeteringUnitMissing, "/metering_unit"))


def _check_value(description: Description) -> None:
    if not description.value_statement.strip():
        raise ValueStatementMissing(errors=_at(ValueStatementMissing, "/value_statement"))


def _check_origin(description: Description) -> None:
    if not description.sources:
        raise SourceMissing(errors=_at(SourceMissing, "/sources"))
    if description.origin_path is OriginPath.OWN_RESOURCE:
        return
    if not any(s.is_supermarket_resource and s.resource_id for s in description.sources):
        raise SourceResourceMissing(resources=[], errors=_at(SourceResourceMissing, "/sources"))
    lacking = [
        field
        for field in ("substantive_processing", "innovative_labour")
        if not getattr(description, field).strip()
    ]
    if lacking:
        places = (f"/{field}" for field in lacking)
        raise SubstantiveProcessingMissing(
            statements=lacking, errors=_at(SubstantiveProcessingMissing, *places)
        )


def _check_nature(description: Description) -> None:
    if description.data_nature is None:
        raise DataNatureMissing(errors=_at(DataNatureMissing, "/data_nature"))


def _check_catalogue(description: Description) -> None:
    attributes: dict[str, str] = msgspec.structs.asdict(description.catalogue)
    missing = [name for name, text in attributes.items() if not text.strip()]
    if description.data_nature is DataNature.PUBLIC and missing:
        places = (f"/catalogue/{name}" for name in missing)
        raise CatalogAttributeMissing(
            attributes=missing, errors=_at(CatalogAttributeMissing, *places)
        )


def _check_scenarios(description: Description) -> None:
    if not description.scenarios:
        raise ScenarioMissing(errors=_at(ScenarioMissing, "/scenarios"))


def _check_important_data(description: Description) -> None:
    if description.contains_important_data and not description.important_data_basis.strip():
        raise ImportantDataBasisMissing(
            errors=_at(ImportantDataBasisMissing, "/important_data_basis")
        )


def _check_personal_information(description: Description) -> None:
    unfounded = {
        f"/sources/{index}/legal_basis": source.name
        for index, source in enumerate(description.sources)
        if source.contains_personal_info and not source.legal_basis.strip()
    }
    if unfounded:
        raise PersonalInformationUnfounded(
            sources=list(unfounded.values()), errors=_at(PersonalInformationUnfounded, *unfounded)
        )


def _check_sources(description: Description) -> None:
    unnamed = [
        f"/sources/{index}/{field}"
        for index, source in enumerate(description.sources)
        for field in ("source_id", "name", "holder")
        if not getattr(source, field).strip()
    ]
    if unnamed:
        raise SourceUnnamed(errors=_at(SourceUnnamed, *unnamed))


def _check_personal_source(description: Description) -> None:
    told = description.contains_personal_info
    if told and not any(source.contains_personal_info for source in description.sources):
        error = _at(PersonalInformationSourceMissing, "/sources")
        raise PersonalInformationSourceMissing(errors=error)


def _check_category(description: Description) -> None:
    given = description.classification
    if given is not None and not given.category.strip():
        error = _at(ClassificationCategoryMissing, "/classification/category")
        raise ClassificationCategoryMissing(errors=error)


def _check_sharing(description: Description) -> None:
    is_conditional = description.sharing_type is SharingType.CONDITIONAL
    if is_conditional and not description.sharing_condition.strip():
        raise SharingConditionMissing(errors=_at(SharingConditionMissing, "/sharing_condition"))


def _check_validity(description: Description) -> None:
    first, last = description.valid_from, description.valid_to
    if first is not None and last is not None and last < first:
        raise ValidityInvalid(
            valid_from=first.isoformat(),
            valid_to=last.isoformat(),
            errors=_at(ValidityInvalid, "/valid_to"),
        )


def _at(refusal: type[Invalid], *pointers: str) -> tuple[FieldError, ...]:
    return tuple(FieldError(pointer, refusal.code) for pointer in pointers)


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{pointer}/{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{pointer}/{index}")


#: What a description must say before it is complete; a draft may lack it.
MUST_SAY: Final = (
    _check_form,
    _check_processing,
    _check_metering,
    _check_value,
    _check_origin,
    _check_nature,
    _check_catalogue,
    _check_scenarios,
    _check_sources,
    _check_personal_source,
    _check_category,
    _check_sharing,
)
#: What can not stand as it is said, however much is still to come.
MUST_FIT: Final = (
    _check_important_data,
    _check_personal_information,
    _check_validity,
    check_standards,
    *MUST_AGREE,
)
