"""What happens to a web photo that is handed in as evidence: more than 60 kinds, with random parameters, seeded."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Generator = np.random.Generator
Picture = Image.Image
Others = Sequence[Picture]
Attack = Callable[[Picture, Generator, Others], Picture]

FINAL_QUALITY = (70, 92)
LONG_SIDE = 1000


def attack(picture: Picture, kind: str, *, seed: int, others: Others = ()) -> bytes:
    """Return the JPEG that a re-user hands in.

    Parameters
    ----------
    picture : Image
        The source.
    kind : str
        One of :data:`KINDS`.
    seed : int
        Same seed, same bytes.
    others : sequence of Image
        Unrelated photos for backgrounds and collages.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, *kind.encode()]))
    done = KINDS[kind](_limited(picture.convert("RGB")), rng, [_limited(o.convert("RGB")) for o in others])
    return _jpeg(done, int(rng.integers(*FINAL_QUALITY)))


def _limited(picture: Picture) -> Picture:
    if max(picture.size) <= LONG_SIDE:
        return picture
    scale = LONG_SIDE / max(picture.size)
    return picture.resize(_size(picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS)


def _size(width: float, height: float) -> tuple[int, int]:
    return max(8, round(width)), max(8, round(height))


def _jpeg(picture: Picture, quality: int) -> bytes:
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def _again(picture: Picture, quality: int) -> Picture:
    return Image.open(io.BytesIO(_jpeg(picture, quality))).convert("RGB")


def _between(rng: Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _signed(rng: Generator, low: float, high: float) -> float:
    return _between(rng, low, high) * (1 if rng.random() < 0.5 else -1)


def _colour(rng: Generator) -> tuple[int, int, int]:
    r, g, b = rng.integers(0, 256, 3)
    return int(r), int(g), int(b)


def resave(low: int, high: int) -> Attack:
    return lambda p, rng, _: _again(p, int(rng.integers(low, high)))


def thrice(p: Picture, rng: Generator, _: Others) -> Picture:
    for _round in range(3):
        p = _again(p, int(rng.integers(50, 85)))
    return p


def resize(low: float, high: float) -> Attack:
    def act(p: Picture, rng: Generator, _: Others) -> Picture:
        scale = _between(rng, low, high)
        return p.resize(_size(p.width * scale, p.height * scale), Image.Resampling.BICUBIC)

    return act


def stretch(p: Picture, rng: Generator, _: Others) -> Picture:
    ratio = math.exp(_signed(rng, math.log(1.08), math.log(1.4)))
    return p.resize(_size(p.width * ratio, p.height))


def crop(low: float, high: float, *, centred: bool = False) -> Attack:
    """Cut away a share of the area, `low` to `high`, anywhere or evenly around."""

    def act(p: Picture, rng: Generator, _: Others) -> Picture:
        keep = math.sqrt(1 - _between(rng, low, high))
        w, h = _size(p.width * keep, p.height * keep)
        x, y = (p.width - w) / 2, (p.height - h) / 2
        if not centred:
            x, y = rng.integers(0, p.width - w + 1), rng.integers(0, p.height - h + 1)
        return p.crop((int(x), int(y), int(x) + w, int(y) + h))

    return act


def square(p: Picture, rng: Generator, _: Others) -> Picture:
    side = min(p.size)
    x, y = rng.integers(0, p.width - side + 1), rng.integers(0, p.height - side + 1)
    return p.crop((int(x), int(y), int(x) + side, int(y) + side))


def turn(degrees: int) -> Attack:
    return lambda p, rng, _: p.rotate(degrees, expand=True)


def rotate(low: float, high: float, *, cut: bool = False) -> Attack:
    def act(p: Picture, rng: Generator, _: Others) -> Picture:
        angle = _signed(rng, low, high)
        out = p.rotate(angle, Image.Resampling.BICUBIC, expand=not cut, fillcolor=_colour(rng))
        if cut:
            keep = 0.72
            dx, dy = p.width * (1 - keep) / 2, p.height * (1 - keep) / 2
            out = out.crop((int(dx), int(dy), int(p.width - dx), int(p.height - dy)))
        return out

    return act


def mirror(p: Picture, rng: Generator, _: Others) -> Picture:
    return ImageOps.mirror(p)


def flip(p: Picture, rng: Generator, _: Others) -> Picture:
    return ImageOps.flip(p)


def enhance(kind: Callable[[Picture], ImageEnhance._Enhance], low: float, high: float) -> Attack:
    return lambda p, rng, _: kind(p).enhance(_between(rng, low, high))


def gamma(low: float, high: float) -> Attack:
    def act(p: Picture, rng: Generator, _: Others) -> Picture:
        power = _between(rng, low, high)
        return p.point([round(255 * (v / 255) ** power) for v in range(256)] * 3)

    return act


def tint(p: Picture, rng: Generator, _: Others) -> Picture:
    gains = rng.uniform(0.7, 1.3, 3)
    return Image.fromarray(np.clip(np.asarray(p) * gains, 0, 255).astype(np.uint8))


def grey(p: Picture, rng: Generator, _: Others) -> Picture:
    return p.convert("L").convert("RGB")


def sepia(p: Picture, rng: Generator, _: Others) -> Picture:
    return ImageOps.colorize(p.convert("L"), (40, 20, 0), (255, 240, 200))


def invert_tones(p: Picture, rng: Generator, _: Others) -> Picture:
    return ImageOps.posterize(ImageOps.autocontrast(p, cutoff=3), 5)


def equalise(p: Picture, rng: Generator, _: Others) -> Picture:
    return ImageOps.equalize(p)


def beauty(p: Picture, rng: Generator, _: Others) -> Picture:
    soft = p.filter(ImageFilter.GaussianBlur(2))
    return ImageEnhance.Brightness(Image.blend(p, soft, 0.6)).enhance(_between(rng, 1.05, 1.2))


def vignette(p: Picture, rng: Generator, _: Others) -> Picture:
    y, x = np.mgrid[-1 : 1 : p.height * 1j, -1 : 1 : p.width * 1j]
    fall = 1 - _between(rng, 0.3, 0.6) * (x * x + y * y) / 2
    return Image.fromarray((np.asarray(p) * fall[..., None]).astype(np.uint8))


def blur(low: float, high: float) -> Attack:
    return lambda p, rng, _: p.filter(ImageFilter.GaussianBlur(_between(rng, low, high)))


def motion_blur(p: Picture, rng: Generator, _: Others) -> Picture:
    import cv2

    length = int(rng.integers(4, 9))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    if rng.random() < 0.5:
        kernel = kernel.T
    return Image.fromarray(cv2.filter2D(np.asarray(p), -1, np.ascontiguousarray(kernel)))


def sharpen(p: Picture, rng: Generator, _: Others) -> Picture:
    return p.filter(ImageFilter.UnsharpMask(2, int(rng.integers(120, 250)), 2))


def noise(low: float, high: float) -> Attack:
    def act(p: Picture, rng: Generator, _: Others) -> Picture:
        array = np.asarray(p) + rng.normal(0, _between(rng, low, high), (p.height, p.width, 3))
        return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))

    return act


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8, size))


