import numpy as np
import pytest

import fakeproof as fp
from fakeproof.web import watermarks as watermarks_function
from fakeproof.web.marks import Mark, read_marks


@pytest.mark.parametrize(
    ("text", "kind", "platform", "account"),
    [
        ("小红书号：95012345678", "platform", "小红书", "95012345678"),
        ("小红书 ID: 9501234567", "platform", "小红书", "9501234567"),
        ("抖音号:dy_shop88", "platform", "抖音", "dy_shop88"),
        ("抖音号：12345678O1", "platform", "抖音", "1234567801"),
        ("@微博 阿花的店", "platform", "微博", "微博"),
        ("weibo.com/ahua", "platform", "微博", ""),
        ("@阿花的店", "account", "", "阿花的店"),
        ("shutterstock", "stock", "Shutterstock", ""),
        ("视觉中国 VCG211234", "stock", "视觉中国", "VCG211234"),
        ("gettyimages", "stock", "Getty Images", ""),
        ("AI生成", "ai_label", "", ""),
        ("内容由 AI 生成", "ai_label", "", ""),
        ("人工智能合成", "ai_label", "", ""),
        ("AI-generated", "ai_label", "", ""),
    ],
)
def test_marks_are_read(text, kind, platform, account):
    mark = read_marks(text)[0]
    assert (mark.kind, mark.platform, mark.account) == (kind, platform, account)


@pytest.mark.parametrize(
    "text", ["", "净含量 500 克", "MAIL generated 2024", "生产日期 20250101", "user@", "RED WINE", "书"]
)
def test_ordinary_text_has_none(text):
    assert read_marks(text) == ()


def test_without_the_extra_it_does_not_apply(monkeypatch):
    import sys

    module = sys.modules[watermarks_function.__module__]
    monkeypatch.setattr(module, "_reader", lambda: None)
    answer = watermarks_function(fp.Photo.from_array(np.zeros((300, 300, 3), np.uint8)))
    assert not answer
    assert "fakeproof[ocr]" in str(answer)
    assert "扩展" in answer.wording("zh")


class FakeReader:
    """Reads the same line in each whole strip whose bottom is dark."""

    def __init__(self, lines):
        self.lines = lines

    def __call__(self, pixels):
        return (self.lines if pixels[-1].mean() < 100 and pixels.shape[1] > 900 else None), None


LINE = [[[10.0, 20.0], [210.0, 20.0], [210.0, 60.0], [10.0, 60.0]], "小红书号：95012345678", 0.93]


def read_with(monkeypatch, lines):
    import sys

    monkeypatch.setattr(sys.modules[watermarks_function.__module__], "_reader", lambda: FakeReader(lines))
    canvas = np.full((1000, 800, 3), 200, np.uint8)
    canvas[-50:] = 20
    canvas[-40:-36, 100:160] = 220  # ink: a plain ground is not read at all
    return watermarks_function(fp.Photo.from_array(canvas))


def test_boxes_come_back_in_displayed_pixels(monkeypatch):
    finding = read_with(monkeypatch, [LINE])
    assert finding.supports is fp.Category.WEB_IMAGE
    (mark,) = finding.facts["marks"]
    assert (mark["platform"], mark["account"]) == ("小红书", "95012345678")
    assert mark["box"][0] == [5.0, 810.0]
    assert finding.regions[0].box == (5.0, 810.0, 105.0, 830.0)
    assert "95012345678" in finding.wording("zh")


def test_a_number_beneath_the_name_belongs_to_it(monkeypatch):
    lines = [[LINE[0], "小红书", 0.9], [[[x, y + 50] for x, y in LINE[0]], "950123456", 0.9]]
    assert read_with(monkeypatch, lines).facts["marks"][0]["account"] == "950123456"


def test_the_account_that_most_readings_share_wins(monkeypatch):
    import sys

    module = sys.modules[watermarks_function.__module__]
    marks = [
        (Mark("platform", "抖音", account, f"抖音号：{account}"), module._Line("", confidence, np.array(LINE[0])))
        for account, confidence in (("395360540277", 0.97), ("95360540277", 0.94), ("95360540277", 0.95))
    ]
    ((mark, _),) = module._surest(marks)
    assert mark.account == "95360540277"


def test_a_closer_look_is_taken_around_what_may_be_a_mark():
    import sys

    module = sys.modules[watermarks_function.__module__]
    canvas = fp.Photo.from_array(np.zeros((1000, 800, 3), np.uint8))
    lines = [module._Line(text, 0.9, np.add(LINE[0], (300, at))) for text, at in (("5692360277", 0), ("SALE", 500))]
    ((left, top, right, bottom, scale),) = module._closer(lines, canvas)
    assert (left, right) == (30, 790)
    assert top < 20
    assert bottom > 60
    assert scale == pytest.approx(56 / 40)


def test_a_plain_ground_is_not_read(monkeypatch):
    import sys

    module = sys.modules[watermarks_function.__module__]
    monkeypatch.setattr(module, "_reader", lambda: pytest.fail)
    plain = np.full((1000, 800, 3), 240, np.uint8)
    assert watermarks_function(fp.Photo.from_array(plain)).facts["marks"] == []


@pytest.mark.parametrize(("text", "parted"), [("抖音号：12345678", True), ("抖音号12345678", False), ("抖音", False)])
def test_an_account_is_parted_from_its_name(text, parted):
    assert read_marks(text)[0].parted is parted


@pytest.mark.parametrize("lines", [None, [[LINE[0], "小红书号：95012345678", 0.3]], [[LINE[0], "净含量", 0.99]]])
def test_nothing_is_claimed_from_doubtful_or_ordinary_text(monkeypatch, lines):
    finding = read_with(monkeypatch, lines)
    assert finding.supports is None
    assert finding.score == 0
    assert finding.regions == ()
