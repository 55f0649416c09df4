"""The frame: names, import weight, laziness, immutability, errors that carry their values."""

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fakeproof as fp

SRC = Path(fp.__file__).parent
HEAVY = ("numba", "cv2", "scipy", "skimage", "PIL", "pandas", "matplotlib")


def loaded_after(code):
    """Return the modules that a fresh interpreter has loaded after `code`."""
    out = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(out.stdout.split())


def test_import_is_light():
    modules = loaded_after("import fakeproof")
    assert "fakeproof" in modules
    assert not modules & {*HEAVY, "numpy"}


def test_names_load_what_they_need_and_no_more():
    modules = loaded_after("import fakeproof as fp; fp.Order(); fp.Category.EDITED; fp.PhotoError")
    assert not modules & set(HEAVY)


def exported(stub):
    tree = ast.parse(stub.read_text())
    return [a.asname for node in tree.body if isinstance(node, ast.ImportFrom) for a in node.names]


@pytest.mark.parametrize("stub", sorted(SRC.rglob("__init__.pyi")), ids=lambda p: p.parent.name)
def test_every_exported_name_exists_and_is_documented(stub):
    dotted = ".".join(["fakeproof", *stub.parent.relative_to(SRC).parts])
    package = importlib.import_module(dotted)
    for name in exported(stub):
        if name == "dask" and importlib.util.find_spec("dask") is None:
            continue
        value = getattr(package, name)
        assert value.__doc__, f"{dotted}.{name} has no docstring"
        assert name in dir(package)


@pytest.mark.parametrize("module", ["saves.ela", "noise", "clones.copy_move", "saves.double_jpeg", "resampling"])
def test_functions_win_over_modules_of_the_same_name(module):
    name = module.rpartition(".")[2]
    code = f"""
import fakeproof as fp, importlib, types
importlib.import_module("fakeproof.edited.{module}")
assert not isinstance(fp.edited.{name}, types.ModuleType), "the module hides the function"
"""
    assert "fakeproof" in loaded_after(code)


def test_not_applicable_is_falsy_and_speaks():
    answer = fp.NotApplicable(detector="noise", reason={"en": "96x96 is below 128 px", "zh": "太小"})
    assert not answer
    assert str(answer) == "96x96 is below 128 px"
    assert answer.wording("zh") == "太小"
    assert fp.NotApplicable(detector="noise", reason="only English").wording("zh") == "only English"


def test_arrays_handed_out_are_read_only_and_the_callers_stays_his():
    mask = np.zeros((4, 5), bool)
    finding = fp.Finding(detector="noise", version=1, score=0.0, mask=mask, heatmap=np.ones((4, 5)))
    with pytest.raises(ValueError, match="read-only"):
        finding.mask[0, 0] = True
    mask[0, 0] = True
    assert not finding.mask[0, 0]
    assert finding.heatmap.dtype == np.float32
    with pytest.raises(TypeError):
        finding.facts["new"] = 1


def test_results_cross_process_borders():
    region = fp.Region(polygon=[[0, 0], [4, 0], [4, 3]], area=6, facts={"pair": 1})
    match = fp.Match(source=fp.Source("a.jpg", url="https://x"), homography=np.eye(3), words={"zh": "镜像"})
    finding = fp.Finding(
        detector="copy_move",
        version=2,
        score=3.5,
        supports=fp.Category.EDITED,
        regions=(region,),
        matches=(match,),
        flags=fp.Flag.SMALL | fp.Flag.FLAT,
        pictures={"a": np.zeros((2, 2, 3), np.uint8)},
    )
    again = pickle.loads(pickle.dumps(finding))
    assert again.to_dict() == finding.to_dict()
    assert again.matches[0].transform("zh") == "镜像"
    assert again.regions[0].box == (0.0, 0.0, 4.0, 3.0)
    assert finding.light().pictures == {}


def test_json_values_have_no_nan_and_no_numpy():
    import json

    facts = {"a": np.float32(1.5), "b": np.nan, "c": np.arange(3), "d": b"\x01", "e": {1, 2}, "f": np.bool_(True)}
    finding = fp.Finding(detector="ela", version=1, score=float("inf"), facts=facts)
    values = json.loads(json.dumps(finding.to_dict(), allow_nan=False))
    assert values["score"] is None
    assert values["facts"] == {"a": 1.5, "b": None, "c": [0, 1, 2], "d": "01", "e": [1, 2], "f": True}


def test_errors_carry_their_values():
    error = fp.PhotoError("x.jpg", "9 bytes is above the limit of 8", value=9, limit=8)
    assert str(error) == "x.jpg: 9 bytes is above the limit of 8"
    assert (error.value, error.limit) == (9, 8)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.limit) == (str(error), 8)
    wrong = fp.ParameterError("kind", "md5", ["pdq", "phash"])
    assert str(wrong) == "kind='md5' is not allowed; use pdq, phash"
    assert isinstance(wrong, ValueError)


def test_flags_have_a_sentence_in_both_languages():
    everything = ~fp.Flag.NONE
    assert len(everything.sentences("en")) == len(everything.sentences("zh")) == len(list(fp.Flag))
    assert all(any("一" <= c <= "鿿" for c in text) for text in everything.sentences("zh"))


def test_categories_are_named_in_both_languages():
    for category in fp.Category:
        assert category.label("en") != category.label("zh")


def test_a_heatmap_by_block_is_handed_out_by_pixel_and_travels_small():
    from fakeproof.heatmaps import BlockHeatmap

    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    kept = BlockHeatmap(values, (1, 2), (30, 20))
    finding = fp.Finding(detector="ela", version=1, score=0.0, heatmap=kept)
    assert finding.heatmap.shape == (20, 30)
    assert finding.heatmap.dtype == np.float32
    assert not finding.heatmap.flags.writeable
    assert finding.heatmap[0].max() == 0
    assert finding.heatmap[1 + 8, 2 + 16] == values[1, 2]
    again = pickle.loads(pickle.dumps(finding))
    np.testing.assert_array_equal(again.heatmap, finding.heatmap)
    assert isinstance(again.kept_heatmap, BlockHeatmap)
    assert "heatmap" not in finding.to_dict()
    assert finding.light().heatmap is None
    assert fp.Finding(detector="ela", version=1, score=0.0).heatmap is None
    with pytest.raises(AttributeError):
        finding.heatmap = values
