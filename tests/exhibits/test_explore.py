"""The examiner's page, driven in a headless Chromium where there is one: it works from a file, and names stay text."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import skimage.data

import fakeproof as fp

HOSTILE = (
    'x"></script><script>document.body.dataset.hacked=1</script><img src=x onerror=document.body.dataset.hacked=1>.jpg'
)


@pytest.fixture(scope="module")
def verdict():
    original = skimage.data.chelsea()
    edited = original.copy()
    edited[60:140, 60:160] = edited[180:260, 240:340]
    source = fp.Source(fp.Photo.from_array(original, name=HOSTILE))
    chosen = ["match_sources", "source_difference", "noise", "copy_move"]
    return fp.analyze(fp.Photo.from_array(edited, name=HOSTILE), sources=[source], detectors=chosen)


def test_the_page_is_one_file_under_a_strict_policy(verdict, tmp_path):
    said = verdict.explore(tmp_path / "explore.html", lang="en")
    assert (tmp_path / "explore.html").read_text(encoding="utf-8") == said
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', said)
    assert policy.startswith("default-src 'none'")
    assert "unsafe-inline'; script" not in policy.partition("script-src")[2]
    assert said.count("<script") == 2
    assert not re.findall(r"(?:src|href)=[\"']?https?:", said)
    assert HOSTILE[:12] not in said
    assert len(said) < 3_000_000


def test_a_light_verdict_has_nothing_to_explore(verdict):
    with pytest.raises(fp.ParameterError, match="light"):
        verdict.light().explore()


class Browser:
    """A headless Chromium, told what to do through a pipe."""

    def __init__(self, program, folder, page):
        down, self.write = os.pipe()
        self.read, up = os.pipe()
        words = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 f"--user-data-dir={folder}", "--remote-debugging-pipe", "--window-size=420,900", "about:blank"]  # fmt: skip

        def at_three_and_four():
            # By way of high numbers: a pipe may have 3 or 4 itself.
            high = (os.dup2(down, 103), os.dup2(up, 104))
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            words, preexec_fn=at_three_and_four, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(down)
        os.close(up)
        self.rest, self.number, self.session = b"", 0, None
        target = self.call("Target.createTarget", url=page.as_uri())["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method, fine=(), **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                got = os.read(self.read, 1 << 16)
                assert got, "Chromium ended"
                self.rest += got
            one, _, self.rest = self.rest.partition(b"\0")
            answer = json.loads(one)
            if answer.get("id") == self.number:
                if answer.get("error", {}).get("message") in fine:
                    return {}
                assert "error" not in answer, answer
                return answer["result"]

    def ask(self, expression):
        made = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in made, made
        return made["result"].get("value")

    def wait_for(self, expression):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            made = self.call("Runtime.evaluate", fine=("Execution context was destroyed.",), expression=expression)
            if made.get("result", {}).get("value"):
                return
            time.sleep(0.05)
        raise TimeoutError(expression)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.write)
        os.close(self.read)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("chromium") or shutil.which("google-chrome")), reason="needs Chromium")
@pytest.mark.skipif(os.name != "posix", reason="drives it through file descriptors")
def test_a_person_can_examine_it(verdict, tmp_path):
    page = tmp_path / "#1 & <odd> name.html"
    verdict.explore(page, lang="zh")
    browser = Browser(shutil.which("chromium") or shutil.which("google-chrome"), tmp_path / "profile", page)
    try:
        browser.wait_for("document.body.dataset.ready")
        assert browser.ask("document.body.dataset.hacked === undefined")
        assert "onerror" in browser.ask("document.getElementById('about').textContent")
        assert browser.ask("document.querySelectorAll('.pane').length") == 2
        assert browser.ask("[...document.images].filter((i) => i.src).every((i) => i.complete && i.naturalWidth > 0)")
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth + 1")  # no sideways scrolling on a phone
        # A row shows its place, its map and its rings.
        browser.ask("document.querySelector('tr[data-detector=source_difference]').click()")
        assert browser.ask("document.querySelectorAll('polygon.lit').length") >= 1
        assert browser.ask("document.getElementById('map').hidden") is False
        assert float(browser.ask("document.body.dataset.zoom")) > 1
        same = "new Set([...document.querySelectorAll('.pane > div')].map((d) => d.style.transform)).size"
        assert browser.ask(same) == 1
        # The slider, the rings, the wheel, and back.
        browser.ask(
            "{ const s = document.getElementById('strength'); s.value = 20; s.dispatchEvent(new Event('input')); }"
        )
        assert browser.ask("document.getElementById('map').style.opacity") == "0.2"
        browser.ask("document.querySelector('input[data-detector=source_difference]').click()")
        shown = "[...document.querySelectorAll('polygon.lit')].filter((p) => p.style.display !== 'none').length"
        assert browser.ask(shown) == 0
        before = float(browser.ask("document.body.dataset.zoom"))
        browser.ask(
            "document.querySelector('.pane').dispatchEvent(new WheelEvent('wheel', {deltaY: 200, cancelable: true}))"
        )
        assert float(browser.ask("document.body.dataset.zoom")) < before
        browser.ask("document.querySelector('button').click()")
        assert float(browser.ask("document.body.dataset.zoom")) == 1
        if os.environ.get("FAKEPROOF_SHOTS"):  # for looking at it
            import base64

            browser.ask("document.querySelector('tr[data-detector=source_difference]').click()")
            shot = browser.call("Page.captureScreenshot", format="png")["data"]
            (Path(os.environ["FAKEPROOF_SHOTS"]) / "explore.png").write_bytes(base64.b64decode(shot))
    finally:
        browser.close()


def test_maps_are_clear_where_they_are_low(verdict):
    import base64

    import cv2

    from fakeproof.exhibits.explore import _heat

    for finding in verdict.findings:
        if finding.heatmap is None:
            continue
        data = base64.b64decode(_heat(finding).partition(",")[2])
        seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert seen.shape[2] == 4
        low = cv2.resize(finding.heatmap, seen.shape[1::-1], interpolation=cv2.INTER_AREA) <= 0
        assert (seen[..., 3][low] == 0).all()
