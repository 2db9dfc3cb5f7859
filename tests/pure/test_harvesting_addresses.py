"""Which addresses a harvested catalogue may have."""

from __future__ import annotations

import pytest

from catalog.harvesting.addresses import HarvestAddressUnfit, check_address


@pytest.mark.parametrize(
    "url",
    [
        "https://data.example.gov.cn/",
        "http://data.example.gov.cn:8080/catalogue.ttl?page=1",
        "HTTPS://数据.example/目录",
        "http://[2001:db8::1]/api",
        "http://127.0.0.1:5000/",  # whether it may be read is asked when it is read
    ],
)
def test_what_anybody_could_open_is_an_address(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://data.example.gov.cn/catalogue.ttl",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data.example.gov.cn",
        "//data.example.gov.cn/",
        "https://",
        "https:///catalogue",
        "https://user@data.example.gov.cn/",
        "https://user:word@data.example.gov.cn/",
        "https://data.example.gov.cn/#part",
        "https://data.example.gov.cn/two words",
        "https://data.example.gov.cn/\x00",
        "https://data.example.gov.cn:port/",
        "https://[2001:db8::1/",
    ],
)
def test_what_is_no_address_of_the_web_is_refused_by_its_field(url: str) -> None:
    with pytest.raises(HarvestAddressUnfit) as refused:
        check_address(url)

    assert [each.pointer for each in refused.value.errors] == ["/url"]
    assert refused.value.facts == {"url": url}
