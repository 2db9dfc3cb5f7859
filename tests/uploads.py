"""Files that somebody made to be taken for what they are not, for tests of uploads."""

from __future__ import annotations

import io
import zlib

from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer


def added_to(pdf: bytes) -> bytes:
    """Return a PDF with something added behind its seal."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.root["/Extra"] = generic.pdf_name("/Value")
    writer.update_root()
    return _written(writer)


def with_another_file(pdf: bytes) -> bytes:
    """Return a PDF with one more file inside."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    data = embed.EmbeddedFileObject.from_file_data(writer, data=b"{}", mime_type="application/json")
    spec = embed.FileSpec(file_spec_string="other.json", embedded_data=data)
    writer.root["/Another"] = writer.add_object(spec.as_pdf_object())
    writer.update_root()
    return _written(writer)


def encrypted(pdf: bytes) -> bytes:
    """Return a PDF that only who knows a password can read."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(pdf)))
    writer.encrypt("owner", "user")
    return _written(writer)


def with_file(content: bytes) -> bytes:
    """Return a PDF of nothing but one file inside."""
    writer = PdfFileWriter()
    data = embed.EmbeddedFileObject.from_file_data(writer, data=content)
    embed.embed_file(writer, embed.FileSpec(file_spec_string="a.json", embedded_data=data))
    return _written(writer)


def bomb(pdf: bytes, size: int) -> bytes:
    """Return a sealed PDF's bytes with a stream that grows to ``size`` in memory."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    small = zlib.compress(b"\0" * size, 9)
    stream = generic.StreamObject(
        {generic.pdf_name("/Filter"): generic.pdf_name("/FlateDecode")}, encoded_data=small
    )
    writer.root["/Bomb"] = writer.add_object(stream)
    writer.update_root()
    return _written(writer)


def _written(writer: IncrementalPdfFileWriter | PdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
