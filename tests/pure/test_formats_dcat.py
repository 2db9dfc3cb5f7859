"""Our DCAT is one graph in both its forms, and what it says is read back whole (F15)."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from rdflib import DCTERMS, Graph
from rdflib.compare import isomorphic

from catalog.formats import dcat, rdf_xml, reading_dcat, turtle
from catalog.formats.dcat import JSON_LD, RDF_XML, TURTLE
from catalog.formats.facts import NO_DESCRIPTION, Facts, Origin, Price, yuan
from catalog.formats.iris import web_address
from catalog.formats.reading_dcat import CatalogueUnreadable, ContextRemote, Skipped
from catalog.products.model import Form, Level, MeteringUnit, Standard
from tests.makers_facts import (
    SITE,
    any_described,
    any_foreign,
    as_record,
    make_facts,
    make_foreign,
    make_open,
    make_price,
)
from tests.makers_products import make_description, make_source

# rdflib's own reader of JSON-LD uses what rdflib deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")

EU = "http://publications.europa.eu/resource/authority"


def both(facts: Facts) -> tuple[bytes, bytes]:
    document = dcat.product(facts, SITE)
    return msgspec.json.encode(document), turtle.write(document).encode()


def check_whole(facts: Facts) -> None:
    as_json, as_turtle = both(facts)
    wanted = as_record(facts, source="us")
    graph = Graph().parse(data=as_json, format="json-ld")

    assert isomorphic(graph, Graph().parse(data=as_turtle, format="turtle"))
    as_xml = rdf_xml.write(dcat.product(facts, SITE))
    if rdf_xml.REPLACED not in as_xml:  # what XML can not write, no reader can get
        assert isomorphic(graph, Graph().parse(data=as_xml, format="xml"))
    told = [(as_json, JSON_LD), (as_turtle, f"{TURTLE}; charset=utf-8")]
    if rdf_xml.REPLACED not in as_xml:
        told.append((as_xml.encode(), RDF_XML))
    for data, media_type in told:
        page = reading_dcat.read(data, media_type, source="us")
        assert page == reading_dcat.CataloguePage((wanted,), ())


@given(facts=any_foreign())
@settings(max_examples=30)
def test_a_foreign_record_comes_back_as_it_was(facts: Facts) -> None:
    check_whole(facts)


def test_what_a_publisher_left_out_is_told_apart_from_what_he_said_in_the_same_words() -> None:
    for said in ("", "未说明", NO_DESCRIPTION):
        check_whole(make_foreign(licence=said, description=said))


def test_two_sources_that_number_alike_are_two_and_an_identifier_for_all_the_world_stays() -> None:
    one, other = make_foreign(id="1"), make_foreign(id="1", source="other")
    other = msgspec.structs.replace(other, id=uuid.uuid4())
    page = dcat.catalogue([one, other], SITE, address="a", next_address=None, suffix="jsonld")
    read = reading_dcat.read(msgspec.json.encode(page), JSON_LD, source="us")

    assert {record.id for record in read.records} == {str(one.id), str(other.id)}
    assert dcat.product(make_foreign(id="doi:10.1/x"), SITE)["dct:identifier"] == "doi:10.1/x"


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/octet-stream", "text/xml"])
def test_a_file_that_its_server_does_not_know_tells_itself_what_it_is(media_type: str) -> None:
    facts = make_foreign()
    node = dcat.product(facts, SITE)
    for written in (msgspec.json.encode(node).decode(), turtle.write(node), rdf_xml.write(node)):
        read = reading_dcat.read(f"\ufeff\n{written}".strip().encode(), media_type, source="us")
        assert read.records == (as_record(facts, source="us"),)
    read = reading_dcat.read(msgspec.json.encode(node), "application/json", source="us")
    assert len(read.records) == 1


@pytest.mark.parametrize(
    "begins", ['<!DOCTYPE r [<!ENTITY a "b">]>', "<?xml version='1.0'?><!DOCTYPE r>"]
)
def test_rdf_xml_that_declares_entities_is_not_read(begins: str) -> None:
    with pytest.raises(CatalogueUnreadable) as refused:
        reading_dcat.read(f"{begins}<rdf:RDF/>".encode(), RDF_XML, source="a")

    assert refused.value.facts == {"reason": "doctype"}


@given(facts=any_described())
@settings(max_examples=30)
def test_what_is_told_of_a_product_of_ours_comes_back(facts: Facts) -> None:
    check_whole(facts)


def test_the_offer_asks_for_the_filed_price_in_yuan_and_forbids_to_hand_it_on() -> None:
    facts = make_facts()
    offer = dcat.product(facts, SITE)["odrl:hasPolicy"]
    duty = offer["odrl:permission"][0]["odrl:duty"]

    assert duty["odrl:action"] == {"@id": "odrl:compensate"}
    assert duty["odrl:constraint"]["odrl:rightOperand"]["@value"] == "123.45"
    assert duty["odrl:constraint"]["odrl:unit"] == {"@id": f"{EU}/currency/CNY"}
    assert duty["schema:priceSpecification"]["schema:identifier"] == "备案〔2026〕0001号"
    assert offer["odrl:prohibition"]["odrl:action"] == {"@id": "odrl:distribute"}
    assert offer["odrl:assigner"] == {"@id": f"urn:uuid:{facts.supplier_party_id}"}


def test_a_certificate_an_origin_and_a_service_are_told() -> None:
    api = make_description(form=Form.DATA_API, industry_section="A", region_code="46")
    facts = make_facts(api)
    told = dcat.product(facts, SITE)

    assert told["adms:identifier"]["skos:notation"] == "HN-2026-000001"
    assert told["prov:wasDerivedFrom"][0] == {
        "@type": "prov:Entity",
        "rdfs:label": "港口自动气象站观测记录",
    }
    assert told["prov:wasDerivedFrom"][1]["@id"] == SITE.product(facts.origins[1].product_id)  # type: ignore[arg-type]
    service = told["dcat:distribution"]["dcat:accessService"]
    assert service["dcat:servesDataset"] == {"@id": SITE.product(facts.id)}
    foreign = dcat.product(make_foreign(format="api"), SITE)["dcat:distribution"]
    assert foreign["dcat:accessService"]["dcat:endpointURL"]["@id"].startswith("https://data.ex")
    assert "dcat:endpointDescription" not in foreign["dcat:accessService"]
    assert told["dcat:theme"]["@id"] == f"{EU}/data-theme/AGRI"
    assert told["dct:spatial"]["dct:identifier"] == "GB/T 2260 46"


def test_open_data_are_fetched_by_everybody_under_a_licence_of_their_own() -> None:
    told = dcat.product(make_open(), SITE)
    distribution = told["dcat:distribution"]

    assert distribution["dct:license"]["@id"] == "https://market.example/open-data#licence"
    assert distribution["dct:license"]["dct:identifier"] == "public-data-open"
    assert distribution["dcat:downloadURL"]["@id"].endswith(
        f"/open-data/{told['dct:identifier']}/content"
    )
    assert told["dct:accessRights"]["@id"] == f"{EU}/access-right/PUBLIC"
    assert "开放数据" in dcat.use_in_words(make_open())
    assert (
        "dcat:downloadURL" not in dcat.product(make_open(content=None), SITE)["dcat:distribution"]
    )
    assert "dcat:downloadURL" not in dcat.product(make_facts(), SITE)["dcat:distribution"]


def test_a_standard_that_is_known_is_told_with_its_title_and_its_address() -> None:
    cited = (
        Standard(code="RFC 4180", title="表格"),
        Standard(code="GB/T 36344"),
        Standard(code="W3C DCAT 3", title="目录", address="https://std.example/dcat"),
    )
    table, quality, catalogue = dcat.product(make_facts(make_description(conforms_to=cited)), SITE)[
        "dct:conformsTo"
    ]

    assert table["@id"] == "https://www.rfc-editor.org/rfc/rfc4180"
    assert table["dct:title"] == "Common Format and MIME Type for CSV Files"
    assert "@id" not in quality
    assert quality["dct:title"] == "信息技术 数据质量评价指标"
    assert (catalogue["@id"], catalogue["dct:title"]) == ("https://std.example/dcat", "目录")


def test_standards_quality_and_earlier_versions_are_told() -> None:
    facts = make_facts()
    told = dcat.product(facts, SITE)
    cited, bare = told["dct:conformsTo"]
    measured = {
        each["dqv:isMeasurementOf"]["@id"].rpartition("-")[2]: each
        for each in told["dqv:hasQualityMeasurement"]
    }

    assert cited["@id"] == "https://std.example/GB%20T%2036344"
    assert (cited["dct:identifier"], cited["dct:title"]) == (
        "GB/T 36344-2018",
        "信息技术 数据质量评价指标",
    )
    assert "@id" not in bare
    assert bare["dct:title"] == "QX/T 118"
    assert {name: each["dqv:value"]["@value"] for name, each in measured.items()} == {
        "overall": "87",
        "accuracy": "99",
        "completeness": "75",
    }
    dimension = measured["accuracy"]["dqv:isMeasurementOf"]["dqv:inDimension"]["@id"]
    assert dimension.endswith("ldqd#semanticAccuracy")
    assert "dqv:inDimension" not in measured["overall"]["dqv:isMeasurementOf"]
    assert [each["dcat:version"] for each in told["dcat:hasVersion"]] == ["2", "1"]
    assert told["dcat:previousVersion"] == {"@id": SITE.version(facts.id, 2)}


def test_an_earlier_version_is_no_entry_of_its_own_unless_the_catalogue_says_so() -> None:
    facts = make_facts()
    document = dcat.product(facts, SITE)
    listed = {
        "@context": dcat.CONTEXT,
        "@id": SITE.catalogue,
        "@type": "dcat:Catalog",
        "dcat:dataset": [
            {key: value for key, value in document.items() if key != "@context"},
            {"@id": SITE.version(facts.id, 1)},
        ],
    }

    def names(node: dict[str, Any]) -> list[str]:
        page = reading_dcat.read(msgspec.json.encode(node), JSON_LD, source="us")
        return sorted(each.id for each in page.records)

    assert names(document) == [str(facts.id)]
    assert names(listed) == sorted([str(facts.id), SITE.version(facts.id, 1)])


def test_what_xml_can_not_write_is_replaced_and_the_rest_is_kept() -> None:
    facts = make_foreign(title='甲\ufffe<乙>&\r\n\u3000"丙"', url="https://a.example/?a=1&b='<2>'")
    written = rdf_xml.write(dcat.product(facts, SITE))
    graph = Graph().parse(data=written, format="xml")

    titles = {str(each) for each in graph.objects(None, DCTERMS.title)}
    assert '甲\ufffd<乙>&\r\n\u3000"丙"' in titles
    assert written.startswith('<?xml version="1.0" encoding="UTF-8"?>')


def test_a_node_without_a_kind_is_a_description() -> None:
    node = {"@context": {"a": "urn:a:"}, "@id": "urn:x", "a:b": [{"a:c": "1"}, {"@id": "a:d"}]}
    graph = Graph().parse(data=rdf_xml.write(node), format="xml")

    assert isomorphic(graph, Graph().parse(data=json.dumps(node), format="json-ld"))


def test_nothing_is_said_of_what_there_is_not() -> None:
    bare = make_facts(
        make_description(region="", keywords=()),
        certificate_number=None,
        content=None,
        prices=(),
        use=None,
        origins=(),
        supplier_party_id=None,
        quality=None,
        earlier=(),
    )
    told = dcat.product(bare, SITE)

    for name in (
        "adms:identifier", "odrl:hasPolicy", "prov:wasDerivedFrom", "dct:spatial",
        "dct:conformsTo", "dqv:hasQualityMeasurement", "dcat:hasVersion", "dct:accessRights",
    ):  # fmt: skip
        assert name not in told
    assert "@id" not in told["dct:publisher"]
    assert "订单" in dcat.use_in_words(bare)
    unassigned = dcat.product(make_facts(supplier_party_id=None), SITE)
    assert "odrl:assigner" not in unassigned["odrl:hasPolicy"]


def test_what_only_the_supplier_and_the_houses_read_stands_in_no_document() -> None:
    secret = "某某内部合同"
    description = make_description(
        sources=(make_source(holder=secret, legal_basis=secret, authorisation_scope=secret),),
        substantive_processing=secret,
        innovative_labour=secret,
        important_data_basis=secret,
    )
    facts = make_facts(description, origins=(Origin("观测记录"),))

    for written in both(facts):
        assert secret not in written.decode()


def test_a_page_of_the_catalogue_leads_to_the_next_one() -> None:
    page = [make_foreign(), make_facts(make_description(form=Form.DATA_API))]
    document = dcat.catalogue(
        page,
        SITE,
        address="https://market.example/catalogue.ttl",
        next_address="https://market.example/catalogue.ttl?cursor=x",
        suffix="ttl",
    )
    read = reading_dcat.read(turtle.write(document).encode(), TURTLE, source="us")
    last = dcat.catalogue([], SITE, address="a", next_address=None, suffix="ttl")

    assert {each.title for each in read.records} == {each.name for each in page}
    assert read.next_address == "https://market.example/catalogue.ttl?cursor=x"
    assert len(document["dcat:service"]) == 1
    assert "hydra:next" not in last["hydra:view"]
    assert "dcat:service" not in last


def test_a_stranger_is_read_as_far_as_it_speaks() -> None:
    written = b"""
    @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
    @prefix foaf: <http://xmlns.com/foaf/0.1/> .
    <http://a.example/1> a dcat:Dataset ; dct:title "Buses"@en, "\xe5\x85\xac\xe4\xba\xa4"@zh-Hans ;
      dct:publisher [ foaf:name "City" ] ; dcat:keyword "bus", "bus"@en ;
      dct:license <http://a.example/licence> ;
      dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/WEEKLY> ;
      dct:spatial "Town" ;
      dcat:distribution [ a dcat:Distribution ; dcat:accessURL <http://a.example/1.csv> ;
        dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ] .
    <http://a.example/2> a dcat:Dataset ; dct:identifier "2" ."""

    page = reading_dcat.read(written, TURTLE, source="a")

    assert page.skipped == (Skipped("2", "title_missing"),)
    (record,) = page.records
    assert (record.id, record.title, record.publisher) == ("http://a.example/1", "公交", "City")
    assert (record.keywords, record.format, record.region) == (("bus",), "csv", "Town")
    assert (record.update_frequency, record.url) == ("weekly", "http://a.example/1.csv")
    assert record.licence == "http://a.example/licence"


