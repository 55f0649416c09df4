"""Learned parts: what a head says, what is refused, and that no shipped file changed unnoticed."""

import hashlib
import json
from importlib.resources import files

import pytest
from benchmarks.frame import Options
from benchmarks.training import code
from benchmarks.training.__main__ import DIGESTS
from benchmarks.training.parts import carried, data_files, parts, state
from benchmarks.training.versions import present, versions

import fakeproof as fp
from fakeproof import artefact
from fakeproof.artefact import Head

PINNED = json.loads(DIGESTS.read_text(encoding="utf-8"))
REWRITE = "run python -m benchmarks.training digests and say in the commit what moved"
HEAD = Head(
    part="edited.fusion", command="x", data="d", detectors={"noise": 1}, parts={"a.b": "s"}, files={"m.npz": "s"}
)


def text(head, **values):
    return json.dumps({"head": head, **values})


def test_every_data_file_is_the_pinned_one():
    assert data_files() == PINNED, REWRITE


@pytest.mark.parametrize("name", [n for n in PINNED if n.endswith(".json")])
def test_every_shipped_json_is_a_part_that_training_knows(name):
    part = name.removesuffix(".json").replace("/", ".")
    assert part in parts()
    head = artefact.shipped(part).head
    assert head.command
    assert head.files.keys() == {n.rsplit("/", 1)[-1] for n in PINNED if _beside(n, head)}


def _beside(name, head):
    return not name.endswith(".json") and name.rsplit("/", 1)[-1] in head.files


def test_every_array_file_belongs_to_one_part():
    owned = [f for part in parts() for f in artefact.shipped(part).head.files]
    assert sorted(owned) == sorted(n.rsplit("/", 1)[-1] for n in PINNED if not n.endswith(".json"))


def test_a_head_survives_json():
    assert Head.from_dict(json.loads(json.dumps(HEAD.to_dict())), part="edited.fusion") == HEAD


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("{", "no head"),
        ("[]", "no head"),
        (text(None), "no head"),
        (text({**HEAD.to_dict(), "format": 9}), "format 9"),
        (text({**HEAD.to_dict(), "part": "product.fusion"}), "holds 'product.fusion'"),
        (text({**HEAD.to_dict(), "mood": "good"}), "damaged.*mood"),
    ],
)
def test_what_is_no_part_is_refused_by_name(stored, said, tmp_path):
    with pytest.raises(fp.CalibrationError, match=rf"edited\.fusion.*{said}"):
        artefact.read(stored, part="edited.fusion", folder=tmp_path)


def test_another_version_is_refused_until_somebody_vouches():
    HEAD.check("noise", 1)
    HEAD.check("phase_of_the_moon", 5)
    with pytest.raises(fp.CalibrationError, match=r"noise.*version 2.*edited\.fusion.*version 1"):
        HEAD.check("noise", 2)
    vouched = carried(HEAD, {"noise": 2, "ela": 3}, ["noise", "ela"])
    assert vouched.carried == {"noise": 2}
    vouched.check("noise", 2)
    with pytest.raises(fp.CalibrationError, match="version 3"):
        vouched.check("noise", 3)


def test_another_part_below_is_refused():
    HEAD.check_part("a.b", "s")
    with pytest.raises(fp.CalibrationError, match=r"edited\.fusion.*a\.b"):
        HEAD.check_part("a.b", "t")


def test_a_file_beside_must_be_the_named_one(tmp_path):
    (tmp_path / "m.npz").write_bytes(b"other")
    part = artefact.read(text(HEAD.to_dict()), part="edited.fusion", folder=tmp_path)
    with pytest.raises(fp.CalibrationError, match=r"m\.npz is damaged"):
        part.beside("m.npz")
    (tmp_path / "m.npz").write_bytes(b"right")
    own = {**HEAD.to_dict(), "files": {"m.npz": hashlib.sha256(b"right").hexdigest()}}
    assert artefact.read(text(own), part="edited.fusion", folder=tmp_path).beside("m.npz") == b"right"


def test_parts_come_after_what_they_need():
    order = list(parts())
    assert all(order.index(need) < order.index(p.name) for p in parts().values() for need in p.needs)


@pytest.mark.parametrize("name", parts())
def test_a_part_knows_its_detectors_and_what_moved(name):
    part, known = parts()[name], versions()
    assert part.path.exists()
    assert set(part.detectors) <= known.keys()
    risen = {n: v + 1 for n, v in known.items()}
    if part.detectors:
        assert state(part, risen).startswith("stale")


def test_the_loader_refuses_the_fusion_for_a_detector_that_moved():
    from fakeproof.edited.localize import localize

    photo = fp.Photo.from_bytes(files("skimage.data").joinpath("astronaut.png").read_bytes())
    found = fp.Finding(detector="noise", version=99, score=0.0)
    others = ("ela", "jpeg_ghosts", "double_jpeg", "jpeg_grid", "resampling", "copy_move")
    passed = [fp.NotApplicable(detector=d, version=1, reason="left out") for d in others]
    with pytest.raises(fp.CalibrationError, match=r"noise.*version 99"):
        localize(photo, findings=[found, *passed])


def test_a_fit_on_what_an_earlier_version_read_says_so(monkeypatch):
    monkeypatch.setattr("benchmarks.training.versions._taken", {"noise": 0})
    head = parts()["edited.fusion"].head(Options())
    assert head.detectors["noise"] == 0
    assert head.carried == {"noise": present()["noise"]}
    head.check("noise", present()["noise"])
    assert head.detectors["ela"] == present()["ela"]


def test_comments_change_no_digest(tmp_path, monkeypatch):
    def digest_of(source):
        (tmp_path / "benchmarks_toy.py").write_text(source)
        for cached in (code._file, code._tree, code._digest_of, code._imports):
            cached.cache_clear()
        return code.digest(["benchmarks_toy"])

    monkeypatch.syspath_prepend(tmp_path)
    plain = digest_of("LIMIT = 1\n")
    assert digest_of('"""Said."""\n# why\nLIMIT  =  1\n') == plain
    assert digest_of("LIMIT = 2\n") != plain
    for cached in (code._file, code._tree, code._digest_of, code._imports):
        cached.cache_clear()


def test_late_imports_count_and_type_checking_does_not():
    found = code.closure(["fakeproof.edited.localize"])
    assert "fakeproof._kernels.fusion" in found
    assert "fakeproof.photo" not in code._imports("fakeproof.edited.localize")
    without = code.closure(["fakeproof.edited.localize"], without=["fakeproof._kernels.fusion"])
    assert "fakeproof._kernels.fusion" not in without < found


def test_a_part_is_the_same_however_it_came_about(monkeypatch):
    before, found = artefact.digest("product.embedding"), artefact.shipped("product.embedding")
    other = artefact.Artefact(
        Head(part="product.embedding", command="by hand", files=found.head.files), found.values, None
    )
    monkeypatch.setattr(artefact, "shipped", lambda _: other)
    assert artefact.digest("product.embedding") == before
    monkeypatch.setattr(artefact, "shipped", lambda _: artefact.Artefact(other.head, {"about": "else"}, None))
    assert artefact.digest("product.embedding") != before
