"""The page for services: its code is run as it stands, with stand-ins for the frameworks."""

import asyncio
import io
import re
import sys
import types
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

import fakeproof as fp

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "services.md"


class HTTPError(Exception):
    def __init__(self, status, detail):
        super().__init__(status, detail)


async def in_threadpool(function, *given):
    return await asyncio.to_thread(function, *given)


def stand_in(monkeypatch, name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def page(monkeypatch, tmp_path):
    def as_it_is(*given, **options):
        return types.SimpleNamespace(post=lambda path: lambda function: function, task=lambda function: function)

    stand_in(monkeypatch, "fastapi", FastAPI=as_it_is, HTTPException=HTTPError, UploadFile=object)
    stand_in(monkeypatch, "fastapi.concurrency", run_in_threadpool=in_threadpool)
    stand_in(monkeypatch, "celery", Celery=as_it_is)
    cat = fp.Photo.from_array(skimage.data.chelsea(), name="cat")
    fp.SourceIndex.build([fp.Source(cat, url="https://example.org/cat")]).save(tmp_path / "sources.index")
    fp.product.prepare([fp.Photo.from_array(skimage.data.coffee(), name="cup")]).save(tmp_path / "cup.npz")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fp, "warm_up", lambda: None)  # has its own test
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    yield names
    names["index"].close()


def jpeg():
    out = io.BytesIO()
    Image.fromarray(skimage.data.chelsea()[20:280, 30:430]).save(out, "JPEG", quality=90)
    return out.getvalue()


class Upload:
    filename = "cat.jpg"

    def __init__(self, data):
        self.data = data

    async def read(self):
        return self.data


def test_the_code_of_the_page_runs(page, tmp_path):
    said = asyncio.run(page["examine"](Upload(jpeg())))
    assert said["best"] == "web_image"
    with pytest.raises(page["HTTPException"]):
        asyncio.run(page["examine"](Upload(b"no photo")))
    (tmp_path / "cat.jpg").write_bytes(jpeg())
    again = fp.Verdict.from_json(page["examine_later"](str(tmp_path / "cat.jpg")))
    assert again.best.category is fp.Category.WEB_IMAGE
    assert (tmp_path / "cat.jpg.dossier" / "report.html").is_file()
    assert page["handle"](jpeg())["scores"]["web_image"]["decision"] == "not_examined"
    assert page["read"](b"")["code"] == "empty"
