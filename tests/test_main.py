"""The command: exit status, named reasons, verdicts on the terminal and as JSON."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import skimage.data
from PIL import Image

from fakeproof.command import main


@pytest.fixture
def folder(tmp_path):
    out = io.BytesIO()
    Image.fromarray(skimage.data.chelsea()[:160, :200]).save(out, "JPEG", quality=85)
    (tmp_path / "cat.jpg").write_bytes(out.getvalue())
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_bytes(b"not a photo at all")
    Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(tmp_path / "dot.png")
    return tmp_path


def test_a_verdict_and_a_dossier(folder, capsys):
    status = main(
        [str(folder / "cat.jpg"), "--source", str(folder / "cat.jpg"), "--out", str(folder / "out"), "--lang", "en"]
    )
    assert status == 0
    said = capsys.readouterr().out
    assert "cat.jpg" in said
    assert "web_image" not in said
    assert "The findings give" in said
    assert (folder / "out" / "cat" / "report.html").is_file()
    assert (folder / "out" / "cat" / "1-web-image" / "original-1.jpg").read_bytes() == (folder / "cat.jpg").read_bytes()


def test_json_lines(folder, capsys):
    assert main([str(folder / "cat.jpg"), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["photo"]["name"].endswith("cat.jpg")


def test_a_list_of_sources_carries_where_each_was_seen(folder, capsys):
    entry = {"file": "cat.jpg", "url": "https://example.org/cat", "seen_on": "example", "seen_at": "2026-05-01"}
    (folder / "list.json").write_text(json.dumps([entry]))
    assert main([str(folder / "cat.jpg"), "--source", str(folder / "list.json"), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    (match,) = next(f for f in json.loads(line)["findings"] if f["detector"] == "match_sources")["matches"]
    assert (match["source"]["url"], match["source"]["seen_at"]) == ("https://example.org/cat", "2026-05-01")
    (folder / "list.json").write_text("[]", encoding="utf-8-sig")
    assert main([str(folder / "cat.jpg"), "--source", str(folder / "list.json"), "--json"]) == 0


@pytest.mark.parametrize("listed", ["[{}]", '["cat.jpg"]', '{"file": "cat.jpg"}', "7"])
def test_a_list_of_sources_that_is_none_is_a_bad_argument(folder, listed):
    (folder / "list.json").write_text(listed)
    with pytest.raises(SystemExit) as stopped:
        main([str(folder / "cat.jpg"), "--source", str(folder / "list.json")])
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [("empty.jpg", "0 bytes"), ("text.jpg", ""), ("dot.png", "1x1"), ("missing.jpg", "cannot be read")],
)
def test_what_cannot_be_read_is_named_with_its_reason(folder, capsys, name, reason):
    assert main([str(folder / name)]) == 3
    told = capsys.readouterr().err
    assert name in told
    assert reason in told


def test_one_bad_file_does_not_stop_the_rest(folder, capsys):
    assert main([str(folder / "empty.jpg"), str(folder / "cat.jpg")]) == 4
    out, err = capsys.readouterr()
    assert "cat.jpg" in out
    assert "empty.jpg" in err


def test_a_broken_source_is_named_and_the_rest_goes_on(folder, capsys):
    sources = folder / "sources"
    sources.mkdir()
    (sources / "broken.jpg").write_bytes(b"")
    (sources / "good.jpg").write_bytes((folder / "cat.jpg").read_bytes())
    assert main([str(folder / "cat.jpg"), "--source", str(sources)]) == 0
    out = capsys.readouterr().out
    assert "broken.jpg" in out
    assert "taken from elsewhere" in out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--nonsense"],
        ["cat.jpg", "--lang", "fr"],
        ["cat.jpg", "--source", "nowhere"],
        ["cat.jpg", "--order", "nowhere"],
    ],
)
def test_bad_arguments_exit_with_two(folder, monkeypatch, words, capsys):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    "order",
    [[1], {"ship_to": "Berlin"}, {"ship_to": [1, 2, 3]}, {"file_names": "1.jpg"}, {"others": [1]}, {"received_as": 5}],
)
def test_an_order_of_another_shape_is_a_bad_argument(folder, capsys, order):
    (folder / "order.json").write_text(json.dumps(order))
    with pytest.raises(SystemExit) as stop:
        main([str(folder / "cat.jpg"), "--order", str(folder / "order.json")])
    assert stop.value.code == 2
    assert "is not allowed" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_bad_argument(folder, capsys):
    (folder / "taken").write_text("a file where dossiers should go")
    with pytest.raises(SystemExit) as stop:
        main([str(folder / "cat.jpg"), "--out", str(folder / "taken")])
    assert stop.value.code == 2
    assert "taken" in capsys.readouterr().err


def test_photos_of_one_name_get_a_dossier_each(folder):
    (folder / "cat.jpeg").write_bytes((folder / "cat.jpg").read_bytes())
    words = [str(folder / "cat.jpg"), str(folder / "cat.jpeg"), "--out", str(folder / "out")]
    assert main(words) == 0
    assert {p.name for p in (folder / "out").iterdir()} == {"cat", "cat-2"}
    assert main([*words, "--overwrite"]) == 0


def test_an_order_is_read_and_a_wrong_one_is_named(folder, capsys):
    order = folder / "order.json"
    order.write_text(json.dumps({"placed_at": "2026-05-01T12:00:00+08:00"}))
    assert main([str(folder / "cat.jpg"), "--order", str(order), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["order"]["placed_at"].startswith("2026-05-01")
    order.write_text(json.dumps({"placed_at": "yesterday"}))
    with pytest.raises(SystemExit) as stop:
        main([str(folder / "cat.jpg"), "--order", str(order)])
    assert stop.value.code == 2
    assert "ISO 8601" in capsys.readouterr().err


def test_dossiers_are_not_replaced_without_being_asked(folder, capsys):
    words = [str(folder / "cat.jpg"), "--out", str(folder / "out")]
    assert main(words) == 0
    assert main(words) == 4
    assert "overwrite=True" in capsys.readouterr().err
    assert main([*words, "--skip-existing"]) == 0
    assert capsys.readouterr().out == ""
    assert main([*words, "--overwrite"]) == 0


def test_a_batch_goes_on_past_a_dossier_that_is_there(folder, capsys):
    (folder / "dog.jpg").write_bytes((folder / "cat.jpg").read_bytes())
    out = ["--out", str(folder / "out"), "--detectors", "noise"]
    assert main(["analyze", str(folder / "cat.jpg"), *out]) == 0
    assert main(["analyze", str(folder / "cat.jpg"), str(folder / "dog.jpg"), *out, "--lang", "zh"]) == 4
    said, wrong = capsys.readouterr()
    assert "举报材料" in said
    assert "未写入" in wrong
    assert (folder / "out" / "dog" / "report.html").is_file()


def test_processes_tell_the_same_in_the_same_order(folder, capsys):
    photos = [str(folder / name) for name in ("cat.jpg", "empty.jpg", "cat.jpg")]
    assert main(["analyze", *photos, "--json", "--workers", "2", "--skip", "copy_move,localize"]) == 4
    two = capsys.readouterr()
    assert main(["analyze", *photos, "--json", "--skip", "copy_move,localize"]) == 4
    assert capsys.readouterr() == two
    assert len(two.out.splitlines()) == 2


def test_a_case_is_told_and_handed_over(folder, capsys):
    words = ["case", str(folder / "cat.jpg"), str(folder / "empty.jpg"), "--detectors", "noise,match_sources"]
    assert main([*words, "--source", str(folder / "cat.jpg"), "--out", str(folder / "case")]) == 4
    said, wrong = capsys.readouterr()
    assert "cat.jpg" in said
    assert "empty.jpg" in wrong
    assert (folder / "case" / "case.json").is_file()


def test_an_index_from_its_making_to_its_thinning_out(folder, capsys):
    place, cat = str(folder / "sources.index"), folder / "cat.jpg"
    assert main(["index", "build", place, str(cat), str(folder / "empty.jpg"), "--quiet"]) == 4
    assert "empty.jpg" in capsys.readouterr().err
    (folder / "list.json").write_text(json.dumps([{"file": "cat.jpg", "key": "cat-1", "seen_on": "小红书"}]))
    assert main(["index", "add", place, str(folder / "list.json"), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["index", "search", place, str(cat)]) == 0
    assert "cat-1" in capsys.readouterr().out
    assert main([str(cat), "--source", place, "--detectors", "match_sources", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"]["web_image"]["decision"] == "supported"
    assert main(["index", "rm", place, "cat-1"]) == 0
    assert main(["index", "stat", place, "--text", ""]) == 0
    assert "1 sources, 0 without" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main(["index", "rm", place, "cat-1"])
    assert stop.value.code == 2
    assert "a key of this index" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ('[{"file": "cat.jpg"},\n {"fil": "cat.jpg"}]', "line 2: 'fil' is not allowed"),
        ('[\n\n{"url": "x"}]', "line 3: 'file' is missing"),
        ('[{"file": "cat.jpg", "seen_at": "yesterday"}]', "line 1: seen_at 'yesterday' is no date"),
        ('[{"file": "cat.jpg"},\n', "line 2: is no JSON"),
    ],
)
def test_what_is_wrong_in_a_list_is_named_with_file_and_line(folder, capsys, listed, told):
    (folder / "list.json").write_text(listed)
    with pytest.raises(SystemExit):
        main([str(folder / "cat.jpg"), "--source", str(folder / "list.json")])
    said = capsys.readouterr().err
    assert "list.json, " in said
    assert told in said


def test_a_kit_is_written(folder, capsys):
    assert main(["kit", str(folder / "cat.jpg"), "--out", str(folder / "kit")]) == 0
    assert (folder / "kit" / "index.html").is_file()
    assert main(["kit", str(folder / "empty.jpg"), "--out", str(folder / "kit2")]) == 3


def test_cards_are_fitted_from_a_file(folder, capsys):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    truth = np.arange(160) % 2
    pd.DataFrame({"noise": truth + rng.normal(size=160), "edited": truth, "price": truth}).to_csv(
        folder / "t.csv", index=False
    )
    assert main(["fit", str(folder / "t.csv"), "--out", str(folder / "cards.json")]) == 0
    said, wrong = capsys.readouterr()
    assert "cllr_fitted_held_out" in said
    assert "price" in wrong
    assert main([str(folder / "cat.jpg"), "--scorer", str(folder / "cards.json"), "--detectors", "noise"]) == 0


def test_the_version_and_the_completion_of_every_verb(capsys):
    from fakeproof.command import VERBS

    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("fakeproof ")
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        said = capsys.readouterr().out
        assert all(verb in said for verb in VERBS)
        assert "skip-existing" in said


def test_a_closed_pipe_is_quiet(folder):
    words = [sys.executable, "-m", "fakeproof", "completion", "bash"]
    made = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    made.stdout.close()
    assert made.stderr.read() == b""
    made.stderr.close()
    assert made.wait() in (0, 141)
