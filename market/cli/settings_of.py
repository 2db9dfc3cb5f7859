"""Turn options and the environment into settings, and faults of set-up into clear messages."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import rich_click as click
import uvloop

from market.settings import SettingInvalid, Settings, read

T = TypeVar("T")


def environment(**given: Any) -> Settings:
    """Return the settings of the environment with the options given.

    :raises ClickException: if one of them can not be understood.
    """
    try:
        return read(**given)
    except SettingInvalid as error:
        raise click.ClickException(str(error)) from error


class CouldNotBeDone(click.ClickException):
    """End with 2, where 1 is an answer of the command's own."""

    exit_code = 2


def run(
    work: Coroutine[Any, Any, T], *, fault: type[click.ClickException] = click.ClickException
) -> T:
    """Run ``work`` to its end; faults of set-up end with a message and not with a traceback.

    :raises ClickException: with the message of the launcher, as the ``fault`` that was named.
    """
    from catalog.kernel.errors import DomainError
    from market.http.wording import words
    from market.postgres.binaries import LauncherError
    from seeds.demo.teller import StoryBroken

    try:
        return uvloop.run(work)
    except (LauncherError, StoryBroken) as error:
        raise fault(str(error)) from error
    except DomainError as error:
        wording = words(error.code, error.facts)
        raise fault(f"{wording.zh} · {wording.en} [{error.code}]") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
