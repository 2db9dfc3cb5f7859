"""Read an approval chain from a form of rows, and fill the rows with the chain that is there (审批链表单)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from catalog.kernel.errors import FieldError
from market.approvals.model import Step
from market.portal.forms import FormFieldInvalid, filled_in
from market.portal.show import fen_of, yuan

#: As many steps as a chain may have.
ROWS: Final = 10
_ROLE: Final = "role:"
_MEMBER: Final = "member:"


def read_steps(fields: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the steps of the rows that have a name, in their order.

    :raises FormFieldInvalid: if a field of a row can not hold that; it names the field.
    """
    return tuple(
        _read(fields, row) for row in range(1, ROWS + 1) if fields.get(f"name_{row}", "").strip()
    )


def typed(steps: Iterable[Step]) -> dict[str, str]:
    """Return the fields of the form as they are filled in with a chain."""
    said = {}
    for row, step in enumerate(steps, 1):
        said[f"name_{row}"] = step.name
        said[f"who_{row}"] = (
            f"{_MEMBER}{step.account_id}" if step.role is None else f"{_ROLE}{step.role.value}"
        )
        said[f"from_{row}"] = yuan(step.from_fen).removeprefix("¥") if step.from_fen else ""
        said[f"hours_{row}"] = str(step.within_hours)
    return said


def _read(fields: Mapping[str, str], row: int) -> Step:
    said: dict[str, Any] = {"name": fields[f"name_{row}"]}
    who = fields.get(f"who_{row}", "")
    if who.startswith(_MEMBER):
        said["account_id"] = who.removeprefix(_MEMBER)
    else:
        said["role"] = who.removeprefix(_ROLE)
    if f"from_{row}" in fields:
        said["from_fen"] = fen_of(fields[f"from_{row}"])
    if f"hours_{row}" in fields:
        said["within_hours"] = fields[f"hours_{row}"]
    try:
        return filled_in(Step, said)
    except FormFieldInvalid as error:
        (wrong,) = error.errors
        name = _CALLED.get(wrong.pointer.removeprefix("/"), "name")
        raise FormFieldInvalid(
            errors=(FieldError(f"/{name}_{row}", "invalid", wrong.message),)
        ) from error


_CALLED: Final = {
    "role": "who",
    "account_id": "who",
    "from_fen": "from",
    "within_hours": "hours",
}
