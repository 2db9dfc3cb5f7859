"""Reach the database that the settings name, with the rights of the service's roles."""

from __future__ import annotations

import urllib.parse

from catalog.kernel.db import Database
from market.settings import Settings


def database(settings: Settings) -> Database:
    """Return the database of these settings. Pools open when they are first used.

    The embedded server lets each role sign in by itself, over a socket that only this user can
    reach. Elsewhere the login of ``DATABASE_URL`` must be a member of the roles and takes them on.
    """
    url = settings.database_url
    if url is None:
        raise RuntimeError("no database: start the embedded one first, or set DATABASE_URL")
    if not settings.separate_logins:
        return Database(lambda _role: url, set_role=True, pool_size=settings.pool_size)
    parts = urllib.parse.urlsplit(url)
    _, at, place = parts.netloc.rpartition("@")

    def dsn(role: str) -> str:
        return parts._replace(netloc=f"{role}{at or '@'}{place}").geturl()

    return Database(dsn, pool_size=settings.pool_size)
