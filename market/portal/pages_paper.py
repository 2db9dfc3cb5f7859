"""Hand out certificates on paper (凭证纸面形式): PDF, to be read, printed, and checked online."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from catalog.certificates import queries as certificates
from catalog.certificates.model import Certificate
from catalog.kernel.errors import Missing
from market.http.attachment import content_disposition
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.typesetting import certificate_pdf

_BRIEFLY = "public, max-age=60"


@get("/certificates/{number:str}/paper", include_in_schema=False)
async def get_paper(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return a certificate as PDF, whatever became of it: the page says whether it counts.

    :raises Missing: if no certificate has this number.
    """

    async def look(c: Command) -> Certificate | None:
        return await certificates.find(c.tx, number)

    found = await read(request, look)
    if found is None:
        raise Missing
    return Response(
        await certificate_pdf(found),
        media_type="application/pdf",
        headers={
            "content-disposition": content_disposition(f"{found.number}.pdf"),
            "cache-control": _BRIEFLY,
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )
