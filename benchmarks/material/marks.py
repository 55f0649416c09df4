"""What buyers and apps lay over a photo openly: strokes, words, stickers, mosaic, stamps, frames, collages."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.material.ink import (
    PALETTE,
    RGB,
    WORDS,
    Generator,
    Points,
    blank,
    ellipse,
    fill,
    font_for,
    glyphs,
    lay,
    pen_colour,
    pen_width,
    place,
    stroke,
    text_size,
    wave,
)

Change = Callable[[RGB, Generator], RGB]
RIGHT = np.array([1.0, 0.0])


def _side(rgb: RGB) -> int:
    return int(max(rgb.shape[:2]))


def circle(rgb: RGB, rng: Generator) -> RGB:
    """Circle one to three places, by hand or with a shape tool."""
    colour, width = pen_colour(rng), pen_width(rgb.shape, rng)
    layer, hand = blank(rgb.shape), rng.random() < 0.65
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        radii = np.exp(rng.uniform(np.log(0.04), np.log(0.22), 2)) * _side(rgb)
        radii = radii if hand else np.full(2, radii[0])
        stroke(layer, ellipse(place(rgb.shape, rng), radii, rng, wobble=rng.uniform(0.03, 0.12) if hand else 0), width)
    return lay(rgb, layer, colour)


def arrow(rgb: RGB, rng: Generator) -> RGB:
    """Point at one or two places."""
    colour, width, layer = pen_colour(rng), pen_width(rgb.shape, rng), blank(rgb.shape)
    for _ in range(int(rng.choice([1, 1, 2]))):
        tip, angle = place(rgb.shape, rng), rng.uniform(0, 2 * np.pi)
        length = rng.uniform(0.08, 0.3) * _side(rgb)
        way = np.array([np.cos(angle), np.sin(angle)])
        tail, head = tip - length * way, max(4.0 * width, 0.2 * length)
        side = np.array([-way[1], way[0]])
        stroke(layer, wave(tail, tip, rng, bend=rng.choice([0, 0.05])), width)
        barbs = np.array([tip - head * way + 0.55 * head * side, tip, tip - head * way - 0.55 * head * side])
        (fill if rng.random() < 0.5 else lambda lay_, p: stroke(lay_, p, width))(layer, barbs)
    return lay(rgb, layer, colour)


def box(rgb: RGB, rng: Generator) -> RGB:
    """Frame one or two places."""
    colour, width, layer = pen_colour(rng), pen_width(rgb.shape, rng), blank(rgb.shape)
    for _ in range(int(rng.choice([1, 1, 2]))):
        centre, half = place(rgb.shape, rng), rng.uniform(0.04, 0.2, 2) * _side(rgb)
        (x, y), (w, h) = centre, half
        stroke(layer, np.array([[x - w, y - h], [x + w, y - h], [x + w, y + h], [x - w, y + h]]), width, closed=True)
    return lay(rgb, layer, colour)


def pen(rgb: RGB, rng: Generator) -> RGB:
    """Underline, tick, cross, or scribble beside a place."""
    colour, width, layer = pen_colour(rng), pen_width(rgb.shape, rng), blank(rgb.shape)
    at, size = place(rgb.shape, rng, margin=0.2), rng.uniform(0.05, 0.18) * _side(rgb)
    style = int(rng.integers(4))
    if style == 0:
        for k in range(int(rng.integers(1, 3))):
            shift = np.array([0, 3 * k * width])
            stroke(layer, wave(at + shift - size * RIGHT, at + shift + size * RIGHT, rng, bend=0.03), width)
    elif style == 1:
        stroke(layer, at + size * np.array([[-0.5, 0], [-0.1, 0.45], [0.8, -0.6]]), width)
    elif style == 2:
        for flip in (1, -1):
            stroke(layer, wave(at - size * np.array([1, flip]), at + size * np.array([1, flip]), rng, bend=0.04), width)
    else:
        path = at + np.cumsum(rng.normal(0, size / 12, (60, 2)), axis=0)
        stroke(layer, cv2.blur(path.astype(np.float32), (1, 9)), width)
    return lay(rgb, layer, colour)


def highlighter(rgb: RGB, rng: Generator) -> RGB:
    """Draw a wide, half transparent marker over a place."""
    layer = blank(rgb.shape)
    at, size = place(rgb.shape, rng, margin=0.2), rng.uniform(0.08, 0.25) * _side(rgb)
    stroke(
        layer, wave(at - size * RIGHT, at + size * RIGHT, rng, bend=0.03), round(rng.uniform(0.02, 0.05) * _side(rgb))
    )
    return lay(rgb, layer, PALETTE[int(rng.choice([3, 3, 5, 7, 10]))], float(rng.uniform(0.35, 0.6)))


def _written(rgb: RGB, text: str, rng: Generator, size: int) -> RGB:
    """Type a line somewhere: plain, outlined, or on a bar of its own."""
    font, weight = font_for(text, rng), int(rng.choice([300, 400, 600, 800]))
    width, height = text_size(text, size, weight=weight, font=font)
    while width > 0.9 * rgb.shape[1] and size > 10:
        size = round(size * 0.8)
        width, height = text_size(text, size, weight=weight, font=font)
    x = int(rng.integers(4, max(5, rgb.shape[1] - width - 4)))
    y = int(rng.integers(height + 4, max(height + 5, rgb.shape[0] - 4)))
    ink, style = pen_colour(rng), int(rng.integers(4))
    letters = glyphs(rgb.shape, text, (x, y), size, weight=weight, font=font)
    out, other = rgb, (255, 255, 255) if sum(ink) < 500 else (0, 0, 0)
    if style == 0:
        rim = max(1, size // 16)
        out = lay(out, cv2.dilate(letters, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1,) * 2)), other)
    if style == 1:
        bar = blank(rgb.shape)
        pad = size // 3
        cv2.rectangle(bar, (x - pad, y - height - pad // 2), (x + width + pad, y + pad), 255, -1)
        out = lay(out, bar, other, float(rng.choice([0.55, 1.0])))
    return lay(out, letters, ink)


def text(rgb: RGB, rng: Generator) -> RGB:
    """Type a word or a line."""
    return _written(rgb, str(rng.choice(WORDS)), rng, round(rng.uniform(0.03, 0.09) * _side(rgb)))


def arrow_and_text(rgb: RGB, rng: Generator) -> RGB:
    """Point at a place and say what is wrong."""
    return text(arrow(rgb, rng), rng)


def handwriting(rgb: RGB, rng: Generator) -> RGB:
    """Write by finger: a few characters of jittered strokes."""
    colour, layer = pen_colour(rng), blank(rgb.shape)
    size = rng.uniform(0.04, 0.09) * _side(rgb)
    width, at = max(2, round(size * rng.uniform(0.06, 0.12))), place(rgb.shape, rng, margin=0.12)
    for k in range(int(rng.integers(2, 6))):
        corner = at + size * np.array([1.15 * k, rng.normal(0, 0.06)])
        for _ in range(int(rng.integers(3, 7))):
            a, b = rng.random((2, 2))
            b = np.where(rng.random(2) < 0.5, b, a + rng.normal(0, 0.1, 2))
            stroke(layer, corner + size * wave(a, b, rng, bend=0.08), width)
    return lay(rgb, layer, colour)


def number_dots(rgb: RGB, rng: Generator) -> RGB:
    """Lay digits on filled discs."""
    out, radius, colour = rgb, round(rng.uniform(0.015, 0.035) * _side(rgb)), pen_colour(rng)
    for k in range(int(rng.integers(1, 5))):
        x, y = (int(v) for v in place(rgb.shape, rng, margin=0.1))
        disc = blank(rgb.shape)
        cv2.circle(disc, (x, y), radius, 255, -1, cv2.LINE_AA)
        w, h = text_size(str(k + 1), radius, weight=600)
        white = (255, 255, 255) if sum(colour) < 600 else (0, 0, 0)
        digit = glyphs(rgb.shape, str(k + 1), (x - w // 2, y + h // 3), radius, weight=600)
        out = lay(lay(out, disc, colour), digit, white)
    return out


def _face(at: Points, r: float, rng: Generator) -> list[tuple[str, Points, tuple[int, int, int]]]:
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    dark, mood = (90, 55, 10), float(rng.choice([-1, 1]))
    parts = [("fill", at + r * ring, (255, 204, 40))]
    for side in (-1, 1):
        parts.append(("fill", at + r * (np.array([0.35 * side, -0.2]) + ring * [0.12, 0.17]), dark))
    t = np.linspace(-0.5, 0.5, 20)
    parts.append(("line", at + r * np.stack([t, 0.42 + mood * (0.18 - 0.7 * t * t)], axis=1), dark))
    if rng.random() < 0.5:
        parts.append(("fill", at + r * (np.array([0.45, 0.25]) + ring * [0.1, 0.2]), (90, 180, 255)))
    return parts


def _shape(at: Points, r: float, rng: Generator) -> list[tuple[str, Points, tuple[int, int, int]]]:
    t = np.linspace(0, 2 * np.pi, 80)
    style = int(rng.integers(3))
    if style == 0:
        outline = np.stack([16 * np.sin(t) ** 3, -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t)], axis=1) / 17
    elif style == 1:
        spikes = np.arange(10)
        reach = np.where(spikes % 2, 0.42, 1.0)
        outline = np.stack([np.sin(spikes * np.pi / 5) * reach, -np.cos(spikes * np.pi / 5) * reach], axis=1)
    else:
        outline = np.stack([np.cos(t) * (1 + 0.12 * np.cos(9 * t)), np.sin(t) * (1 + 0.12 * np.cos(9 * t))], axis=1)
    colour = ((235, 50, 60), (255, 200, 30), (255, 120, 170))[style]
    return [("fill", at + 1.1 * r * outline, (255, 255, 255)), ("fill", at + r * outline, colour)]


def sticker(rgb: RGB, rng: Generator) -> RGB:
    """Lay emoji faces, hearts, stars over it."""
    out = rgb
    for _ in range(int(rng.integers(1, 5))):
        r = rng.uniform(0.03, 0.1) * _side(rgb)
        parts = (_face if rng.random() < 0.6 else _shape)(place(rgb.shape, rng, margin=0.1), r, rng)
        for how, points, colour in parts:
            layer = blank(rgb.shape)
            if how == "fill":
                fill(layer, points)
            else:
                stroke(layer, points, max(2, round(0.08 * r)))
            out = lay(out, layer, colour)
    return out


def _hidden_box(rgb: RGB, rng: Generator) -> tuple[int, int, int, int]:
    height, width = rgb.shape[:2]
    w, h = round(rng.uniform(0.1, 0.4) * width), round(rng.uniform(0.03, 0.2) * height)
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    return x, y, w, h


def mosaic(rgb: RGB, rng: Generator) -> RGB:
    """Pixelate a place: a rectangle, or what a finger wiped over, on a grid of the app's own."""
    step = max(6, round(rng.uniform(0.008, 0.03) * _side(rgb)))
    rows, columns = -(-rgb.shape[0] // step), -(-rgb.shape[1] // step)
    padded = cv2.copyMakeBorder(
        rgb, 0, rows * step - rgb.shape[0], 0, columns * step - rgb.shape[1], cv2.BORDER_REPLICATE
    )
    coarse = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    blocks = np.repeat(np.repeat(coarse, step, axis=0), step, axis=1)[: rgb.shape[0], : rgb.shape[1]]
    layer = blank(rgb.shape)
    if rng.random() < 0.5:
        x, y, w, h = _hidden_box(rgb, rng)
        layer[y : y + h, x : x + w] = 255
    else:
        at, size = place(rgb.shape, rng, margin=0.2), rng.uniform(0.06, 0.2) * _side(rgb)
        stroke(
            layer,
            wave(at - size * RIGHT, at + size * RIGHT, rng, bend=0.1),
            round(rng.uniform(0.03, 0.08) * _side(rgb)),
        )
    if rng.random() < 0.6:  # whole squares, or the brush's own outline
        whole = cv2.resize(layer, (columns, rows), interpolation=cv2.INTER_AREA) > 100
        layer = (np.repeat(np.repeat(whole, step, axis=0), step, axis=1)[: rgb.shape[0], : rgb.shape[1]] * 255).astype(
            np.uint8
        )
    return np.where(layer[..., None] > 127, blocks, rgb)


def hide_blur(rgb: RGB, rng: Generator) -> RGB:
    """Blur a place so that nobody can read it."""
    x, y, w, h = _hidden_box(rgb, rng)
    out = rgb.copy()
    out[y : y + h, x : x + w] = cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.008, 0.02) * _side(rgb))[
        y : y + h, x : x + w
    ]
    return out


def blackout(rgb: RGB, rng: Generator) -> RGB:
    """Cover one to three places with bars of one colour."""
    out, shade = rgb.copy(), int(rng.choice([0, 0, 0, 255, 128]))
    for _ in range(int(rng.integers(1, 4))):
        x, y, w, h = _hidden_box(rgb, rng)
        out[y : y + max(8, h // 2), x : x + w] = shade
    return out


def scribble_out(rgb: RGB, rng: Generator) -> RGB:
    """Hatch over a place until it is hidden."""
    x, y, w, h = _hidden_box(rgb, rng)
    turns = int(rng.integers(6, 20))
    xs = np.linspace(x, x + w, turns) + rng.normal(0, 0.01 * w, turns)
    ys = np.where(np.arange(turns) % 2, y, y + h) + rng.normal(0, 0.05 * h, turns)
    layer = blank(rgb.shape)
    stroke(layer, np.stack([xs, ys], axis=1), max(4, pen_width(rgb.shape, rng)))
    return lay(rgb, layer, pen_colour(rng))


def _moment(rng: Generator) -> tuple[str, str]:
    day = f"2026{rng.choice(['-', '/', '.', ':'])}".ljust(4)
    sep = day[-1]
    date = f"{day}{rng.integers(1, 13):02d}{sep}{rng.integers(1, 29):02d}"
    return date, f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}" + f":{rng.integers(0, 60):02d}" * int(
        rng.random() < 0.4
    )


