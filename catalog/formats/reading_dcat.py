"""Read the data sets of a DCAT catalogue, ours or anybody's, as records that can be imported.

JSON-LD (with its context inside), Turtle and RDF/XML. What a foreign publisher left out stays empty; a data
set without an identifier or title is told with its reason. Nothing is fetched: a context that would
have to be is refused. The library is loaded when there is something to read.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from catalog.formats import authorities
from catalog.formats.dcat import JSON_LD, RDF_XML, TURTLE
from catalog.formats.facts import NO_DESCRIPTION
from catalog.formats.iris import web_address
from catalog.kernel.errors import Invalid
from catalog.products.imports import Record

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

#: [P] a page of a catalogue that nests deeper is none.
_DEEPEST: Final = 40
_LONGEST_KEYWORD: Final = 100
_BASE: Final = "http://relative.invalid/"  # of addresses that are not whole
_FORMATS: Final = {
    JSON_LD: "json-ld",
    TURTLE: "turtle",
    RDF_XML: "xml",
    "application/json": "json-ld",
    "application/n-triples": "turtle",  # each of which is Turtle
    "application/x-turtle": "turtle",
}
#: What servers call a file that they do not know; it tells itself what it is.
_ANYTHING: Final = frozenset(
    {"", "application/octet-stream", "application/xml", "text/plain", "text/xml"}
)
_MARKUP: Final = ("<?xml", "<rdf:RDF", "<!")


class CatalogueUnreadable(Invalid):
    """The bytes are no DCAT in JSON-LD, Turtle or RDF/XML (目录无法解析)."""

    code = "catalogue_unreadable"


class ContextRemote(Invalid):
    """The JSON-LD names a context that lies elsewhere; nothing is fetched to read a catalogue."""

    code = "catalogue_context_remote"


class Skipped(msgspec.Struct, frozen=True):
    """A data set that is not taken, and why."""

    name: str
    reason: str


class CataloguePage(msgspec.Struct, frozen=True):
    """What stands on a page of a catalogue, and where the next one is."""

    records: tuple[Record, ...]
    skipped: tuple[Skipped, ...]
    next_address: str | None = None


def read(data: bytes, media_type: str, *, source: str) -> CataloguePage:
    """Return the data sets on a page of a catalogue, as records of ``source``.

    :raises CatalogueUnreadable: if it is none of JSON-LD, Turtle and RDF/XML, malformed, or not DCAT.
    :raises ContextRemote: if it can only be read by fetching something else.
    """
    graph = _graph(data, media_type.partition(";")[0].strip().lower())
    if not _is_catalogue(graph):
        raise CatalogueUnreadable(reason="no_catalogue")
    records, skipped = [], []
    for dataset in _datasets(graph):
        found = _Dataset(graph, dataset)
        identifier, title = found.text("dct:identifier") or str(dataset), found.text("dct:title")
        if not title:
            skipped.append(Skipped(identifier, "title_missing"))
            continue
        records.append(found.record(identifier, title, source))
    return CataloguePage(tuple(records), tuple(skipped), _next(graph))


def _graph(data: bytes, media_type: str) -> Graph:
    from rdflib import Dataset, Graph  # noqa: PLC0415 - 150 ms, for those who read catalogues

    try:
        text = data.decode("utf-8-sig")
        name = _format_of(media_type, text)
        graph = Graph()
        if name != "json-ld":
            if name == "xml" and ("<!DOCTYPE" in text or "<!ENTITY" in text):
                raise CatalogueUnreadable(reason="doctype")  # entities grow, or lie elsewhere
            graph.parse(data=text.strip(), format=name, publicID=_BASE)
            return graph
        _check_contexts(json.loads(text), 0)
        with warnings.catch_warnings():  # the library's own reader uses what the library deprecates
            warnings.simplefilter("ignore", DeprecationWarning)
            whole = Dataset(default_union=True)
            whole.parse(data=text, format=name, publicID=_BASE)
            for triple in whole.triples((None, None, None)):
                graph.add(triple)
    except (CatalogueUnreadable, ContextRemote):
        raise
    except Exception as error:  # the library raises what it likes on what strangers wrote
        raise CatalogueUnreadable(reason=type(error).__name__) from error
    return graph


def _format_of(media_type: str, text: str) -> str:
    """Return in which format a text is, by its media type; by its first letters if that says nothing."""
    name = _FORMATS.get(media_type)
    if name is None and media_type in _ANYTHING:
        begins = text.lstrip()
        name = "json-ld" if begins.startswith(("{", "[")) else "turtle"
        name = "xml" if begins.startswith(_MARKUP) else name
    if name is None:
        raise CatalogueUnreadable(reason=media_type)
    return name


def _check_contexts(value: Any, depth: int) -> None:
    """Return if nothing in the document has to be fetched.

    :raises ContextRemote: if a context is an address, or imports one.
    """
    if depth > _DEEPEST:
        raise CatalogueUnreadable(reason="too deep")
    if isinstance(value, list):
        for each in value:
            _check_contexts(each, depth + 1)
    if isinstance(value, dict):
        context = value.get("@context")
        for each in context if isinstance(context, list) else [context]:
            if isinstance(each, str) or (isinstance(each, dict) and "@import" in each):
                raise ContextRemote(context=str(each)[:200])
        for each in value.values():
            _check_contexts(each, depth + 1)


def _is_catalogue(graph: Graph) -> bool:
    """Tell whether there is a catalogue or a data set in it: pages of other things are RDF, too."""
    from rdflib import DCAT, RDF  # noqa: PLC0415 - loaded already

    return any((None, RDF.type, kind) in graph for kind in (DCAT.Catalog, DCAT.Dataset))


def _datasets(graph: Graph) -> list[Node]:
    from rdflib import DCAT, RDF, URIRef  # noqa: PLC0415 - loaded already

    # What another one only had before is no entry of its own, unless the catalogue says that it is.
    has_version = URIRef(_NAMES["dcat"] + "hasVersion")  # of DCAT 3, which the library knows not
    earlier = set(graph.objects(None, has_version)) - set(graph.objects(None, DCAT.dataset))
    return sorted(set(graph.subjects(RDF.type, DCAT.Dataset)) - earlier, key=str)


def _next(graph: Graph) -> str | None:
    from rdflib import URIRef  # noqa: PLC0415 - loaded already

    hydra = "http://www.w3.org/ns/hydra/core#"
    for name in ("next", "nextPage"):
        for found in graph.objects(None, URIRef(hydra + name)):
            return str(found)
    return None


class _Dataset:
    """A data set in a graph, asked by compact names."""

    def __init__(self, graph: Graph, node: Node) -> None:
        self._graph = graph
        self._node = node

    def record(self, identifier: str, title: str, source: str) -> Record:
        distributions = [_Dataset(self._graph, each) for each in self.all("dcat:distribution")]
        return Record(
            id=identifier,
            title=title,
            source=source,
            description=self._description(),
            publisher=self._label("dct:publisher", "foaf:name"),
            theme=self._theme(),
            keywords=tuple(
                sorted({str(word)[:_LONGEST_KEYWORD] for word in self.all("dcat:keyword")})
            ),
            format=_first(d.format() for d in distributions),
            update_frequency=self._frequency(),
            region=self._label("dct:spatial", "skos:prefLabel", "rdfs:label"),
            url=self._address(distributions),
            licence=self.licence() or _first(d.licence() for d in distributions),
        )

    def text(self, name: str) -> str:
        """Return the value of a property, Chinese before another language."""
        found = sorted(self.all(name), key=_by_language)
        return str(found[0]).strip() if found else ""

    def _description(self) -> str:
        """Return the description; what a service of ours says for a publisher who gave none is none."""
        said = self.text("dct:description")
        is_ours = any(getattr(each, "language", None) for each in self.all("dct:description"))
        return "" if said == NO_DESCRIPTION and is_ours else said

    def format(self) -> str:
        """Return what a distribution calls its format, or the last part of its address."""
        word = self._label("dct:format", "rdfs:label", "skos:prefLabel")
        return word or self._code("dct:format").lower() or self._code("dcat:mediaType")

    def _theme(self) -> str:
        # The tables' own concepts are told by their code, in whichever language they are labelled.
        code = self._code("dcat:theme")
        is_listed = code in authorities.THEME_LABELS
        return code if is_listed else self._label("dcat:theme", "skos:prefLabel") or code

    def _frequency(self) -> str:
        word = self._label("dct:accrualPeriodicity", "rdfs:label", "skos:prefLabel")
        code = self._code("dct:accrualPeriodicity")
        return word or authorities.WORD_OF_FREQUENCY.get(code.upper(), code.lower())

    def licence(self) -> str:
        """Return what the licence is called, or its address."""
        word = self._label("dct:license", "rdfs:label", "dct:title", "skos:prefLabel")
        return word or _first(map(str, self._named("dct:license")))

    def _address(self, distributions: list[_Dataset]) -> str:
        """Return where a foreign data set is had; a page of ours that names itself says nothing new."""
        pages = [str(each) for each in self.all("dcat:landingPage")]
        pages += [str(a) for d in distributions for a in d.all("dcat:accessURL")]
        return _first(
            address or ""
            for address in map(web_address, pages)
            if address is not None and address != str(self._node)
        )

    def _label(self, name: str, *labels: str) -> str:
        """Return the label of what a property leads to, or the text that stands there itself."""
        from rdflib import Literal  # noqa: PLC0415 - loaded already

        for found in self.all(name):
            if isinstance(found, Literal):
                return str(found).strip()
            inner = _Dataset(self._graph, found)
            for label in labels:
                if word := inner.text(label):
                    return word
        return ""

    def _named(self, name: str) -> list[Node]:
        """Return what of that has an address; a node without one has no name that says anything."""
        from rdflib import URIRef  # noqa: PLC0415 - loaded already

        return [found for found in self.all(name) if isinstance(found, URIRef)]

    def _code(self, name: str) -> str:
        addresses = map(str, self._named(name))
        return _first(address.rstrip("/").rpartition("/")[2] for address in addresses)

    def all(self, name: str) -> list[Node]:
        """Return everything that a property leads to, in a fixed order."""
        from rdflib import URIRef  # noqa: PLC0415 - loaded already

        prefix, _, local = name.partition(":")
        property_ = URIRef(_NAMES[prefix] + local)
        return sorted(self._graph.objects(self._node, property_), key=str)


_NAMES: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}


def _first(words: Iterator[str]) -> str:
    return next((word for word in words if word), "")


def _by_language(term: Node) -> tuple[int, str]:
    language = str(getattr(term, "language", None) or "")
    return (0 if language.startswith("zh") else 1, str(term))
