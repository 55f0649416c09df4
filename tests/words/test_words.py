"""Both files of texts say the same things, in each language's own typography, and nothing is said in code."""

import ast
import pickle
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

import fakeproof
from fakeproof import ParameterError, words
from fakeproof.words import Phrase, phrase, text

HOUSE = Path(fakeproof.__file__).parent
CHINESE = "\u3400-\u9fff"
MARKS = "，。；：！？、（）“”"


def texts(lang):
    return words._flat(tomllib.loads((HOUSE / "words" / f"{lang}.toml").read_text(encoding="utf-8")))


def forms(value):
    return value.values() if isinstance(value, dict) else [value]


def placeholders(value):
    return {name for one in forms(value) for _, name, _, _ in Formatter().parse(one) if name}


@pytest.mark.parametrize("lang", words.languages()[1:])
def test_every_language_has_the_same_keys_and_placeholders(lang):
    english, other = texts("en"), texts(lang)
    assert set(english) == set(other)
    # A plural's count may be said by its form alone.
    differing = {k for k in english if placeholders(english[k]) - {"count"} != placeholders(other[k]) - {"count"}}
    # In Chinese the place of a grid and the inside of a broken file are not said.
    assert {k for k in differing if not k.startswith("problem.")} <= {"jpeg_ghosts.places"}


def test_chinese_typography():
    wrong = []
    for key, value in texts("zh").items():
        for one in forms(value):
            if key.startswith("join."):
                continue
            spaced = re.search(rf"[{CHINESE}{MARKS}] | [{CHINESE}{MARKS}]", one.lstrip())
            ascii_mark = re.search(rf"[{CHINESE}][,;:!?()]|[,;:!?()][{CHINESE}]|[{CHINESE}]\.", one)
            if spaced or ascii_mark or one.rstrip() != one:
                wrong.append((key, one))
    assert wrong == []


def test_english_typography():
    wrong = [
        (key, one)
        for key, value in texts("en").items()
        for one in forms(value)
        if not key.startswith("join.") and (re.search(rf"[{CHINESE}，。；：、（）]|\S  ", one) or one.rstrip() != one)
    ]
    assert wrong == []


def test_every_key_in_the_code_has_a_text_and_every_text_is_used():
    sources = [p.read_text(encoding="utf-8") for p in (*HOUSE.rglob("*.py"), *HOUSE.rglob("*.j2"))]
    code = "\n".join(source for source in sources if "words" in source)
    named = set(re.findall(r'\b(?:phrase|words\.text)\(\s*"([a-z_]+(?:\.\w+)+)"', code))
    assert named
    assert {key for key in named if not words.known(key)} == set()
    last = {key: key.rpartition(".")[2] for key in texts("en")}
    named = {k: n for k, n in last.items() if not k.startswith("join.") and n not in ("name", "trace")}
    unused = {k for k, name in named.items() if not re.search(rf"\b{name.replace('_', '[_ ]')}\b", code)}
    assert unused == set()


def said_in(path):
    """Texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    doc = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in doc
    ]


def test_no_chinese_sentence_stands_in_code():
    """What is left are names and marks that are looked for in files and pictures, never said."""
    found = {
        str(path.relative_to(HOUSE))
        for path in HOUSE.rglob("*.py")
        if any(re.search(rf"[{CHINESE}]{{2,}}", one) for one in said_in(path))
    }
    assert found <= LOOKED_FOR | STILL_TO_MOVE


LOOKED_FOR = {"web/marks.py", "web/watermarks.py", "reading/tiff.py"}
STILL_TO_MOVE = {
    "metadata/ai_labels.py", "metadata/platforms.py", "metadata/times.py",
}  # fmt: skip


def test_a_phrase_reads_as_a_mapping_and_crosses_processes():
    first = phrase("copy_move.first", how=phrase("clone.again", parts=[phrase("clone.mirrored")]))
    assert dict(first) == {
        "en": "A part of the photo is cloned: the same patch again, mirrored.",
        "zh": "画面中有被克隆的部分：同一块画面再次出现：镜像。",
    }
    again = pickle.loads(pickle.dumps(first))
    assert again == first
    assert isinstance(again, Phrase)
    assert again.key == "copy_move.first"


def test_sequences_are_joined_by_the_languages_marks_and_empty_parts_are_left_out():
    pair = phrase("copy_move.pairs", parts=("A.", "", "B."))
    assert (pair["en"], pair["zh"]) == ("A. B.", "A.B.")


def test_an_unknown_language_is_refused_by_name():
    with pytest.raises(ParameterError, match=r"lang='fr'.*en, zh"):
        text("flag.FLAT", "fr")


def test_values_are_never_read_as_placeholders():
    assert "{0}{name}" in text("match_sources.related", "en", name="{0}{name}")


def test_teaching_a_detectors_words():
    words.teach("toy_words", {"en": {"name": "toy", "many": {"one": "one toy", "other": "{count} toys"}}})
    assert [text("toy_words.many", "en", count=n) for n in (1, 2)] == ["one toy", "2 toys"]
    assert text("toy_words.name", "zh") == "toy"  # what a language lacks is said in English
