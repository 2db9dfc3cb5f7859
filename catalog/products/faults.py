"""Tell everything that is wrong with a description at once, where a command stops at the first (逐项校验).

The rules are those of ``metadata.py``, ``coding.py``, ``items.py`` and ``classification.py``; what only
the database knows is asked by the operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from catalog.code_trees.model import Code, Table, Tree
from catalog.kernel.errors import DomainError, FieldError, Invalid
from catalog.products import metadata
from catalog.products.classification import check_level, check_scheme
from catalog.products.coding import check_codes
from catalog.products.items import check_items
from catalog.products.model import Classification, Description

Known = Mapping[Tree, Mapping[str, Code]]


class CoreDataNotTaken(Invalid):
    """What holds national core data is not traded, nor described in bulk, nor are its bytes taken.

    Describing it one by one is left open: that declaration is what registration is refused for, and
    what the authority is told of (HN-15(2), 国家核心数据).
    """

    code = "core_data_not_taken"


def faults(
    description: Description,
    *,
    known: Known,
    is_draft: bool,
    recorded: Classification | None = None,
) -> list[DomainError]:
    """Return every refusal that the rules have for a description, in their order.

    A draft may lack what is still to be said; what it says has to be right all the same.
    ``recorded`` is how the product was classified until now.
    """
    checks: list[Callable[[Description], None]] = [
        metadata.check_readable,
        lambda said: check_codes(said, known),
        *metadata.MUST_FIT,
        check_items,
        _check_scheme,
        lambda said: check_level(said, recorded),
        *(() if is_draft else metadata.MUST_SAY),
    ]
    return [refusal for check in checks if (refusal := _refusal(check, description)) is not None]


def check_no_core_data(description: Description) -> None:
    """Return if the description declares no national core data.

    Asked where many are taken at once, and nobody looks at each; and before bytes are taken.

    :raises CoreDataNotTaken: if it does.
    """
    if description.contains_national_core_data:
        error = FieldError("/contains_national_core_data", CoreDataNotTaken.code)
        raise CoreDataNotTaken(errors=(error,))


def as_known(tables: Iterable[Table]) -> Known:
    """Return the codes of tables as the rules ask for them, all of them current."""
    return {
        table.tree: {
            entry.code: Code(
                tree=table.tree,
                code=entry.code,
                name=entry.name,
                parent=None,
                depth=1,
                is_current=True,
            )
            for entry in table.entries
        }
        for table in tables
    }


def _check_scheme(description: Description) -> None:
    if description.classification is not None:
        check_scheme(description.classification)


def _refusal(check: Callable[[Description], None], description: Description) -> DomainError | None:
    try:
        check(description)
    except DomainError as refusal:
        return refusal
    return None