def watermark(p: Picture, rng: Generator, _: Others) -> Picture:
    layer = Image.new("RGBA", p.size, (0, 0, 0, 0))
    text, size = f"@shop{rng.integers(10**6, 10**9)}", max(12, round(0.05 * min(p.size)))
    where = (_between(rng, 0, 0.6) * p.width, _between(rng, 0, 0.9) * p.height)
    ImageDraw.Draw(layer).text(where, text, font=_font(size), fill=(255, 255, 255, int(rng.integers(120, 230))))
    return Image.alpha_composite(p.convert("RGBA"), layer).convert("RGB")


def tiled_watermark(p: Picture, rng: Generator, _: Others) -> Picture:
    layer = Image.new("RGBA", (p.width * 2, p.height * 2), (0, 0, 0, 0))
    draw, size = ImageDraw.Draw(layer), max(12, round(0.06 * min(p.size)))
    for y in range(0, layer.height, 4 * size):
        for x in range(0, layer.width, 9 * size):
            draw.text((x, y), "SAMPLE", font=_font(size), fill=(255, 255, 255, int(rng.integers(70, 130))))
    layer = layer.rotate(30).crop((p.width // 2, p.height // 2, p.width // 2 + p.width, p.height // 2 + p.height))
    return Image.alpha_composite(p.convert("RGBA"), layer).convert("RGB")


def banner(p: Picture, rng: Generator, _: Others) -> Picture:
    out, height = p.copy(), round(p.height * _between(rng, 0.1, 0.22))
    top = 0 if rng.random() < 0.5 else p.height - height
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, top, p.width, top + height), fill=_colour(rng))
    draw.text((0.05 * p.width, top + 0.2 * height), "SALE 50% OFF", font=_font(height // 2), fill=_colour(rng))
    return out


def sticker(low: float, high: float) -> Attack:
    """Cover a share of the area by a piece of another photo."""

    def act(p: Picture, rng: Generator, others: Others) -> Picture:
        out, scale = p.copy(), math.sqrt(_between(rng, low, high))
        piece = others[int(rng.integers(len(others)))].resize(_size(p.width * scale, p.height * scale))
        mask = Image.new("L", piece.size, 0)
        ImageDraw.Draw(mask).ellipse((0, 0, *piece.size), fill=255)
        where = (int(rng.integers(0, p.width - piece.width + 1)), int(rng.integers(0, p.height - piece.height + 1)))
        out.paste(piece, where, mask)
        return out

    return act


def emoji(p: Picture, rng: Generator, _: Others) -> Picture:
    out = p.copy()
    draw = ImageDraw.Draw(out)
    for _number in range(int(rng.integers(3, 7))):
        r = _between(rng, 0.04, 0.09) * min(p.size)
        x, y = _between(rng, 0, 1) * p.width, _between(rng, 0, 1) * p.height
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_colour(rng), outline=(0, 0, 0))
    return out


def circles(p: Picture, rng: Generator, _: Others) -> Picture:
    out = p.copy()
    draw = ImageDraw.Draw(out)
    for _number in range(int(rng.integers(1, 4))):
        x, y = _between(rng, 0.2, 0.8) * p.width, _between(rng, 0.2, 0.8) * p.height
        r = _between(rng, 0.08, 0.2) * min(p.size)
        draw.ellipse((x - r, y - r, x + r, y + r), outline=(255, 0, 0), width=max(3, p.width // 120))
    return out


def mosaic(p: Picture, rng: Generator, _: Others) -> Picture:
    out, w, h = p.copy(), round(p.width * _between(rng, 0.2, 0.4)), round(p.height * _between(rng, 0.2, 0.4))
    x, y = int(rng.integers(0, p.width - w + 1)), int(rng.integers(0, p.height - h + 1))
    part = out.crop((x, y, x + w, y + h)).resize(_size(w / 12, h / 12)).resize((w, h), Image.Resampling.NEAREST)
    out.paste(part, (x, y))
    return out


def frame(p: Picture, rng: Generator, _: Others) -> Picture:
    return ImageOps.expand(p, round(_between(rng, 0.03, 0.15) * min(p.size)), _colour(rng))


def polaroid(p: Picture, rng: Generator, _: Others) -> Picture:
    edge = round(0.06 * min(p.size))
    out = Image.new("RGB", (p.width + 2 * edge, p.height + 6 * edge), (250, 250, 245))
    out.paste(p, (edge, edge))
    return out.rotate(_signed(rng, 2, 8), Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 70, 60))


def letterbox(p: Picture, rng: Generator, _: Others) -> Picture:
    side = max(p.size)
    out = Image.new("RGB", (side, side), (0, 0, 0) if rng.random() < 0.5 else (255, 255, 255))
    out.paste(p, ((side - p.width) // 2, (side - p.height) // 2))
    return out


def blurred_bars(p: Picture, rng: Generator, _: Others) -> Picture:
    out = p.resize((720, 1280)).filter(ImageFilter.GaussianBlur(25))
    inner = p.resize(_size(720, 720 * p.height / p.width)) if p.height <= 1.7 * p.width else p.resize((500, 1200))
    out.paste(inner, ((720 - inner.width) // 2, (1280 - inner.height) // 2))
    return out


def screenshot(busy: bool) -> Attack:
    """Show the photo on a phone's screen: bars, lines of text, and other photos around it where `busy`."""

    def act(p: Picture, rng: Generator, others: Others) -> Picture:
        width, height = 720, 1560
        shade = int(rng.choice([20, 245]))
        out = Image.new("RGB", (width, height), (shade,) * 3)
        ink = 255 - shade
        draw = ImageDraw.Draw(out)
        draw.text((30, 20), f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}", font=_font(30), fill=(ink,) * 3)
        share = _between(rng, 0.55, 0.95)
        inner = p.resize(_size(width * share, width * share * p.height / p.width))
        if inner.height > 1000:
            inner = inner.resize(_size(inner.width * 1000 / inner.height, 1000))
        if busy:
            for k in range(4):
                other = others[k % len(others)].resize((350, 350))
                out.paste(other, (5 + 360 * (k % 2), 130 + 1060 * (k // 2)))
        top = int(rng.integers(120, max(121, height - inner.height - 150)))
        out.paste(inner, (int(rng.integers(0, width - inner.width + 1)), top))
        for k in range(4):
            draw.text(
                (30, height - 180 + 40 * k), "price 19.90 free delivery"[: 8 + 4 * k], font=_font(26), fill=(ink,) * 3
            )
        return out

    return act


def collage(columns: int, rows: int) -> Attack:
    def act(p: Picture, rng: Generator, others: Others) -> Picture:
        cell = 900 // max(columns, rows)
        out = Image.new("RGB", (columns * cell, rows * cell), (255, 255, 255))
        place = int(rng.integers(columns * rows))
        for k in range(columns * rows):
            picture = p if k == place else others[k % len(others)]
            out.paste(
                ImageOps.fit(picture, (cell - 6, cell - 6)), (3 + cell * (k % columns), 3 + cell * (k // columns))
            )
        return out

    return act


def pasted(low: float, high: float) -> Attack:
    """Put the photo into another one, over a share of its area."""

    def act(p: Picture, rng: Generator, others: Others) -> Picture:
        out = others[int(rng.integers(len(others)))].resize((1000, 750))
        area = _between(rng, low, high) * out.width * out.height
        w = min(980.0, math.sqrt(area * p.width / p.height))
        h = min(730.0, w * p.height / p.width)
        inner = p.resize(_size(h * p.width / p.height, h))
        x = int(rng.integers(0, max(1, out.width - inner.width)))
        out.paste(inner, (x, int(rng.integers(0, max(1, out.height - inner.height)))))
        return out

    return act


def _warped(p: Picture, rng: Generator, strength: float, background: Picture | None) -> Picture:
    import cv2

    w, h = p.size
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    moved = corners + rng.uniform(0, strength, (4, 2)).astype(np.float32) * [w, h] * np.array(
        [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    )
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    base = np.asarray(background.resize((w, h))) if background else np.full((h, w, 3), 60, np.uint8)
    out = cv2.warpPerspective(np.asarray(p), matrix, (w, h), flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.full((h, w), 255, np.uint8), matrix, (w, h)) > 127
    return Image.fromarray(np.where(inside[..., None], out, base))


def perspective(p: Picture, rng: Generator, _: Others) -> Picture:
    return _warped(p, rng, 0.15, None)


def photographed_screen(p: Picture, rng: Generator, others: Others) -> Picture:
    """Pixel grid, moire, a gradient of light, perspective, soft focus and noise."""
    big = p.resize(_size(p.width * 1.2, p.height * 1.2))
    y, x = np.mgrid[: big.height, : big.width]
    angle, period = _between(rng, 0, math.pi), _between(rng, 2.3, 4.5)
    wave = 1 + 0.12 * np.sin(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / period)
    light = 1 + 0.25 * (x / big.width - 0.5) * _signed(rng, 0.5, 1)
    array = np.asarray(big) * (wave * light)[..., None] + 12
    out = Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))
    out = _warped(out, rng, 0.08, others[0] if others else None).filter(ImageFilter.GaussianBlur(0.9))
    return noise(2, 5)(out, rng, ())


def printed(p: Picture, rng: Generator, others: Others) -> Picture:
    out = ImageEnhance.Color(p).enhance(0.7).filter(ImageFilter.GaussianBlur(1.2))
    out = ImageEnhance.Contrast(out).enhance(0.75)
    return noise(3, 6)(_warped(out, rng, 0.1, others[0] if others else None), rng, ())


def local_edit(p: Picture, rng: Generator, others: Others) -> Picture:
    out, scale = p.copy(), math.sqrt(_between(rng, 0.02, 0.08))
    piece = others[int(rng.integers(len(others)))].resize(_size(p.width * scale, p.height * scale))
    out.paste(piece, (int(rng.integers(0, p.width - piece.width)), int(rng.integers(0, p.height - piece.height))))
    return out


def mixed(*steps: Attack) -> Attack:
    def act(p: Picture, rng: Generator, others: Others) -> Picture:
        for step in steps:
            p = _limited(step(p, rng, others))
        return p

    return act


KINDS: dict[str, Attack] = {
    "resave q75-92": resave(75, 93),
    "resave q40-60": resave(40, 60),
    "resave q20-35": resave(20, 35),
    "resave three times": thrice,
    "resize 50-80 %": resize(0.5, 0.8),
    "resize 25-45 %": resize(0.25, 0.45),
    "enlarge 130-200 %": resize(1.3, 2.0),
    "stretch": stretch,
    "crop 5-10 % even": crop(0.05, 0.1, centred=True),
    "crop 20-40 % even": crop(0.2, 0.4, centred=True),
    "crop 10-20 %": crop(0.1, 0.2),
    "crop 20-35 %": crop(0.2, 0.35),
    "crop 35-50 %": crop(0.35, 0.5),
    "crop 50-60 %": crop(0.5, 0.6),
    "crop to square": square,
    "rotate 90": turn(90),
    "rotate 180": turn(180),
    "rotate 270": turn(270),
    "rotate 1-5": rotate(1, 5),
    "rotate 5-15": rotate(5, 15),
    "rotate 15-30": rotate(15, 30),
    "rotate 30-45": rotate(30, 45),
    "rotate 3-12 and cut": rotate(3, 12, cut=True),
    "mirror": mirror,
    "flip": flip,
    "mirror and crop 10-30 %": mixed(mirror, crop(0.1, 0.3)),
    "mirror and rotate 3-10": mixed(mirror, rotate(3, 10)),
    "brighten": enhance(ImageEnhance.Brightness, 1.2, 1.6),
    "darken": enhance(ImageEnhance.Brightness, 0.45, 0.8),
    "contrast up": enhance(ImageEnhance.Contrast, 1.3, 1.8),
    "contrast down": enhance(ImageEnhance.Contrast, 0.4, 0.7),
    "saturate": enhance(ImageEnhance.Color, 1.5, 2.5),
    "gamma": gamma(0.5, 1.9),
    "tint": tint,
    "grey": grey,
    "sepia": sepia,
    "posterise": invert_tones,
    "equalise": equalise,
    "beauty filter": beauty,
    "vignette": vignette,
    "blur 1-2 px": blur(1, 2),
    "blur 2-3 px": blur(2, 3),
    "motion blur": motion_blur,
    "sharpen": sharpen,
    "noise 5-12": noise(5, 12),
    "noise 15-25": noise(15, 25),
    "watermark": watermark,
    "watermark tiled": tiled_watermark,
    "banner": banner,
    "sticker 5-15 %": sticker(0.05, 0.15),
    "sticker 20-35 %": sticker(0.2, 0.35),
    "emoji": emoji,
    "red circles": circles,
    "mosaic": mosaic,
    "frame": frame,
    "polaroid": polaroid,
    "letterbox": letterbox,
    "blurred bars": blurred_bars,
    "screenshot": screenshot(False),
    "screenshot, busy": screenshot(True),
    "collage 2x1": collage(2, 1),
    "collage 2x2": collage(2, 2),
    "collage 3x3": collage(3, 3),
    "pasted 30-60 %": pasted(0.3, 0.6),
    "pasted 10-25 %": pasted(0.1, 0.25),
    "perspective": perspective,
    "photographed screen": photographed_screen,
    "photographed print": printed,
    "local edit": local_edit,
    "crop, tint, resave": mixed(crop(0.1, 0.3), tint, resave(40, 70)),
    "crop, sticker, blur": mixed(crop(0.1, 0.25), sticker(0.04, 0.1), blur(0.7, 1.3)),
    "rotate, banner, resize": mixed(rotate(2, 8), banner, resize(0.5, 0.8)),
    "screenshot, crop, resave": mixed(screenshot(False), crop(0.1, 0.3, centred=True), resave(45, 75)),
    "mirror, filter, watermark": mixed(mirror, tint, watermark),
    "collage, photographed": mixed(collage(2, 1), photographed_screen),
}