def test_a_named_graph_of_json_ld_is_read_too() -> None:
    inner = {"@id": "http://a/1", "@type": "http://www.w3.org/ns/dcat#Dataset"}
    inner["http://purl.org/dc/terms/title"] = "题"
    written = json.dumps({"@id": "http://a/g", "@graph": [inner]}).encode()

    (record,) = reading_dcat.read(written, JSON_LD, source="a").records

    assert (record.title, record.keywords, record.url) == ("题", (), "")


@pytest.mark.parametrize(
    "context",
    ["https://a.example/c.jsonld", ["https://a.example/c.jsonld"], {"@import": "https://a/c"}],
)
def test_a_context_that_lies_elsewhere_is_refused_and_not_fetched(context: object) -> None:
    written = json.dumps({"a": [{"@context": context}]}).encode()

    with pytest.raises(ContextRemote):
        reading_dcat.read(written, JSON_LD, source="a")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"{", JSON_LD),
        (b"\xff\xfe", TURTLE),
        (b"<a> <b>", TURTLE),
        (b"<rdf/>", "application/rdf+xml"),
        (b"", ""),
        (b"{}", JSON_LD),
        (b"<html/>", "text/html"),
        (b"[" * 60 + b"]" * 60, JSON_LD),
    ],
)
def test_what_is_no_dcat_is_refused_by_name(data: bytes, media_type: str) -> None:
    with pytest.raises(CatalogueUnreadable):
        reading_dcat.read(data, media_type, source="a")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" https://a.example/b c ", "https://a.example/b%20c"),
        (
            "http://例子.example/数据?x=[1]#a#b",
            "http://%E4%BE%8B%E5%AD%90.example/%E6%95%B0%E6%8D%AE?x=%5B1%5D#a%23b",
        ),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("ftp://a.example", None),
        ("https://", None),
        ("http://[x/", None),
        ("http://:80/", None),
        ("see the website", None),
    ],
)
def test_only_an_address_of_the_web_is_one(typed: str, address: str | None) -> None:
    assert web_address(typed) == address


