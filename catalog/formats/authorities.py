"""Translate our codes into the tables that DCAT-AP asks for (EU authority tables), and back.

Source of the codes: the Publications Office's tables ``frequency``, ``data-theme``, ``file-type``,
``language`` and ``currency``, which DCAT-AP 3.0 names in its chapter on controlled vocabularies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.products.model import UpdateCycle

EU: Final = "http://publications.europa.eu/resource/authority"
CHINESE: Final = f"{EU}/language/ZHO"
CNY: Final = f"{EU}/currency/CNY"

FREQUENCY: Final[Mapping[UpdateCycle, str]] = {
    UpdateCycle.REAL_TIME: "UPDATE_CONT",
    UpdateCycle.HOURLY: "HOURLY",
    UpdateCycle.DAILY: "DAILY",
    UpdateCycle.WEEKLY: "WEEKLY",
    UpdateCycle.MONTHLY: "MONTHLY",
    UpdateCycle.QUARTERLY: "QUARTERLY",
    UpdateCycle.HALF_YEARLY: "ANNUAL_2",
    UpdateCycle.YEARLY: "ANNUAL",
    UpdateCycle.IRREGULAR: "IRREG",
    UpdateCycle.STATIC: "NEVER",
}

# How records of foreign catalogues, and ours, call the same frequencies.
CYCLE_WORDS: Final[Mapping[str, str]] = {
    "realtime": "UPDATE_CONT",
    "hourly": "HOURLY",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "semiannual": "ANNUAL_2",
    "annual": "ANNUAL",
    "irregular": "IRREG",
    "once": "NEVER",
}
WORD_OF_FREQUENCY: Final[Mapping[str, str]] = {code: word for word, code in CYCLE_WORDS.items()} | {
    "CONT": "realtime",
    "UNKNOWN": "",
}

# GB/T 4754 门类 → the thirteen themes of the European portals. Each section has one theme.
THEME: Final[Mapping[str, str]] = {
    "A": "AGRI",  # 农、林、牧、渔业
    "B": "ENER",  # 采矿业
    "C": "ECON",  # 制造业
    "D": "ENER",  # 电力、热力、燃气及水
    "E": "REGI",  # 建筑业
    "F": "ECON",  # 批发和零售业
    "G": "TRAN",  # 交通运输、仓储和邮政业
    "H": "ECON",  # 住宿和餐饮业
    "I": "TECH",  # 信息传输、软件和信息技术服务业
    "J": "ECON",  # 金融业
    "K": "REGI",  # 房地产业
    "L": "ECON",  # 租赁和商务服务业
    "M": "TECH",  # 科学研究和技术服务业
    "N": "ENVI",  # 水利、环境和公共设施管理业
    "O": "SOCI",  # 居民服务、修理和其他服务业
    "P": "EDUC",  # 教育
    "Q": "HEAL",  # 卫生和社会工作
    "R": "EDUC",  # 文化、体育和娱乐业
    "S": "GOVE",  # 公共管理、社会保障和社会组织
    "T": "INTR",  # 国际组织
}

# The table's own labels, of those that a section has.
THEME_LABELS: Final[Mapping[str, str]] = {
    "AGRI": "Agriculture, fisheries, forestry and food",
    "ECON": "Economy and finance",
    "EDUC": "Education, culture and sport",
    "ENER": "Energy",
    "ENVI": "Environment",
    "GOVE": "Government and public sector",
    "HEAL": "Health",
    "INTR": "International issues",
    "REGI": "Regions and cities",
    "SOCI": "Population and society",
    "TECH": "Science and technology",
    "TRAN": "Transport",
}

_FILE_TYPES: Final = frozenset(
    "CSV JSON XML ZIP XLSX XLS ODS SHP KML KMZ GEOJSON TXT PDF DOC DOCX ODT HTML RDF_TURTLE".split()  # noqa: SIM905 - a list of codes reads best so
)
MEDIA_FILE_TYPE: Final[Mapping[str, str]] = {
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/xml": "XML",
    "application/zip": "ZIP",
    "application/pdf": "PDF",
    "text/plain": "TXT",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.apache.parquet": "PARQUET",
}
# Licences that have an address of their own.
LICENCES: Final[Mapping[str, str]] = {
    "MIT": "https://opensource.org/license/mit",
    "OGDL-Taiwan-1.0": "https://data.gov.tw/license",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}


def file_type(word: str) -> str | None:
    """Return the address of a file type, None if the table has none of that name in small letters."""
    code = word.upper()
    return f"{EU}/file-type/{code}" if code in _FILE_TYPES and word == word.lower() else None
