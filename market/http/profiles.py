"""Tell what is known of a product's bytes: profile, draft dictionary, masked rows, quality."""

from __future__ import annotations

import uuid

from litestar import Response, get, post
from litestar.params import FromPath

from catalog.kernel.local_time import local_date
from catalog.products.model import Content
from catalog.profiles import operations, queries
from catalog.profiles.model import ContentProfile, Profile, RefusedBytes
from catalog.profiles.preview import Preview
from catalog.profiles.quality import Score
from catalog.profiles.queries import ShownProfile
from market.channels.profiler import profiled
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest, actor, context


@post(
    "/api/v1/products/{product_id:uuid}/profiles",
    summary="Look into the newest content now",
    tags=["products"],
    opt=creates(ShownProfile),
)
async def profile_content(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Profile the newest content of one's own product (数据画像), and return what follows from it.

    It is done once for the same bytes, by itself some seconds after they were attached; who asks
    earlier gets it now, who asks later gets what is there. No transaction is open meanwhile.
    """
    wiring = context(request)
    actor(request).require("product:describe")

    async def prepare(c: Command) -> tuple[Content, ContentProfile | None]:
        return await queries.get_content_to_profile(c.tx, viewer=c.actor, product_id=product_id)

    content, known = await read(request, prepare)
    found: Profile | RefusedBytes | None = None
    if known is None:
        found = await profiled(wiring.cage, wiring.settings.files_dir, content)

    async def act(c: Command) -> Answer:
        if found is None:
            c.tx.remember()  # it was looked into before, and the entry stands in the log
        else:
            await operations.record(
                c.tx, actor=c.actor, now=c.now, product_id=product_id, content=content, found=found
            )
        shown = await queries.get_profile(c.tx, viewer=c.actor, product_id=product_id)
        return created(shown, f"/api/v1/products/{product_id}/profile")

    return await command(request, act)


@get(
    "/api/v1/products/{product_id:uuid}/profile",
    summary="What is known of the newest content",
    tags=["products"],
    opt=answers(ShownProfile, refusals=(409, 410)),
)
async def get_profile(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return columns, types, gaps and counts; one's own people also a draft dictionary and findings."""

    async def look(c: Command) -> ShownProfile:
        return await queries.get_profile(c.tx, viewer=c.actor, product_id=product_id)

    return answer(await read(request, look))


@get(
    "/api/v1/products/{product_id:uuid}/preview",
    summary="The first rows, masked",
    tags=["products"],
    opt=answers(Preview, refusals=(409, 410)),
)
async def get_preview(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the first rows (脱敏样例): masked wherever they are sensitive as declared or as they seem."""

    async def look(c: Command) -> Preview:
        return await queries.get_preview(c.tx, viewer=c.actor, product_id=product_id)

    return answer(await read(request, look))


@get(
    "/api/v1/products/{product_id:uuid}/quality",
    summary="How good the data are, and by which rules",
    tags=["products"],
    opt=answers(Score, refusals=(409, 410)),
)
async def get_quality(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return points on accuracy, relevance, completeness and timeliness (BJ-24), rule by rule."""

    async def look(c: Command) -> Score:
        return await queries.get_quality(
            c.tx, viewer=c.actor, product_id=product_id, today=local_date(c.now)
        )

    return answer(await read(request, look))