def test_an_iri_never_leaves_its_brackets_and_a_text_never_its_quotes() -> None:
    written = turtle.write(
        {
            "@context": {"dct": "http://purl.org/dc/terms/"},
            "@id": "https://a/> . <evil",
            "dct:title": 'a"\\\n\t\r\x7f . <x> <y> "z',
            "dct:odd-name": {"@id": "dct:a/b"},
        }
    )
    graph = Graph().parse(data=written, format="turtle")

    assert len(graph) == 2
    assert str(next(graph.objects())) in {
        'a"\\\n\t\r\x7f . <x> <y> "z',
        "http://purl.org/dc/terms/a/b",
    }


def test_yuan_are_exact_and_the_lowest_price_is_the_lowest() -> None:
    cheap = make_price(code="cheap", amount_fen=5)

    assert [yuan(fen) for fen in (0, 5, 100, 12_345)] == ["0.00", "0.05", "1.00", "123.45"]
    assert make_facts(prices=(make_price(), cheap)).lowest == cheap
    assert make_facts(prices=()).lowest is None


def test_facts_of_nothing_said_are_empty() -> None:
    silent = msgspec.structs.replace(make_foreign(), foreign=None)

    assert (silent.description, silent.keywords, silent.region) == ("", (), "")
    assert silent.cycle is None
    assert "dct:accrualPeriodicity" not in dcat.product(silent, SITE)
    assert "dcat:theme" not in dcat.product(silent, SITE)
    assert as_record(silent, source="us").theme == ""
    assert isinstance(make_price(), Price)
    assert make_price().unit is MeteringUnit.API_CALL
    assert make_facts().told.classification.level is Level.GENERAL  # type: ignore[union-attr]
    assert dt.date(2026, 3, 2) == make_price().effective_from
