"""Plots draw on the axes they are given, return them, and refuse what they cannot draw."""

import io

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import skimage.data
from PIL import Image

import fakeproof as fp
from fakeproof import plots


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    figure.canvas.draw()  # what cannot be drawn fails here
    plt.close(figure)


@pytest.fixture(scope="module")
def photo():
    out = io.BytesIO()
    Image.fromarray(skimage.data.chelsea()).save(out, "JPEG", quality=80)
    return fp.Photo.from_bytes(out.getvalue(), name="cat.jpg")


def finding(photo, **more):
    height, width = photo.rgb.shape[:2]
    region = fp.Region(polygon=[[10, 10], [60, 10], [60, 50]], area=1000, label="1")
    heat = np.zeros((height, width), np.float32)
    return fp.Finding(detector="ela", version=1, score=1.0, heatmap=heat, regions=(region,), **more)


def test_overlay_draws_halo_and_line_for_each_region(ax, photo):
    assert plots.overlay(ax, photo, finding(photo)) is ax
    assert len(ax.lines) == 2
    assert [t.get_text() for t in ax.texts] == ["1"]


@pytest.mark.parametrize("name", ["heatmap", "ela", "source_difference"])
def test_maps(ax, photo, name):
    assert getattr(plots, name)(ax, photo, finding(photo)) is ax
    assert len(ax.images) == 2
    assert len(ax.figure.axes) == 2, "a bar gives the unit"


def test_a_finding_without_a_map_is_refused(ax, photo):
    with pytest.raises(fp.ParameterError, match="heatmap"):
        plots.heatmap(ax, photo, fp.Finding(detector="codes", version=1, score=0.0))


def test_classic_ela_picture(ax, photo):
    plots.ela(ax, photo)
    assert ax.images[0].get_array().shape == photo.rgb.shape


def test_ghost_curve_dips_at_the_quality_of_the_save(ax, photo):
    plots.ghost_curve(ax, photo, box=(10, 10, 100, 100))
    line = ax.lines[0]
    near = line.get_ydata()[np.abs(line.get_xdata() - 80) <= 2].min()
    assert near < line.get_ydata()[np.abs(line.get_xdata() - 60) <= 2].min()
    assert len(ax.lines) == 2


def test_dct_histogram(ax, photo):
    plots.dct_histogram(ax, photo)
    assert sum(p.get_height() for p in ax.patches) > 0
    with pytest.raises(fp.ParameterError, match="JPEG"):
        plots.dct_histogram(ax, fp.Photo.from_array(skimage.data.chelsea()))


def test_grid_votes_peak_at_the_origin(ax, photo):
    plots.grid_votes(ax, photo)
    table = ax.images[0].get_array()
    assert np.unravel_index(int(table.argmax()), table.shape) == (0, 0)


def test_copy_move_links(ax, photo):
    pairs = [{"from": [20.0, 20.0], "to": [90.0, 60.0]}]
    plots.copy_move(ax, photo, finding(photo, facts={"pairs": pairs}))
    assert len(ax.texts) == 2


def test_match_lines_join_points_inside_the_photo(ax, photo):
    match = fp.Match(source=fp.Source(photo), kind="same_photo", homography=np.eye(3))
    plots.match_lines(ax, photo, match, lines=9)
    assert len(ax.lines) == 9
    with pytest.raises(fp.ParameterError, match="transform"):
        plots.match_lines(ax, photo, fp.Match(source=fp.Source(photo)))


@pytest.mark.parametrize("name", ["tippett", "pav", "reliability", "llr_histogram"])
def test_calibration_plots(ax, name):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    llrs = rng.normal(size=200) + labels
    assert getattr(plots, name)(ax, llrs, labels) is ax
    assert ax.get_xlabel()
    with pytest.raises(fp.ParameterError, match="both classes"):
        getattr(plots, name)(ax, llrs, np.ones(200))


def test_tippett_curves_fall_from_one(ax):
    plots.tippett(ax, [-1.0, 0.0, 1.0, 2.0], [0, 0, 1, 1])
    for line in ax.lines[:2]:
        values = line.get_ydata()
        assert values[0] == 1.0
        assert (np.diff(values) < 0).all()


def test_axes_may_be_left_out_or_named(photo):
    made = plots.overlay(photo, finding(photo))
    assert len(made.lines) == 2
    assert plots.overlay(photo, finding(photo), ax=made) is made
    assert len(made.lines) == 4
    plt.close(made.figure)
