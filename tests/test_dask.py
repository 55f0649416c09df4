"""Dask: the same results as one machine, with a worker lost on the way."""

import os
import signal
import threading

import pytest

import fakeproof as fp
from tests.test_batch import jpeg, numbers

distributed = pytest.importorskip("distributed", reason="needs the dask extra")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    place = tmp_path_factory.mktemp("dask")
    for i in range(6):
        (place / f"{i}.jpg").write_bytes(jpeg(i))
    return sorted(map(str, place.glob("*.jpg")))


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def alone(photos):
    return list(fp.analyze_many(photos, workers=0, progress=False))


def test_the_executor_of_a_client(client, photos, alone):
    with client.get_executor() as executor:
        got = list(fp.analyze_many(photos, executor=executor, workers=2, progress=False))
    assert numbers(got) == numbers(alone)


def test_bag_and_column(client, photos, alone):
    import dask.bag as db
    import dask.dataframe as dd
    import pandas as pd

    bag = fp.dask.analyze_bag(db.from_sequence([*photos, b"no photo"], npartitions=3))
    got = bag.compute(scheduler=client)
    assert [bool(v) for v in got] == [True] * len(photos) + [False]
    assert numbers(got[: len(photos)]) == numbers(alone)

    frame = dd.from_pandas(pd.DataFrame({"photo": photos, "order": range(len(photos))}), npartitions=2)
    made = fp.dask.analyze_frame(frame).compute(scheduler=client)
    own = fp.to_frame(alone)
    assert list(made["sha256"]) == list(own["sha256"])
    assert list(made["edited_llr"]) == list(own["edited_llr"])
    with pytest.raises(fp.ParameterError, match="column"):
        fp.dask.analyze_frame(frame, column="picture")


def test_sharded_index_survives_a_lost_worker(client, photos, tmp_path):
    index = fp.dask.ShardedIndex.build(photos, tmp_path / "index", shards=3, client=client)
    whole = fp.SourceIndex.build(photos)
    assert len(index) == len(photos)

    def first(found):
        return found.source.name, found.distance

    wanted = [first(whole.search(fp.Photo.open(p), limit=1)[0]) for p in photos]
    assert [first(index.search(p, limit=1)[0]) for p in photos] == wanted
    # Killed, not asked to leave: what it was searching has to be searched again elsewhere.
    victim = next(iter(client.run(os.getpid).values()))
    timer = threading.Timer(0.2, os.kill, (victim, signal.SIGKILL))
    timer.start()
    assert [first(index.search(p, limit=1)[0]) for p in photos * 4] == wanted * 4
    timer.join()
    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)


def test_a_folder_without_shards_is_refused(tmp_path):
    with pytest.raises(fp.IndexFormatError, match="no shards"):
        fp.dask.ShardedIndex(tmp_path)
