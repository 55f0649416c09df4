import multiprocessing
import os
import pickle
import shutil
import sqlite3
from datetime import date

import numpy as np
import pytest
from PIL import Image
from tests.web.photos import NAMES, image, jpeg, photo

import fakeproof as fp
from fakeproof.errors import IndexFormatError, ParameterError
from fakeproof.web.entry import describe_source


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name in NAMES:
        (folder / f"{name}.jpg").write_bytes(jpeg(image(name), 90))
    return [folder / f"{name}.jpg" for name in NAMES]


@pytest.fixture(scope="module")
def index(files):
    return fp.SourceIndex.build([fp.Source(f, url=f"https://example.org/{f.name}", seen_on="小红书") for f in files])


@pytest.fixture
def saved(index, tmp_path):
    index.save(tmp_path / "index")
    return tmp_path / "index"


QUERIES = {
    "mirrored": lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "quarter turn": lambda i: i.rotate(90, expand=True),
    "cropped": lambda i: i.crop((i.width // 5, i.height // 6, i.width, i.height)),
    "rotated": lambda i: i.rotate(20),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", QUERIES)
def test_a_reused_photo_is_found_first(index, name, how):
    query = photo(QUERIES[how](image(name)), 70)
    best = index.search(query, limit=3)[0]
    assert best.source.url == f"https://example.org/{name}.jpg"
    assert best.kind == "unverified"


def test_search_many_equals_search(index):
    queries = [photo(image(name).rotate(5)) for name in NAMES]
    together = index.search_many(queries, limit=2)
    alone = [index.search(q, limit=2) for q in queries]
    assert [[m.sha256 for m in found] for found in together] == [[m.sha256 for m in found] for found in alone]


def test_matching_against_an_index_verifies(index):
    finding = fp.web.match_sources(photo(QUERIES["cropped"](image("coffee"))), index)
    assert [m.source.name for m in finding.matches] == ["coffee.jpg"]
    assert finding.supports is fp.Category.WEB_IMAGE


def test_what_was_saved_comes_back(saved, index):
    opened = fp.SourceIndex.open(saved)
    assert len(opened) == len(index) == 4
    assert [s.to_dict() for s in opened] == [s.to_dict() for s in index]
    assert opened.search(photo(image("rocket")))[0].source.seen_on == "小红书"


def test_saving_does_not_overwrite_unless_asked(saved, index):
    with pytest.raises(FileExistsError, match="overwrite=True"):
        index.save(saved)
    index.save(saved, overwrite=True)
    assert len(fp.SourceIndex.open(saved)) == 4
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_a_folder_that_is_no_index_is_never_replaced(index, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "only-copy.jpg").write_bytes(b"precious")
    with pytest.raises(fp.IndexFormatError, match="only an index is replaced"):
        index.save(photos, overwrite=True)
    assert (photos / "only-copy.jpg").read_bytes() == b"precious"


def test_adding_to_an_opened_index_is_lasting_and_seen_by_open_readers(saved):
    reader, writer = fp.SourceIndex.open(saved), fp.SourceIndex.open(saved)
    source = fp.Source(photo(image("coffee").crop((0, 0, 300, 300))), key="late", order="A-1", seen_at=date(2025, 1, 2))
    assert writer.add(source) == "late"
    assert len(reader) == len(fp.SourceIndex.open(saved)) == 5
    assert "late" in reader
    found = reader.search(photo(image("coffee").crop((20, 20, 300, 300))), limit=2)
    (late,) = [m.source for m in found if m.source.key == "late"]
    assert (late.order, late.seen_at) == ("A-1", date(2025, 1, 2))


def test_adding_the_same_again_changes_nothing(saved, files):
    opened = fp.SourceIndex.open(saved)
    assert opened.add_many([fp.Source(f, url=f"https://example.org/{f.name}") for f in files]) == 0
    assert opened.add_many([fp.Source(files[0], url="https://elsewhere.example")]) == 1


def test_removed_sources_are_not_found_and_saving_frees_them(saved, tmp_path):
    opened = fp.SourceIndex.open(saved)
    key = opened.search(photo(image("coffee")))[0].sha256
    assert opened.remove(key) == 1
    with pytest.raises(fp.ParameterError, match="a key of this index"):
        opened.remove(key)
    assert key not in {m.sha256 for m in opened.search(photo(image("coffee")))}
    opened.save(tmp_path / "smaller")
    smaller = fp.SourceIndex.open(tmp_path / "smaller")
    assert len(smaller) == len(opened) == 3
    assert smaller.search(photo(image("rocket").rotate(10)))[0].source.name == "rocket.jpg"


def test_merging_adds_what_is_new(index, files):
    other = fp.SourceIndex.build([files[0], photo(image("coffee").crop((0, 0, 200, 200)))])
    before = len(other)
    assert other.merge(index) == 4
    assert other.merge(index) == 0
    assert len(other) == before + 4
    assert other.search(photo(image("chelsea").rotate(10)))[0].source.name == "chelsea.jpg"


def test_unreadable_sources_are_listed(tmp_path):
    index = fp.SourceIndex.build([tmp_path / "none.jpg", fp.Source(b"nothing", key="bad"), photo(image("coffee"))])
    assert len(index) == 1
    assert {u["name"] for u in index.unreadable} == {"none.jpg", "bad"}


def test_an_empty_index_finds_nothing():
    assert fp.SourceIndex().search(photo(image("coffee"))) == []


def _crash_while_writing(folder):
    from fakeproof.web import catalog

    def die(*_args, **_options):
        os._exit(9)

    catalog.Catalog.insert = die  # the columns are written by then, the commit is not
    fp.SourceIndex.open(folder).add(photo(image("coffee").crop((0, 0, 200, 200))))


def test_a_crash_in_the_middle_of_a_write_loses_nothing(saved):
    process = multiprocessing.get_context("fork").Process(target=_crash_while_writing, args=(saved,))
    process.start()
    process.join()
    assert process.exitcode == 9
    opened = fp.SourceIndex.open(saved)
    assert len(opened) == 4
    assert opened.search(photo(image("coffee")))[0].source.name == "coffee.jpg"
    opened.add(fp.Source(photo(image("coffee").crop((9, 9, 300, 300))), key="after"))
    again = fp.SourceIndex.open(saved)
    assert len(again) == 5
    found = again.search(photo(image("coffee").crop((9, 9, 300, 300))), limit=1)[0]
    assert found.source.key == "after"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "orb-2.bin").write_bytes(b"short"), "orb-2.bin: has 5 bytes"),
        (lambda f: (f / "pdq-1.bin").unlink(), "pdq-1.bin: has 0 bytes"),
        (lambda f: (f / "index.sqlite").write_bytes(b"This is a text file, no database." * 40), "cannot be read"),
        (lambda f: (f / "index.sqlite").unlink(), "holds no index.sqlite"),
        (shutil.rmtree, "holds no index.sqlite"),
    ],
)
def test_damage_is_named(saved, damage, message):
    damage(saved)
    with pytest.raises(IndexFormatError, match=message):
        fp.SourceIndex.open(saved)


