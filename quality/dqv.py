"""A version's quality report as a graph of the Data Quality Vocabulary.

Each rule, each of the six dimensions and the total is a metric; what the check found are its
measurements, computed on the version. A rule's value is the share of elements that meet it, a
score's is 0 to 100. What was not checked has no measurement: coverage tells how much that is.
Nothing of a row is in it, and no other dataset that a rule looked at.

Source: W3C Data Quality Vocabulary; Web Annotation Vocabulary (the grade is a certificate on the
version); PROV-O (the check is the activity). Dimensions: GB/T 36344-2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from catalog.dataset import DistributionId
from catalog.formats.dcat import catalogue_iri, dataset_iri
from catalog.formats.graph import (
    Iri,
    Literal,
    Triple,
    in_languages,
    moment,
    part,
    plain,
    term,
)
from policies.terms import DatasetId, Text
from quality.dimension import Dimension
from quality.outcome import Status
from quality.report import Finding, Report

_TYPE: Final = term("rdf:type")
_TOTAL: Final = Text(zh="质量总分（0 到 100）", en="Quality score, 0 to 100")
_COVERAGE: Final = Text(zh="检查覆盖率", en="Share of the rules that were checked")
_SHARE_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Judged:
    """A version, by what names it."""

    dataset_id: DatasetId
    distribution_id: DistributionId
    number: int


def version_iri(judged: Judged, site_url: str) -> Iri:
    """The name of a version."""
    return Iri(f"{_distribution(judged, site_url)}/version/{judged.number}")


def report_triples(judged: Judged, report: Report, site_url: str) -> list[Triple]:
    """The whole report, each triple once."""
    return list(dict.fromkeys(_report(judged, report, site_url)))


def summary_triples(judged: Judged, report: Report, site_url: str) -> list[Triple]:
    """What a record says of its newest data: total, coverage and grade, linked from its form."""
    distribution = _distribution(judged, site_url)
    said = [
        *_scores(judged, report, site_url),
        *_certificate(judged, report, site_url),
    ]
    links = [
        (distribution, term(f"dqv:{link}"), subject)
        for subject, verb, value in said
        if verb == _TYPE
        for kind, link in (
            ("dqv:QualityMeasurement", "hasQualityMeasurement"),
            ("dqv:QualityCertificate", "hasQualityAnnotation"),
        )
        if value == term(kind)
    ]
    return list(dict.fromkeys([*links, *said]))


def _report(judged: Judged, report: Report, site_url: str) -> Iterator[Triple]:
    version = version_iri(judged, site_url)
    yield (version, _TYPE, term("prov:Entity"))
    yield (version, term("dct:isVersionOf"), _distribution(judged, site_url))
    yield (version, term("dcat:version"), plain(str(judged.number)))
    activity = Iri(f"{version}#check")
    yield (activity, _TYPE, term("prov:Activity"))
    yield (activity, term("prov:used"), version)
    yield (activity, term("prov:startedAtTime"), moment(report.started_at))
    yield (activity, term("prov:endedAtTime"), moment(report.finished_at))
    yield (activity, term("dct:identifier"), plain(report.gx_result_sha256))
    yield from _linked(_scores(judged, report, site_url), version)
    yield from _linked(_certificate(judged, report, site_url), version)
    for finding in report.findings:
        yield from _linked(_rule(judged, finding, site_url), version)


def _linked(said: Iterator[Triple], version: Iri) -> Iterator[Triple]:
    for triple in said:
        yield triple
        subject, verb, kind = triple
        if verb == _TYPE and kind == term("dqv:QualityMeasurement"):
            yield (version, term("dqv:hasQualityMeasurement"), subject)
        elif verb == _TYPE and kind == term("dqv:QualityCertificate"):
            yield (version, term("dqv:hasQualityAnnotation"), subject)


def _scores(judged: Judged, report: Report, site_url: str) -> Iterator[Triple]:
    score = report.score
    if score.total is not None:
        yield from _measured(judged, "score", str(score.total), site_url)
        yield from _metric("score", _TOTAL, None, "xsd:integer", site_url)
    coverage = Decimal(score.coverage_permille) / 1000
    yield from _measured(judged, "coverage", f"{coverage:f}", site_url, "xsd:decimal")
    yield from _metric("coverage", _COVERAGE, None, "xsd:decimal", site_url)
    for one in score.dimensions:
        if one.score is not None:
            name = f"score-{one.dimension.value}"
            yield from _measured(judged, name, str(one.score), site_url)
            yield from _metric(name, one.dimension.label, one.dimension, "xsd:integer", site_url)


def _rule(judged: Judged, finding: Finding, site_url: str) -> Iterator[Triple]:
    if finding.status not in (Status.PASSED, Status.FAILED) or not finding.element_count:
        return
    broken = Decimal(finding.unexpected_count) / finding.element_count
    # Rounded down: 1 means that every element meets the rule.
    share = (1 - broken).quantize(_SHARE_PLACES, rounding="ROUND_FLOOR")
    name = f"rule-{part(finding.rule_key)}"
    yield from _measured(judged, name, f"{share:f}", site_url, "xsd:decimal")
    measurement = Iri(f"{version_iri(judged, site_url)}#{name}")
    words = plain(f"{finding.element_count - finding.unexpected_count}/{finding.element_count}")
    yield (measurement, term("rdfs:label"), words)
    for literal in in_languages(finding.sentence):
        yield (measurement, term("rdfs:comment"), literal)
    metric = f"rule-{part(finding.rule_id)}"
    yield (measurement, term("dqv:isMeasurementOf"), _metric_iri(metric, site_url))
    yield from _metric(metric, finding.title, finding.dimension, "xsd:decimal", site_url)
    for literal in in_languages(finding.explanation):
        yield (_metric_iri(metric, site_url), term("dct:description"), literal)
    if finding.clause:
        yield (_metric_iri(metric, site_url), term("dct:source"), plain(finding.clause))


def _measured(
    judged: Judged, name: str, value: str, site_url: str, datatype: str = "xsd:integer"
) -> Iterator[Triple]:
    version = version_iri(judged, site_url)
    iri = Iri(f"{version}#{name}")
    yield (iri, _TYPE, term("dqv:QualityMeasurement"))
    yield (iri, term("dqv:computedOn"), version)
    yield (iri, term("dqv:value"), Literal(value, datatype=term(datatype)))
    yield (iri, term("prov:wasGeneratedBy"), Iri(f"{version}#check"))
    if not name.startswith("rule-"):
        yield (iri, term("dqv:isMeasurementOf"), _metric_iri(name, site_url))


def _metric(
    name: str, words: Text, dimension: Dimension | None, datatype: str, site_url: str
) -> Iterator[Triple]:
    iri = _metric_iri(name, site_url)
    yield (iri, _TYPE, term("dqv:Metric"))
    yield (iri, term("dqv:expectedDataType"), term(datatype))
    for literal in in_languages(words):
        yield (iri, term("skos:prefLabel"), literal)
    if dimension is not None:
        node = Iri(f"{catalogue_iri(site_url)}#dimension-{dimension.value}")
        yield (iri, term("dqv:inDimension"), node)
        yield (node, _TYPE, term("dqv:Dimension"))
        for literal in in_languages(dimension.label):
            yield (node, term("skos:prefLabel"), literal)


def _certificate(judged: Judged, report: Report, site_url: str) -> Iterator[Triple]:
    """The grade; nothing where the version is not rated."""
    if report.score.grade is None:
        return
    version = version_iri(judged, site_url)
    iri = Iri(f"{version}#grade")
    body = Iri(f"{catalogue_iri(site_url)}#grade-{report.score.grade.value}")
    yield (iri, _TYPE, term("dqv:QualityCertificate"))
    yield (iri, term("oa:hasTarget"), version)
    yield (iri, term("oa:hasBody"), body)
    yield (iri, term("oa:motivatedBy"), term("dqv:qualityAssessment"))
    yield (body, _TYPE, term("skos:Concept"))
    yield (body, term("skos:notation"), plain(report.score.grade.value))
    yield (body, term("skos:prefLabel"), plain(report.score.grade.value))


def _metric_iri(name: str, site_url: str) -> Iri:
    return Iri(f"{catalogue_iri(site_url)}#metric-{name}")


def _distribution(judged: Judged, site_url: str) -> Iri:
    return Iri(f"{dataset_iri(site_url, judged.dataset_id)}/resource/{judged.distribution_id}")
