"""The benchmarks' own frame: what stands on the page is read back, and what got worse is named."""

import pytest
from benchmarks.frame import Table, write_section
from benchmarks.regress import stored, worse


def table(seconds=1.0, found="0.80 [0.70, 0.90]", accused="0.000 [0.000, 0.020]", cllr=0.3, n=40):
    return Table(
        "Found and accused",
        ["set", "half", "n", "found", "accused", "Cllr", "s a photo"],
        [["casia | one", "unseen", n, found, accused, cllr, seconds], ["misd", "unseen", 9, None, None, 0.9, 2.0]],
    )


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "benchmarks.md"
    write_section("edited", [table()], command="python -m benchmarks edited", seconds=3, page=path)
    return path.read_text()


def test_the_page_is_read_back(page):
    (read,) = stored("edited", page)
    assert read.rows[0][0] == "casia | one"
    assert read.rows[1][3] == "-"
    assert [str(c) for c in read.columns] == table().columns
    assert stored("web", page) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"seconds": 1.5}, "s a photo"),
        ({"found": "0.50 [0.40, 0.60]"}, "found"),
        ({"accused": "0.090 [0.040, 0.140]"}, "accused"),
        ({"cllr": 0.4}, "Cllr"),
    ],
)
def test_what_got_worse_is_named(page, change, column):
    (figure,) = worse(stored("edited", page), [table(**change)])
    assert figure.column == column
    assert "casia" in str(figure)


@pytest.mark.parametrize(
    "change",
    [{}, {"seconds": 1.2}, {"found": "0.72 [0.60, 0.84]"}, {"cllr": 0.2}, {"seconds": 0.2}, {"n": 3}],
)
def test_noise_and_better_figures_are_not(page, change):
    assert worse(stored("edited", page), [table(**change)]) == []
