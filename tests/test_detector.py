"""Every detector's record is complete, and a detector from outside takes part in everything."""

import ast
import importlib.util
import pkgutil
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import resources
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from benchmarks.sections import speed

import fakeproof as fp
from fakeproof._kernels import __path__ as KERNELS
from fakeproof.detector import NEEDS, ROOMS, _load_entry_points, listed
from fakeproof.heatmaps import BlockHeatmap
from fakeproof.words import languages

HOUSE = Path(__file__).parents[1]
BUILT_IN = {record.name: (room, record) for room in ROOMS for record in listed(f"fakeproof.{room}")}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_record_is_complete(name):
    room, record = BUILT_IN[name]
    assert record.needs in NEEDS
    assert record.version >= 1
    assert record.cost_ms > 0, "whoever plans with a budget needs it"
    assert (record.weighed == "no") == (record.category is None)
    page = f"metadata_{name}.md" if room == "metadata" else f"{name}.md"
    assert (HOUSE / "docs" / "detectors" / page).is_file(), f"docs/detectors/{page} is missing"
    assert getattr(getattr(fp, room), name).record is record, "one line in the stub, under the detector's name"
    for lang in languages():
        said = tomllib.loads((resources.files("fakeproof.words") / f"{lang}.toml").read_text(encoding="utf-8"))
        assert {"name", "trace"} <= set(said.get(name, {})), f"words/{lang}.toml, [{name}]"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_detector_is_measured(name):
    """Those that need photo and order alone stand in the table of stages, the others in a section of their own."""
    _, record = BUILT_IN[name]
    sections = (HOUSE / "benchmarks").rglob("*.py")
    assert name in speed.stages() or any(f".{name}(" in f.read_text(encoding="utf-8") for f in sections)
    assert (name in speed.stages()) == (record.needs in ("photo", "order"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_lists_its_detectors_in_the_order_of_its_stub(room):
    stub = ast.parse((HOUSE / "src" / "fakeproof" / room / "__init__.pyi").read_text(encoding="utf-8"))
    lines = [alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert [d.name for d in getattr(fp, room).detectors()] == [name for name in lines if name in BUILT_IN]


TWINS = {"hamming": "matching", "hashing": "matching", "voting": "matching", "jpeg_progressive": "jpeg"}


@pytest.mark.parametrize("module", [m.name for m in pkgutil.iter_modules(KERNELS) if not m.name.startswith("_")])
def test_every_kernel_has_a_plain_twin(module):
    assert (HOUSE / "tests" / "reference" / f"{TWINS.get(module, module)}.py").is_file()


def test_no_shipped_card_holds_a_detector_that_cannot_speak_there():
    for category, card in fp.Scorer.default().cards.items():
        for system in (card.pooled, *card.chains.values()):
            weighed = {name: "assigned" if d.assigned else "fitted" for name, d in system.detectors.items()}
            assert {name: (BUILT_IN[name][1].category, BUILT_IN[name][1].weighed) for name in weighed} == {
                name: (category, how) for name, how in weighed.items()
            }


def test_the_reference_page_is_what_its_generator_makes():
    spec = importlib.util.spec_from_file_location("make_api", HOUSE / "docs" / "make_api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run docs/make_api.py"


# From outside

WORDS = {"en": {"name": "greenness", "trace": "too green"}, "zh": {"name": "偏绿程度", "trace": "颜色偏绿"}}


@fp.detector(version=3, category=fp.Category.EDITED, least_side=32, words=WORDS)
def greenness(photo, /):
    share = float((photo.rgb[..., 1] > photo.rgb[..., 0]).mean())
    return fp.Finding(score=share, sentence={"en": f"{share:.0%} is green.", "zh": f"绿色占{share:.0%}。"})


@pytest.fixture
def joined():
    fp.register(greenness)
    yield
    fp.unregister("greenness")


def labelled(n=120):
    """A findings table in which the toy tells altered photos from others."""
    rng = np.random.default_rng(4)
    return [{"greenness": 0.6 * (i % 2) + rng.normal(0.2, 0.2), "versions": {"greenness": 3}, "edited": i % 2} for i in range(n)]  # fmt: skip


def test_a_toy_reaches_verdict_page_table_and_a_fitted_card(joined):
    photo = fp.Photo.from_array(np.ascontiguousarray(skimage.data.chelsea()[:140, :180]), name="cat")
    verdict = fp.analyze(photo)
    finding = verdict.finding("greenness")
    assert (finding.version, str(fp.Category.EDITED)) == (3, "edited")
    assert "偏绿程度" in verdict.to_html(lang="zh", page="examiner")
    assert fp.findings_table([verdict], as_records=True)[0]["greenness"] == finding.score
    scorer = fp.Scorer.fit(labelled())
    card = scorer.cards[fp.Category.EDITED].pooled
    assert (card.detectors["greenness"].version, card.measured["auc"] > 0.9) == (3, True)
    weighed = fp.analyze(photo, scorer=scorer)
    assert "greenness" in {c.detector for c in weighed.edited.contributions}
    pool = ThreadPoolExecutor(1)
    (many,) = fp.analyze_many([photo], executor=pool, progress=False, scorer=scorer)
    assert many.edited.llr == weighed.edited.llr


def test_what_is_no_detector_or_has_no_words_or_a_taken_name_is_refused():
    with pytest.raises(fp.ParameterError, match=r"made by @fp\.detector"):
        fp.register(lambda photo: None)
    with pytest.raises(fp.ParameterError, match=r"wordless\.name"):
        fp.register(fp.detector(version=1, name="wordless")(lambda photo, /: fp.Finding(score=0.0)))
    with pytest.raises(fp.ParameterError, match="no built-in detector"):
        fp.register(fp.detector(version=1, name="noise")(lambda photo, /: fp.Finding(score=0.0)))
    with pytest.raises(fp.ParameterError, match="needs='luck'"):
        fp.detector(version=1, needs="luck")


@pytest.mark.parametrize(("needs", "given"), [
    ("order", {"order": fp.Order()}), ("products", {"products": [skimage.data.coffee()]}),
    ("sources", {"sources": [skimage.data.chelsea()]}), ("findings", {}), ("source", {"sources": [skimage.data.chelsea()]}),
])  # fmt: skip
def test_a_detector_gets_what_it_needs_where_that_is_given(needs, given):
    calls = []

    @fp.register
    @fp.detector(version=1, name="asked", needs=needs, words={"en": {"name": "asked", "trace": "asked"}})
    def asked(photo, *more, **options):
        calls.append((more, options))
        return fp.Finding(score=0.0)

    try:
        photo = fp.Photo.from_array(skimage.data.chelsea(), name="cat")
        options = {k: [fp.Photo.from_array(a) for a in v] if k != "order" else v for k, v in given.items()}
        fp.analyze(photo, **options)
        if given:
            fp.analyze(fp.Photo.from_array(skimage.data.chelsea()[:90, :90]))
    finally:
        fp.unregister("asked")
    assert len(calls) == 1, "without it, it is not asked"


def test_installed_packages_bring_detectors(monkeypatch):
    entries = [EntryPoint("greenness", f"{__name__}:greenness", "fakeproof.detectors")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: entries)
    monkeypatch.setattr(EntryPoint, "load", lambda self: greenness)
    _load_entry_points.cache_clear()
    try:
        assert [d.name for d in fp.detectors()][-1] == "greenness"
    finally:
        fp.unregister("greenness")
        monkeypatch.undo()
        _load_entry_points.cache_clear()


def test_answers_are_stamped_and_small_photos_answered():
    answer = greenness(fp.Photo.from_array(np.zeros((20, 40, 3), np.uint8)))
    assert (answer.detector, answer.version, str(answer)) == ("greenness", 3, "40x20 is below 32 px")
    assert greenness(fp.Photo.from_array(np.zeros((40, 40, 3), np.uint8))).detector == "greenness"


def test_a_copy_of_a_finding_keeps_its_block_map():
    blocks = BlockHeatmap(np.arange(12, dtype=np.float32).reshape(3, 4), (0, 0), (32, 24))
    finding = fp.Finding(score=1.0, heatmap=blocks)
    assert replace(finding, score=2.0).kept_heatmap is blocks
    assert finding.stamped("x", 2).kept_heatmap is blocks
    part = finding.heatmap[:8]
    assert replace(finding, heatmap=part).kept_heatmap is part, "a part of the picture is not the map"
