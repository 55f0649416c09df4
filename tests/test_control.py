"""An analysis under control: chosen, bounded, watched, side by side; and how callers' gifts are taken in."""

import logging
import threading
import time

import numpy as np
import pytest
import skimage.data

import fakeproof as fp
from fakeproof.detector import Detector
from fakeproof.intake import Given
from fakeproof.steps import Control, Step, walk


@pytest.fixture(scope="module")
def photo():
    return fp.Photo.from_array(skimage.data.chelsea(), name="cat")


def names(answers):
    return {a.detector for a in answers}


def test_only_the_detectors_asked_for_look(photo):
    verdict = fp.analyze(photo, detectors=["noise", "exif"])
    assert names(verdict.findings) <= {"noise", "exif"}
    assert list(verdict.timings) == ["metadata", "noise"]
    left_out = {a.detector: str(a) for a in verdict.skipped}
    assert "left out" in left_out["copy_move"]
    assert "noise" not in left_out


def test_who_is_skipped_is_named_and_neutral(photo):
    verdict = fp.analyze(photo, skip=["noise", "match_sources"], sources=[photo])
    assert "noise" not in names(verdict.findings)
    assert "noise" in names(verdict.skipped)
    assert verdict.web_image.decision == "not_examined"


def test_originals_are_not_compared_where_matching_is_off(photo):
    assert fp.analyze(photo, sources=[photo], match="off", detectors=["match_sources"]).matches == ()
    assert fp.analyze(photo, sources=[photo], match="quick", detectors=["match_sources"]).matches != ()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"detectors": ["nois"]}, "copy_move"),
        ({"skip": "noise"}, "a list"),
        ({"budget_s": 0}, "above 0"),
        ({"threads": 0}, "1 or more"),
        ({"threads": True}, "1 or more"),
        ({"match": "never"}, "quick"),
        ({"order": {"number": "7"}}, "an Order"),
    ],
)
def test_wrong_values_are_named_with_what_is_allowed(photo, wrong, named):
    with pytest.raises(fp.ParameterError, match=named):
        fp.analyze(photo, **wrong)


def test_what_the_budget_did_not_reach_is_not_applicable_and_never_innocent(photo, caplog):
    with caplog.at_level(logging.WARNING, logger="fakeproof"):
        verdict = fp.analyze(photo, sources=[photo], budget_s=1e-9)
    assert verdict.findings == ()
    assert {str(a) for a in verdict.skipped} == {"time budget: not looked at"}
    assert {s.decision for s in verdict.scores.values()} == {"not_examined"}
    assert "copy_move: not looked at" in caplog.text
    assert fp.Verdict.from_json(verdict.to_json()).skipped[0].wording("zh").startswith("已达时间上限")


def test_side_by_side_gives_the_same_to_the_bit(photo):
    edited = skimage.data.chelsea().copy()
    edited[60:140, 60:160] = edited[180:260, 240:340]
    given = {"sources": [photo], "products": [fp.Photo.from_array(skimage.data.coffee(), name="cup")]}
    one, three = (fp.analyze(fp.Photo.from_array(edited, name="x"), threads=n, **given) for n in (1, 3))
    assert one.to_json() == three.to_json()
    assert list(one.timings) == list(three.timings)
    for a, b in zip(one.findings, three.findings, strict=True):
        np.testing.assert_array_equal(a.heatmap, b.heatmap)


def test_whoever_watches_hears_of_each_step_once(photo, caplog):
    heard = []
    with caplog.at_level(logging.DEBUG, logger="fakeproof"):
        verdict = fp.analyze(photo, detectors=["noise", "ela"], on_step=lambda *step: heard.append(step))
    assert heard == [("ela", 1, 2), ("noise", 2, 2)]
    assert all(seconds > 0 for seconds in verdict.timings.values())
    assert "noise: 0." in caplog.text


def looking(name, cost=0):
    return (Detector(name=name, version=1, run=lambda photo: photo, cost_ms=cost),)


def test_steps_wait_for_those_they_listen_to_and_the_longest_starts_first():
    began, both = [], threading.Barrier(2, timeout=10)

    def step(name, *, after=(), cost=0, meet=False):
        def run(heard):
            began.append(name)
            if meet:
                both.wait()  # hangs unless the two truly run side by side
            return (*heard, name)

        return Step(name=name, run=run, after=after, looks=looking(name, cost))

    steps = [
        step("short", cost=1),
        step("a", cost=9, meet=True),
        step("b", cost=8, meet=True),
        step("last", after=("a", "b")),
    ]
    said, seconds = walk(steps, Control(threads=2))
    assert list(said) == list(seconds) == ["short", "a", "b", "last"]
    assert said["last"] == ("a", "b", "last")
    assert set(began[:2]) == {"a", "b"}


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_the_callers_ends_the_walk(threads):
    def fails(heard):
        raise fp.ParameterError("x", 1, "2")

    with pytest.raises(fp.ParameterError):
        walk(
            [Step(name="a", run=fails, looks=looking("a")), Step(name="b", run=tuple, looks=looking("b"))],
            Control(threads=threads),
        )


def test_views_are_computed_once_however_many_ask(photo):
    shot = fp.Photo.from_array(photo.rgb)
    made = []

    def compute():
        made.append(1)
        time.sleep(0.02)
        return shot.cached("inner", lambda: 7)

    threads = [threading.Thread(target=shot.cached, args=("outer", compute)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert shot.cached("outer", compute) == 7


def test_a_view_that_fails_is_tried_again(photo):
    shot = fp.Photo.from_array(photo.rgb)
    with pytest.raises(ZeroDivisionError):
        shot.cached("bad", lambda: 1 / 0)
    assert shot.cached("bad", lambda: 3) == 3


def test_a_folder_a_lone_path_and_a_list_are_the_same_gift(tmp_path, photo):
    from PIL import Image

    Image.fromarray(photo.rgb).save(tmp_path / "a.png")
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / "b.txt").write_bytes(b"no photo")
    for gift in (tmp_path, str(tmp_path), [tmp_path], [tmp_path / "a.png", tmp_path / "b.txt"], {"cup": tmp_path}):
        given = Given.take(products=gift)
        assert [p.sha256 for p in given.products] == [fp.Photo.open(tmp_path / "a.png").sha256]
        assert [(p.role, p.code) for p in given.problems] == [("product", given.problems[0].code)]
    assert len(Given.take(sources=tmp_path).candidates) == 2
    assert len(Given.take(sources=photo).candidates) == 1
    assert not Given.take().goods


def test_users_own_rules_reach_the_verdict(tmp_path):
    rules = tmp_path / "own.toml"
    rules.write_text(
        """
        [[rule]]
        id = "own.shop-app"
        kind = "software"
        """,
        encoding="utf-8",
    )
    with pytest.raises(fp.ParameterError, match=r"own\.toml"):
        fp.analyze(fp.Photo.from_array(skimage.data.chelsea()), rules=[rules])