def test_a_foreign_database_is_refused(tmp_path):
    db = sqlite3.connect(tmp_path / "index.sqlite")
    db.execute("CREATE TABLE other (x)")
    db.commit()
    db.close()
    with pytest.raises(IndexFormatError, match="database of something else"):
        fp.SourceIndex.open(tmp_path)


def test_another_format_is_refused(saved):
    db = sqlite3.connect(saved / "index.sqlite")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(IndexFormatError, match="format 99"):
        fp.SourceIndex.open(saved)


def test_only_a_saved_index_goes_to_other_processes(saved, index):
    assert len(pickle.loads(pickle.dumps(fp.SourceIndex.open(saved)))) == 4
    with pytest.raises(ParameterError, match="saved and opened"):
        pickle.dumps(index)


def test_limits_are_checked(index):
    with pytest.raises(ParameterError, match="limit=0"):
        index.search(photo(image("coffee")), limit=0)


def test_views_are_read_only(index):
    assert not any(view.flags.writeable for view in index._views().values())
    assert np.all(np.diff(index._views()["ends"]) >= 0)


def test_a_key_means_the_same_everywhere(tmp_path):
    image("coffee").save(tmp_path / "cup.png")
    index = fp.SourceIndex.build(
        [tmp_path / "cup.png", fp.Source(photo(image("chelsea")), key="cat-1"), photo(image("astronaut"))]
    )
    added = index.add(
        fp.Source(photo(image("coffee").crop((0, 0, 300, 300))), order="A-1", url="https://example.org/Cup")
    )
    keys = [source.key for source in index]
    assert keys[1] == "cat-1"
    assert keys[-1] == added
    assert len(set(keys)) == 4
    assert next(source.name for source in index) == "cup.png"
    match = index.search(photo(image("chelsea")), limit=1)[0]
    assert match.source.key == "cat-1"
    for key in keys:
        assert key in index
        assert index.remove(key) == 1
        assert key not in index


