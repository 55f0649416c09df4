"""Batches: order, bounded drawing, failures as records, checkpoints, workers that die, Ctrl-C."""

import io
import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import fakeproof as fp
from fakeproof import _worker, analysis
from fakeproof.batch import Failure, StoredVerdict

FORKS = multiprocessing.get_start_method(allow_none=False) == "fork"


def jpeg(seed, quality=88):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((192, 144), Image.Resampling.BICUBIC)
    noisy = np.clip(np.asarray(image, np.int16) + rng.integers(-5, 6, (144, 192, 3)), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("photos")
    for i in range(4):
        (place / f"{i}.jpg").write_bytes(jpeg(i))
    (place / "2b.jpg").write_bytes(b"this is no photo")
    return place


def numbers(results):
    """Return what must be equal between ways to run a batch."""
    return [r.to_dict()["scores"] if r else str(r) for r in results]


@pytest.fixture(scope="module")
def alone(folder):
    return list(fp.analyze_many(folder, workers=0, progress=False))


def test_a_folder_in_order_with_the_broken_one_in_its_place(folder, alone):
    assert [bool(v) for v in alone] == [True, True, True, False, True]
    assert alone[3].kind == "PhotoError"
    assert "2b.jpg" in alone[3].name
    assert alone[0].photo.name.endswith("0.jpg")


def test_skip_and_raise(folder):
    assert len(list(fp.analyze_many(folder, workers=0, progress=False, on_error="skip"))) == 4
    with pytest.raises(fp.PhotoError, match=r"2b\.jpg"):
        list(fp.analyze_many(folder, workers=0, progress=False, on_error="raise"))
    with pytest.raises(fp.ParameterError, match="on_error"):
        fp.analyze_many(folder, on_error="ignore")


def test_draws_no_more_than_it_needs():
    drawn = itertools.count()
    endless = (jpeg(next(drawn) % 2) for _ in iter(int, 1))
    stream = fp.analyze_many(endless, workers=0, progress=False)
    assert next(stream)
    assert next(drawn) <= 3
    stream.close()


def test_threads_give_the_same_numbers(folder, alone):
    with ThreadPoolExecutor(4) as pool:
        got = list(fp.analyze_many(folder, executor=pool, workers=4, progress=False))
    assert numbers(got) == numbers(alone)


@pytest.mark.slow
@pytest.mark.parametrize("method", [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()])
def test_processes_give_the_same_numbers(folder, alone, method):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        got = list(fp.analyze_many(folder, executor=pool, workers=2, progress=False))
    assert numbers(got) == numbers(alone)


def test_own_workers(folder, alone):
    assert numbers(fp.analyze_many(folder, workers=2, progress=False)) == numbers(alone)


def test_checkpoint_goes_on_without_repeating_or_losing(folder, alone, tmp_path, monkeypatch):
    book = tmp_path / "done.jsonl"
    stream = fp.analyze_many(folder, workers=0, progress=False, checkpoint=book)
    first = [next(stream), next(stream)]
    stream.close()
    with book.open("a") as file:
        file.write('{"key": "half a line')
    asked = []
    real = analysis.analyze
    monkeypatch.setattr(analysis, "analyze", lambda photo, **kw: (asked.append(photo.name), real(photo, **kw))[1])
    again = list(fp.analyze_many(folder, workers=0, progress=False, checkpoint=book))
    assert [type(v) for v in again[:2]] == [StoredVerdict, StoredVerdict]
    assert numbers(again) == numbers(alone)
    assert numbers(first) == numbers(again[:2])
    assert len(asked) == 2, "two were stored and one cannot be read"
    lines = book.read_text().splitlines()
    assert len(lines) == 1 + 4
    assert all(json.loads(line)["verdict"] for line in lines[1:])


def test_a_foreign_checkpoint_is_refused(folder, tmp_path):
    book = tmp_path / "notes.txt"
    book.write_text("dear diary\n")
    with pytest.raises(fp.ParameterError, match=r"notes\.txt"):
        list(fp.analyze_many(folder, workers=0, progress=False, checkpoint=book))
    assert book.read_text() == "dear diary\n"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_a_photo_has_a_time_limit(monkeypatch):
    monkeypatch.setattr(analysis, "analyze", lambda photo, **kw: time.sleep(5))
    start = time.perf_counter()
    (got,) = fp.analyze_many([jpeg(0)], workers=0, progress=False, timeout=0.2)
    assert time.perf_counter() - start < 3
    assert got.kind == "TimeLimitError"
    assert "0.2 s" in got.reason


def test_a_fault_in_a_detector_is_a_named_failure(monkeypatch):
    def broken(photo, **kw):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(analysis, "analyze", broken)
    (got,) = fp.analyze_many([jpeg(0)], workers=0, progress=False)
    assert (got.kind, got.reason) == ("ZeroDivisionError", "a fault")


def test_wrong_parameters_are_raised_not_recorded(folder):
    bad = fp.CalibrationError("noise: another version")

    class Wrong:
        def score(self, *args, **kw):
            raise bad

    with pytest.raises(fp.CalibrationError):
        list(fp.analyze_many(folder, workers=0, progress=False, scorer=Wrong()))


@pytest.mark.parametrize("item", [None, float("nan"), 3, np.zeros((9, 9, 3), np.uint8)])
def test_what_cannot_be_a_photo_costs_only_itself(item):
    """An empty cell in a table's column of paths is such an item."""
    got = list(fp.analyze_many([item, jpeg(0)], workers=0, progress=False))
    assert [bool(v) for v in got] == [False, True]
    assert got[0].kind == "ParameterError"
    assert "use a Photo, a path" in got[0].reason


def test_an_unknown_option_is_refused_before_any_photo():
    with pytest.raises(fp.ParameterError, match="option='product' is not allowed; use sources, products"):
        fp.analyze_many([jpeg(0)], workers=0, progress=False, product=[jpeg(1)])


def test_an_iterator_of_sources_serves_every_photo():
    verdicts = fp.analyze_many([jpeg(0), jpeg(1)], workers=0, progress=False, sources=iter([jpeg(2)]))
    assert {v.web_image.decision for v in verdicts} == {"not_supported"}


def test_a_path_that_is_no_folder_is_one_photo(folder):
    (found,) = fp.analyze_many(folder / "0.jpg", workers=0, progress=False)
    assert found.photo.name.endswith("0.jpg")
    (missing,) = fp.analyze_many(str(folder / "none"), workers=0, progress=False)
    assert missing.reason == "cannot be read (No such file or directory)"


@pytest.mark.slow
@pytest.mark.skipif(not FORKS, reason="the killed worker is made by patching a forked child")
def test_a_killed_worker_costs_one_photo(folder, alone, monkeypatch):
    real = analysis.analyze

    def deadly(photo, **kw):
        if photo.name.endswith("1.jpg"):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(photo, **kw)

    monkeypatch.setattr(analysis, "analyze", deadly)
    got = list(fp.analyze_many(folder, workers=2, progress=False))
    assert [bool(v) for v in got] == [True, False, True, False, True]
    assert got[1].kind == "WorkerDied"
    assert numbers([got[0], got[2], got[4]]) == numbers([alone[0], alone[2], alone[4]])


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_leaves_no_process(folder):
    psutil = pytest.importorskip("psutil")
    code = textwrap.dedent(f"""
        import itertools, fakeproof as fp
        paths = itertools.cycle([{str(folder / "0.jpg")!r}])
        print("go", flush=True)
        for v in fp.analyze_many(paths, workers=2, progress=False):
            print("one", flush=True)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "go\n"
    assert process.stdout.readline() == "one\n"
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.close()
    assert process.wait(timeout=20) != 0
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_tables(alone):
    pd = pytest.importorskip("pandas")
    frame = fp.to_frame(alone)
    assert list(frame["error"].notna()) == [False, False, False, True, False]
    assert {"edited_llr", "web_image_decision", "wrong_product_at_bound", "chain", "sha256"} <= set(frame.columns)
    table = fp.findings_table(alone)
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 4
    records = fp.findings_table(alone, as_records=True)
    detectors = {f.detector for v in alone if v for f in v.findings}
    assert detectors <= set(table.columns)
    assert all(set(json.loads(r["versions"])) <= set(r) for r in records)


def test_a_table_has_its_columns_whatever_is_in_it(alone):
    pytest.importorskip("pandas")
    columns = list(fp.to_frame(alone).columns)
    assert columns[0] == "name"
    assert columns[-1] == "error"
    failed = [v for v in alone if not v]
    assert list(fp.to_frame(failed).columns) == list(fp.to_frame([]).columns) == columns


def test_a_failure_tells_what_it_knows():
    failure = Failure(name="x.jpg", kind="PhotoError", reason="is empty (0 bytes)")
    assert not failure
    assert str(failure) == "x.jpg: is empty (0 bytes)"
    assert isinstance(failure.error(), fp.PhotoError)
    assert _worker.Job.of("a.jpg", number=3, timeout=None).key() == ""


def test_a_time_limit_that_cannot_be_kept_is_refused():
    with ThreadPoolExecutor(1) as threads, pytest.raises(fp.ParameterError, match="budget_s"):
        list(fp.analyze_many([jpeg(0)], executor=threads, progress=False, timeout=5))


def test_detectors_are_chosen_for_all_photos():
    (got,) = fp.analyze_many([jpeg(0)], workers=0, progress=False, detectors=["noise"])
    assert {f.detector for f in got.findings} <= {"noise"}


@pytest.mark.parametrize("backend", ["polars", "arrow"])
def test_other_frames_have_one_schema(alone, backend):
    pytest.importorskip("pyarrow" if backend == "arrow" else backend)
    full, empty = fp.to_frame(alone, backend=backend), fp.to_frame([], backend=backend)
    assert full.schema == empty.schema
    rows = full.to_pylist() if backend == "arrow" else full.to_dicts()
    assert [row["name"] for row in rows] == fp.to_frame(alone)["name"].tolist()


def test_an_unknown_frame_is_named():
    with pytest.raises(fp.ParameterError, match="polars"):
        fp.to_frame([], backend="spark")
