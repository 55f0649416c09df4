"""A verdict and a case are plain data: they read back as they were written."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import referencing
import skimage.data

import fakeproof as fp

SCHEMAS = Path(__file__).parents[1] / "docs" / "schema"


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


def valid(values, name):
    resources = [(f"{n}.schema.json", referencing.Resource.from_contents(schema(n))) for n in ("verdict", "case")]
    registry = referencing.Registry().with_resources(resources)
    jsonschema.Draft202012Validator(schema(name), registry=registry).validate(values)


@pytest.fixture(scope="module")
def case():
    pixels = skimage.data.chelsea().copy()
    pixels[60:140, 60:160] = pixels[180:260, 240:340]
    original = fp.Source(
        fp.Photo.from_array(skimage.data.chelsea(), name="original"), url="https://example.org/1", seen_at=datetime(2026, 5, 1, tzinfo=UTC)
    )  # fmt: skip
    order = fp.Order(
        number="7", placed_at=datetime(2026, 5, 2, tzinfo=UTC), ship_to=(31.2, 121.5), file_names=("a.jpg",)
    )
    photos = [
        fp.Photo.from_array(pixels, name="edited"),
        fp.Photo.from_array(skimage.data.chelsea(), name="plain"),
        b"?",
    ]
    return fp.analyze_case(photos, order=order, sources=[original, b"broken"], products=[skimage_photo("coffee")])


def skimage_photo(name):
    return fp.Photo.from_array(getattr(skimage.data, name)(), name=name)


def test_a_verdict_reads_back_as_it_was_written(case):
    for verdict in case.verdicts:
        text = verdict.to_json()
        again = fp.Verdict.from_json(text)
        assert again.to_json() == text
        assert again.light().to_json() == text
        assert repr(again) == repr(verdict)
        assert again.best == verdict.best
        assert again.finding("match_sources").matches[0].source.seen_at == datetime(2026, 5, 1, tzinfo=UTC)
        valid(json.loads(text), "verdict")


def test_a_case_reads_back_as_it_was_written(case):
    text = case.to_json()
    again = fp.CaseVerdict.from_json(text)
    assert again.to_json() == text
    assert again.missing("zh") == case.missing("zh")
    assert again.links
    assert again.problems
    valid(json.loads(text), "case")


def test_what_was_read_back_has_words_and_no_pictures(case, tmp_path):
    again = fp.Verdict.from_json(case.verdicts[0].to_json())
    assert "edited" in again.to_html(lang="en")
    assert again._repr_html_()
    for hand_over in (again.exhibits, lambda: again.dossier(tmp_path / "dossier")):
        with pytest.raises(fp.ParameterError, match="light"):
            hand_over()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda text: text[:-9], "JSON"),
        (lambda text: "[]", "JSON object"),
        (lambda text: text.replace('"schema": ', '"schema": 9'), "schema"),
        (lambda text: text.replace('"edited": {', '"other": {'), "other"),
        (lambda text: text.replace('"llr"', '"lr"'), "lr"),
    ],
)
def test_what_is_no_verdict_is_named(case, spoil, named):
    with pytest.raises(fp.ParameterError, match=named):
        fp.Verdict.from_json(spoil(case.verdicts[0].to_json()))
    with pytest.raises(fp.ParameterError):
        fp.CaseVerdict.from_json(spoil(case.to_json()))
