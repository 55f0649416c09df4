from __future__ import annotations

import fnmatch
import tomllib
from importlib import resources

import jsonschema
import pytest

import fakeproof as fp
from fakeproof.metadata.rules import DETECTORS, STRENGTHS, load_rules
from tests.metadata.files import jpeg, photo, segment

TEXT = {"type": "string", "minLength": 1}
SCHEMA = {
    "type": "object",
    "properties": {
        "rule": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "detector", "kind", "category", "strength", "statement", "source", "en", "zh"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "pattern": "^[a-z_]+\\.[a-z0-9_]+$"},
                    "detector": {"enum": list(DETECTORS)},
                    "kind": {"type": "string", "pattern": "^[a-z_]+$"},
                    "category": {"enum": ["edited", "web_image"]},
                    "strength": {"enum": list(STRENGTHS)},
                    "statement": TEXT, "source": TEXT, "en": TEXT, "zh": TEXT,
                },
            },
        },
        "marker": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["rule", "name", "in", "source"],
                "additionalProperties": False,
                "oneOf": [{"required": ["text"]}, {"required": ["pattern"]}],
                "properties": {
                    "rule": TEXT, "name": TEXT, "name_zh": TEXT, "source": TEXT, "pattern": TEXT, "namespace": TEXT,
                    "case": {"type": "boolean"},
                    "strength": {"enum": list(STRENGTHS)},
                    "in": {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]},
                    "text": {"type": "array", "items": TEXT, "minItems": 1},
                    "not": {"type": "array", "items": TEXT, "minItems": 1},
                },
            },
        },
    },
}  # fmt: skip
TABLES = sorted(
    (package, f.name)
    for package in ("fakeproof.metadata", "fakeproof.reading")
    for f in (resources.files(package) / "tables").iterdir()
    if f.name.endswith(".toml")
)


@pytest.mark.parametrize(("package", "name"), TABLES)
def test_tables_follow_the_schema(package, name):
    text = (resources.files(package) / "tables" / name).read_text(encoding="utf-8")
    jsonschema.validate(tomllib.loads(text), SCHEMA)


def test_every_rule_has_a_category_a_chinese_sentence_and_a_sane_strength():
    rules = load_rules()
    assert len(rules.rules) >= 70
    for rule in rules.rules.values():
        assert rule.category == DETECTORS[rule.detector]
        assert any("\u4e00" <= c <= "\u9fff" for c in rule.zh), rule.id
        assert rule.id.startswith(rule.detector + ".")
        # nothing about a parse error, a record or a resave may weigh enough to support a category
        if fnmatch.fnmatch(rule.id, "*.parse_error") or rule.kind in ("resaved", "resized", "rotated", "camera_record"):
            assert STRENGTHS[rule.strength] < 2


def test_marker_fields_are_ones_that_a_record_can_hold():
    families = ("exif.", "xmp.", "iptc.", "text.", "c2pa.", "samsung.")
    for marker in load_rules().markers:
        for field in marker.fields:
            assert field in ("name", "comment", "app", "trailer") or field.startswith(families), (marker.name, field)


def test_a_users_file_adds_markers_and_replaces_rules(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(
        """
[[rule]]
id = "software.comment"
detector = "software"
kind = "editor_saved"
category = "edited"
strength = "strong"
statement = "ours"
source = "our own samples"
en = "Ours: {name}"
zh = "我们的：{name}"
[[marker]]
rule = "software.comment"
name = "修图大师"
in = "comment"
text = ["xiutu-dashi"]
source = "our own samples"
""",
        encoding="utf-8",
    )
    shot = photo(jpeg(segment(0xFE, b"made by Xiutu-Dashi 3")))
    assert not [f for f in fp.metadata.check(shot) if f.score > 0]
    found = [f for f in fp.metadata.check(shot, rules=[mine]) if f.score > 0]
    assert [f.wording("zh") for f in found] == ["我们的：修图大师"]
    assert found[0].supports is fp.Category.EDITED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rule]]\nid = 'software.x'", "exactly the keys"),
        ("[[marker]]\nname = 'x'", "no 'rule'"),
        ("[[marker]]\nrule='software.comment'\nname='x'\nin='comment'\nsource='s'", "one of the two"),
        ("[[marker]]\nrule='software.comment'\nname='x'\nin='comment'\nsource='s'\npattern='('", "regular expression"),
        ("[[marker]]\nrule='nope.x'\nname='x'\nin='comment'\nsource='s'\ntext=['a']", "defined before"),
        ("[[marker]]\nrule='software.comment'\nname='x'\nin='comment'\nsource='s'\ntext=['a']\nbogus=1", "bogus"),
        ("not toml at all", "valid TOML"),
        ("producers = 3", "a table"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_what_is_allowed(tmp_path, text, message):
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(fp.ParameterError, match=message) as caught:
        load_rules(path)
    assert "broken.toml" in str(caught.value)


def test_a_missing_file_is_refused():
    with pytest.raises(fp.ParameterError, match="readable TOML"):
        load_rules("/no/such/file.toml")