def timestamp(rgb: RGB, rng: Generator) -> RGB:
    """Burn date and time into a corner, as cameras and phones do."""
    date, time = _moment(rng)
    size, line = round(rng.uniform(0.02, 0.045) * _side(rgb)), f"{date} {time}"
    font, weight = str(rng.choice(["sans", "uni"])), int(rng.choice([300, 400, 600]))
    width, height = text_size(line, size, weight=weight, font=font)
    pad, right, low = size // 2, rng.random() < 0.6, rng.random() < 0.8
    x = rgb.shape[1] - width - pad if right else pad
    y = rgb.shape[0] - pad if low else height + pad
    letters = glyphs(rgb.shape, line, (max(2, x), y), size, weight=weight, font=font)
    colour = ((255, 140, 20), (255, 255, 255), (255, 220, 0), (255, 60, 30))[int(rng.integers(4))]
    out = lay(rgb, np.roll(letters, (2, 2), (0, 1)), (0, 0, 0), 0.6) if rng.random() < 0.4 else rgb
    return lay(out, letters, colour)


def stamp(rgb: RGB, rng: Generator) -> RGB:
    """Add what a stamp camera prints: a large clock, date, weekday, weather, place."""
    date, time = _moment(rng)
    size, out = round(rng.uniform(0.018, 0.032) * _side(rgb)), rgb
    x, y = round(0.04 * rgb.shape[1]), round(rgb.shape[0] * rng.choice([0.3, 0.72]))
    if rng.random() < 0.5:
        panel = blank(rgb.shape)
        cv2.rectangle(panel, (x - size, y - 3 * size), (x + 16 * size, y + 5 * size), 255, -1)
        out = lay(out, panel, ((20, 60, 160), (0, 0, 0), (255, 255, 255))[int(rng.integers(3))], 0.35)
    lines = ((time[:5], 3 * size), (f"{date} 星期{rng.choice(list('一二三四五六日'))} {rng.integers(-5, 38)}℃", size),
             (str(rng.choice(["浙江省杭州市余杭区", "广东省深圳市南山区", "Haidian, Beijing"])), size))  # fmt: skip
    for words, tall in lines:
        shadow = glyphs(rgb.shape, words, (x + 1, y + 1), tall, weight=600)
        letters = glyphs(rgb.shape, words, (x, y), tall, weight=600)
        out = lay(lay(out, shadow, (0, 0, 0), 0.4), letters, (255, 255, 255))
        y += round(1.5 * size)
    return out