def test_the_catalogue_is_searched_listed_and_pruned(tmp_path):
    image("coffee").save(tmp_path / "cup.png")
    index = fp.SourceIndex.build(
        [tmp_path / "cup.png", fp.Source(photo(image("chelsea")), key="cat-1", order="A-1", seen_on="小红书")]
    )
    assert [s.name for s in index.list("CUP")] == ["cup.png"]
    assert [s.key for s in index.list("小红书")] == [s.key for s in index.list(order="A-1")] == ["cat-1"]
    assert index.list("nowhere") == index.list(missing=True) == []
    (tmp_path / "cup.png").unlink()
    assert [s.name for s in index.prune()] == ["cup.png"]
    assert [s.key for s in index.list()] == ["cat-1"]


def as_first_format(folder):
    """Make an index look as the first format wrote it: without compact points."""
    for file in folder.glob("few-*.bin"):
        file.unlink()
    with sqlite3.connect(folder / "index.sqlite") as db:
        db.execute("PRAGMA user_version = 1")
    db.close()


def test_an_index_of_the_first_format_is_searched_added_to_and_upgraded(tmp_path):
    photos = [photo(image(name), 90, name=name) for name in ("astronaut", "coffee")]
    fp.SourceIndex.build(photos).save(tmp_path / "old")
    as_first_format(tmp_path / "old")
    index = fp.SourceIndex.open(tmp_path / "old")
    query = photo(image("coffee").crop((60, 40, 520, 360)), 75)
    assert fp.web.match_sources(query, index).matches[0].source.name == "coffee"
    index.add(photo(image("chelsea"), 90, name="chelsea"))
    assert fp.web.match_sources(query, index).matches[0].source.name == "coffee"
    index.save(tmp_path / "new")
    upgraded = fp.SourceIndex.open(tmp_path / "new")
    assert len(upgraded) == 3
    views = upgraded._views()
    assert (np.diff(views["few-ends"], prepend=0) > 50).all()


def test_of_an_index_only_what_agrees_is_opened(tmp_path):
    paths = []
    for name in ("astronaut", "coffee", "chelsea", "rocket"):
        paths.append(tmp_path / f"{name}.jpg")
        paths[-1].write_bytes(jpeg(image(name), 90))
    index = fp.SourceIndex.build(paths)
    for path in paths[::2]:
        path.unlink()  # astronaut and chelsea cannot be opened any more
    finding = fp.web.match_sources(photo(image("coffee").rotate(20, expand=True), 75), index)
    assert [match.source.name for match in finding.matches] == ["coffee.jpg"]
    assert finding.unreadable == ()
    assert finding.facts["compared"] >= 1


def test_compact_points_cost_at_most_8_kb_a_source():
    entry = describe_source(fp.Source(photo(image("astronaut"), 90)))
    assert 200 <= len(entry.few) <= 224
    assert entry.few.nbytes + entry.few_points.nbytes <= 8192
