"""Values of the EU authority tables and IANA's media types that records are written with.

Source: Publications Office of the European Union, authority tables frequency, access-right,
file-type, language, licence, planned-availability; IANA media types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from catalog.formats.graph import Iri
from policies.terms import Text, UpdateCycle

_EU: Final = "http://publications.europa.eu/resource/authority/"
_IANA: Final = "http://www.iana.org/assignments/media-types/"


@dataclass(frozen=True, slots=True)
class FileType:
    """A format of files. `is_open`: not anybody's own; `is_machine_readable`: of structured data.

    Source: data.europa.eu, Metadata Quality Assurance methodology, interoperability.
    """

    code: str
    """In the EU's table."""
    media_type: str
    is_open: bool
    is_machine_readable: bool

    @property
    def iri(self) -> Iri:
        """Its name in the EU's table."""
        return Iri(f"{_EU}file-type/{self.code}")


def _types(*rows: tuple[str, str, str, bool, bool]) -> dict[str, FileType]:
    return {
        name: FileType(code, media, is_open, readable)
        for names, code, media, is_open, readable in rows
        for name in names.split()
    }


FILE_TYPES: Final[Mapping[str, FileType]] = _types(
    ("csv", "CSV", "text/csv", True, True),
    ("tsv", "TSV", "text/tab-separated-values", True, True),
    ("json", "JSON", "application/json", True, True),
    ("jsonl ndjson", "JSON", "application/json", True, True),
    ("geojson", "GEOJSON", "application/geo+json", True, True),
    ("json-ld jsonld", "JSON_LD", "application/ld+json", True, True),
    ("xml", "XML", "application/xml", True, True),
    ("gml", "GML", "application/gml+xml", True, True),
    ("kml", "KML", "application/vnd.google-earth.kml+xml", True, True),
    ("kmz", "KMZ", "application/vnd.google-earth.kmz", True, True),
    ("rdf rdf/xml rdf-xml", "RDF_XML", "application/rdf+xml", True, True),
    ("ttl turtle", "RDF_TURTLE", "text/turtle", True, True),
    ("n-triples nt", "RDF_N_TRIPLES", "application/n-triples", True, True),
    ("parquet", "PARQUET", "application/vnd.apache.parquet", True, True),
    ("gpkg geopackage", "GPKG", "application/geopackage+sqlite3", True, True),
    ("ods", "ODS", "application/vnd.oasis.opendocument.spreadsheet", True, True),
    ("rss", "RSS", "application/rss+xml", True, True),
    ("atom", "ATOM", "application/atom+xml", True, True),
    ("shp shapefile esri", "SHP", "application/vnd.shp", False, True),
    ("xls", "XLS", "application/vnd.ms-excel", False, True),
    (
        "xlsx excel",
        "XLSX",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        False,
        True,
    ),
    ("mdb", "MDB", "application/x-msaccess", False, True),
    ("dbf", "DBF", "application/vnd.dbf", False, True),
    ("txt text", "TXT", "text/plain", True, False),
    ("html htm", "HTML", "text/html", True, False),
    ("pdf", "PDF", "application/pdf", True, False),
    ("zip", "ZIP", "application/zip", True, False),
    ("odt", "ODT", "application/vnd.oasis.opendocument.text", True, False),
    ("doc", "DOC", "application/msword", False, False),
    (
        "docx",
        "DOCX",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        False,
        False,
    ),
    ("png", "PNG", "image/png", True, False),
    ("jpg jpeg", "JPEG", "image/jpeg", True, False),
    ("tiff tif geotiff", "TIFF", "image/tiff", True, False),
)
_BY_MEDIA_TYPE: Final = {one.media_type: one for one in reversed(list(FILE_TYPES.values()))}