def watermark(rgb: RGB, rng: Generator) -> RGB:
    """Add an account's name as platforms do, or words repeated over the whole photo."""
    words = str(rng.choice(["@小红薯", "抖音号：", "微博 @user", "Shot on MI 14", "@photo_"])) + str(
        rng.integers(10**4, 10**8)
    )
    size = round(rng.uniform(0.02, 0.04) * _side(rgb))
    if rng.random() < 0.75:
        width, _ = text_size(words, size)
        x = int(rng.choice([size, max(size, rgb.shape[1] - width - size)]))
        letters = glyphs(rgb.shape, words, (x, rgb.shape[0] - size), size, weight=500)
        return lay(
            lay(rgb, np.roll(letters, (1, 1), (0, 1)), (0, 0, 0), 0.3),
            letters,
            (255, 255, 255),
            float(rng.uniform(0.6, 1)),
        )
    large = blank((2 * rgb.shape[0], 2 * rgb.shape[1]))
    for y in range(size, large.shape[0], round(rng.uniform(5, 9) * size)):
        large |= glyphs(large.shape, (words + "      ") * 6, (0, y), size)
    turn = cv2.getRotationMatrix2D((rgb.shape[1], rgb.shape[0]), 30, 1)
    turned = cv2.warpAffine(large, turn, large.shape[1::-1])
    top, left = rgb.shape[0] // 2, rgb.shape[1] // 2
    return lay(
        rgb, turned[top : top + rgb.shape[0], left : left + rgb.shape[1]], (255, 255, 255), rng.uniform(0.15, 0.4)
    )


