"""Let the search index of this host follow the catalogue (检索索引跟随), in one of its processes."""

from __future__ import annotations

import datetime as dt

from catalog.search.operations import Follower, RemoteFollower, SearchIndexBeingBuilt


async def run(follower: Follower | RemoteFollower, *, now: dt.datetime) -> int:
    """Index what changed since; return how many products."""
    try:
        return await follower.follow(now=now)
    except SearchIndexBeingBuilt:
        return 0  # by `market search rebuild`; what it makes is taken over when it is done
