"""China's signature and hash, as far as checking a label needs them: SM2 verification and SM3, in plain integers.

Slow (some 10 ms a check) and not constant in time: nothing secret passes through here.

References
----------
GB/T 32918.2-2016 and GB/T 32918.5-2017 (SM2 and its curve), GB/T 32905-2016 (SM3), GM/T 0009-2012 (the default identity).
"""

from __future__ import annotations

import struct

__all__ = ["sm3", "verify", "verify_digest"]

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
"""The recommended curve y^2 = x^3 + Ax + B over P, its generator and order."""
IDENTITY = b"1234567812345678"
_START: tuple[int, ...] = (
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)

Point = tuple[int, int] | None
"""None is the point at infinity."""


def sm3(data: bytes) -> bytes:
    """Return the 32 bytes of SM3.

    Examples
    --------
    >>> sm3(b"abc").hex()[:16]
    '66c7f0f462eeedd9'
    """
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack(">Q", 8 * len(data))
    state = _START
    for at in range(0, len(padded), 64):
        state = _compress(state, padded[at : at + 64])
    return struct.pack(">8I", *state)


def _turn(x: int, n: int) -> int:
    n %= 32
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def _compress(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    w = list(struct.unpack(">16I", block))
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _turn(w[j - 3], 15)
        w.append(x ^ _turn(x, 15) ^ _turn(x, 23) ^ _turn(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        first = _turn((_turn(a, 12) + e + _turn(0x79CC4519 if j < 16 else 0x7A879D8A, j)) & 0xFFFFFFFF, 7)
        ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
        one = (ff + d + (first ^ _turn(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
        two = (gg + h + first + w[j]) & 0xFFFFFFFF
        a, b, c, d = one, a, _turn(b, 9), c
        e, f, g, h = two ^ _turn(two, 9) ^ _turn(two, 17), e, _turn(f, 19), g
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P) % P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P) % P
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def _times(k: int, point: Point) -> Point:
    out: Point = None
    while k:
        if k & 1:
            out = _add(out, point)
        point, k = _add(point, point), k >> 1
    return out


def on_curve(x: int, y: int) -> bool:
    """Whether a point lies on the curve."""
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def verify(message: bytes, signature: tuple[int, int], key: tuple[int, int], *, identity: bytes = IDENTITY) -> bool:
    """Check a signature (r, s) over a message under the public key (x, y)."""
    parts = [A, B, *G, *key]
    head = struct.pack(">H", 8 * len(identity)) + identity + b"".join(v.to_bytes(32, "big") for v in parts)
    return verify_digest(sm3(sm3(head) + message), signature, key)


def verify_digest(digest: bytes, signature: tuple[int, int], key: tuple[int, int]) -> bool:
    """Check a signature over 32 bytes that were hashed already."""
    r, s = signature
    if not (1 <= r < N and 1 <= s < N and on_curve(*key)):
        return False
    t = (r + s) % N
    point = _add(_times(s, G), _times(t, key)) if t else None
    return point is not None and (int.from_bytes(digest, "big") + point[0] - r) % N == 0