def border(rgb: RGB, rng: Generator) -> RGB:
    """Add a frame of one colour, wider below at times."""
    edge = round(rng.uniform(0.01, 0.08) * min(rgb.shape[:2]))
    below = edge * int(rng.choice([1, 1, 4]))
    colour = [int(v) for v in ((255, 255, 255), (0, 0, 0), (245, 240, 230))[int(rng.integers(3))]]
    return cv2.copyMakeBorder(rgb, edge, below, edge, edge, cv2.BORDER_CONSTANT, value=colour)


def rounded(rgb: RGB, rng: Generator) -> RGB:
    """Round the corners off against white or black."""
    height, width = rgb.shape[:2]
    r = round(rng.uniform(0.03, 0.12) * min(height, width))
    keep = blank(rgb.shape)
    cv2.rectangle(keep, (r, 0), (width - 1 - r, height - 1), 255, -1)
    cv2.rectangle(keep, (0, r), (width - 1, height - 1 - r), 255, -1)
    for x in (r, width - 1 - r):
        for y in (r, height - 1 - r):
            cv2.circle(keep, (x, y), r, 255, -1, cv2.LINE_AA)
    return lay(rgb, 255 - keep, (255,) * 3 if rng.random() < 0.7 else (0,) * 3)


def caption(rgb: RGB, rng: Generator) -> RGB:
    """Add a bar with a camera's name below, or a line of words above."""
    tall = round(rng.uniform(0.06, 0.12) * max(rgb.shape[:2]))
    bar = np.full((tall, rgb.shape[1], 3), 255 if rng.random() < 0.7 else 12, np.uint8)
    ink = (20, 20, 20) if bar[0, 0, 0] > 128 else (240, 240, 240)
    words = str(rng.choice(["Xiaomi 14 Ultra", "LEICA 35mm f/1.8 1/120s", "收到的货 2026.05.04", "实拍图"]))
    bar = lay(bar, glyphs(bar.shape, words, (tall // 3, round(0.62 * tall)), round(0.3 * tall)), ink)
    return np.vstack([rgb, bar] if rng.random() < 0.75 else [bar, rgb])


def blurred_bars(rgb: RGB, rng: Generator) -> RGB:
    """Put the photo on a blurred, enlarged copy of itself, as short-video apps do."""
    height, width = rgb.shape[:2]
    tall = round(width * rng.uniform(1.3, 1.8)) if width >= height else height
    wide = width if width >= height else round(height * rng.uniform(0.9, 1.3))
    ground = cv2.resize(cv2.GaussianBlur(rgb, (0, 0), 0.03 * _side(rgb)), (wide, max(tall, height)))
    top, left = (ground.shape[0] - height) // 2, (wide - width) // 2
    ground[top : top + height, max(0, left) : max(0, left) + width] = rgb[:, : ground.shape[1]]
    return ground


def collage(rgb: RGB, rng: Generator) -> RGB:
    """Put two to nine parts of the photo into cells, each at its own scale; no part is used twice."""
    rows, columns = ((1, 2), (2, 1), (1, 3), (2, 2), (3, 3), (2, 3), (3, 1))[int(rng.integers(7))]
    gap, shade = int(rng.choice([0, 4, 8, 16])), int(rng.choice([255, 255, 0]))
    height, width = rgb.shape[0] // rows, rgb.shape[1] // columns
    cell_h, cell_w = round(height * rng.uniform(0.8, 1)), round(width * rng.uniform(0.8, 1))
    out = np.full((rows * (cell_h + gap) + gap, columns * (cell_w + gap) + gap, 3), shade, np.uint8)
    order = rng.permutation(rows * columns)
    for k, source in enumerate(order):
        y, x = divmod(int(source), columns)
        part = rgb[y * height : (y + 1) * height, x * width : (x + 1) * width]
        top, left = gap + (k // columns) * (cell_h + gap), gap + (k % columns) * (cell_w + gap)
        out[top : top + cell_h, left : left + cell_w] = _fitted(part, cell_w, cell_h, rng.uniform(0.75, 1))
    return out


def _fitted(part: RGB, width: int, height: int, keep: float) -> RGB:
    scale = max(width / part.shape[1], height / part.shape[0]) / keep
    large = cv2.resize(part, (max(width, round(part.shape[1] * scale)), max(height, round(part.shape[0] * scale))))
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return large[top : top + height, left : left + width]


MARKS: dict[str, Change] = {
    "circle": circle, "arrow": arrow, "box": box, "pen": pen, "highlighter": highlighter, "text": text,
    "arrow and text": arrow_and_text, "handwriting": handwriting, "number dots": number_dots, "sticker": sticker,
    "mosaic": mosaic, "hide by blur": hide_blur, "blackout": blackout, "scribble out": scribble_out,
    "timestamp": timestamp, "stamp": stamp, "watermark": watermark, "border": border, "rounded corners": rounded,
    "caption": caption, "blurred bars": blurred_bars, "collage": collage,
}  # fmt: skip
"""What is laid over openly, by name."""