FREQUENCIES: Final[Mapping[UpdateCycle, Iri]] = {
    cycle: Iri(f"{_EU}frequency/{code}")
    for cycle, code in (
        (UpdateCycle.REAL_TIME, "UPDATE_CONT"),
        (UpdateCycle.DAILY, "DAILY"),
        (UpdateCycle.WEEKLY, "WEEKLY"),
        (UpdateCycle.MONTHLY, "MONTHLY"),
        (UpdateCycle.QUARTERLY, "QUARTERLY"),
        (UpdateCycle.YEARLY, "ANNUAL"),
        (UpdateCycle.IRREGULAR, "IRREG"),
    )
}
REPEATS: Final[Mapping[UpdateCycle, str]] = {
    UpdateCycle.REAL_TIME: "R/PT1S",
    UpdateCycle.DAILY: "R/P1D",
    UpdateCycle.WEEKLY: "R/P1W",
    UpdateCycle.MONTHLY: "R/P1M",
    UpdateCycle.QUARTERLY: "R/P3M",
    UpdateCycle.YEARLY: "R/P1Y",
    UpdateCycle.IRREGULAR: "irregular",
}
"""Source: ISO 8601, repeating intervals, as data.json 1.1 has them."""

LICENCES: Final[Mapping[str, Iri]] = {
    licence_id: Iri(f"{_EU}licence/{code}")
    for licence_id, code in (
        ("CC0-1.0", "CC0"),
        ("CC-BY-4.0", "CC_BY_4_0"),
        ("CC-BY-SA-4.0", "CC_BYSA_4_0"),
        ("CC-BY-NC-4.0", "CC_BYNC_4_0"),
        ("ODC-BY-1.0", "ODC_BY"),
        ("ODbL-1.0", "ODC_BL"),
        ("PDDL-1.0", "ODC_PDDL"),
    )
}

_LANGUAGES: Final = {
    "zh": "ZHO",
    "en": "ENG",
    "ja": "JPN",
    "ko": "KOR",
    "ru": "RUS",
    "ar": "ARA",
    "tr": "TUR",
    "bg": "BUL",
    "cs": "CES",
    "da": "DAN",
    "de": "DEU",
    "el": "ELL",
    "es": "SPA",
    "et": "EST",
    "fi": "FIN",
    "fr": "FRA",
    "ga": "GLE",
    "hr": "HRV",
    "hu": "HUN",
    "it": "ITA",
    "lt": "LIT",
    "lv": "LAV",
    "mt": "MLT",
    "nl": "NLD",
    "pl": "POL",
    "pt": "POR",
    "ro": "RON",
    "sk": "SLK",
    "sl": "SLV",
    "sv": "SWE",
    "nb": "NOB",
    "uk": "UKR",
    "vi": "VIE",
    "th": "THA",
    "mn": "MON",
    "bo": "BOD",
    "ug": "UIG",
    "ms": "MSA",
    "id": "IND",
}

AVAILABLE: Final = Iri(f"{_EU}planned-availability/AVAILABLE")
AVAILABLE_WORDS: Final = Text(zh="长期可用", en="available")


def file_type(format_name: str, media_type: str = "") -> FileType | None:
    """The format of that name, in any case, or of that media type; None where it is not known."""
    name = format_name.strip().lower().removeprefix(".")
    media = media_type.partition(";")[0].strip().lower()
    return (
        FILE_TYPES.get(name)
        or _BY_MEDIA_TYPE.get(name)
        or FILE_TYPES.get(media)
        or _BY_MEDIA_TYPE.get(media)
    )


def media_type_iri(media_type: str) -> Iri | None:
    """IANA's name of a media type; None where it is not written as one."""
    media = media_type.partition(";")[0].strip().lower()
    top, slash, rest = media.partition("/")
    allowed = "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+"
    if not (slash and top and rest) or any(c not in allowed for c in top + rest):
        return None
    return Iri(_IANA + media.replace("#", "%23").replace("^", "%5E"))


def language_iri(tag: str) -> Iri | None:
    """The EU's name of a language by its BCP 47 tag; None where it is not in our table."""
    code = _LANGUAGES.get(tag.partition("-")[0].lower())
    return Iri(f"{_EU}language/{code}") if code else None


def access_right_iri(code: str) -> Iri:
    """The EU's name of an access right."""
    return Iri(f"{_EU}access-right/{code}")
