"""What happens to files: bytes flipped, cut, lines dropped or doubled, columns swapped, stretches moved."""

import random
from collections.abc import Callable

Mutation = Callable[[random.Random, bytes], bytes]


def flip(rng: random.Random, data: bytes) -> bytes:
    """Change a few bytes, most often near the beginning, where headers are."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 5, 20, 100))):
        reach = min(len(changed), rng.choice((64, 1024, 8192, len(changed))))
        changed[rng.randrange(reach)] = rng.choice((0, 255, rng.randrange(256), rng.choice(b"0123456789.,;eE+-\t\n")))
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    """Keep the beginning only."""
    return data[: rng.choice((rng.randrange(len(data)), rng.randrange(min(len(data), 200)), len(data) - 1))]


def behead(rng: random.Random, data: bytes) -> bytes:
    """Lose the beginning."""
    return data[rng.randrange(min(len(data), 4096)) :]


def drop_lines(rng: random.Random, data: bytes) -> bytes:
    """Lose a few lines."""
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 1, 3, 10))):
        if len(lines) > 1:
            del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def double_lines(rng: random.Random, data: bytes) -> bytes:
    """Write a line twice, or at another place too."""
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 3))):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return b"\n".join(lines)


def swap_columns(rng: random.Random, data: bytes) -> bytes:
    """Exchange two columns in all lines, or in some of them."""
    mark = rng.choice((b"\t", b",", b";", b" "))
    one, other, share = rng.randrange(6), rng.randrange(6), rng.choice((1.0, 0.5, 0.02))
    lines = []
    for line in data.split(b"\n"):
        fields = line.split(mark)
        if max(one, other) < len(fields) and rng.random() < share:
            fields[one], fields[other] = fields[other], fields[one]
        lines.append(mark.join(fields))
    return b"\n".join(lines)


def change_fields(rng: random.Random, data: bytes) -> bytes:
    """Put odd words and numbers where numbers were."""
    mark = rng.choice((b"\t", b",", b";", b" "))
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 3, 10))):
        at = rng.randrange(len(lines))
        fields = lines[at].split(mark)
        fields[rng.randrange(len(fields))] = rng.choice(
            (
                b"",
                b"NaN",
                b"1e999",
                b"-1e308",
                b"inf",
                b"OVERLOAD",
                b"99999999999999999999",
                b"1,5",
                b"\xff\xfe",
                b'"',
                b"0",
            )
        )
        lines[at] = mark.join(fields)
    return b"\n".join(lines)


def blow_up(rng: random.Random, data: bytes) -> bytes:
    """Repeat a stretch many times."""
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randrange(1, 300)]
    return data[:start] + piece * rng.choice((2, 50, 2000)) + data[start:]


def numbers(rng: random.Random, data: bytes) -> bytes:
    """Write the largest and smallest whole numbers over four or eight bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 5))):
        word = rng.choice(
            (b"\xff" * 4, b"\xff" * 8, b"\x7f" + b"\xff" * 3, b"\0" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80")
        )
        at = rng.randrange(max(1, min(len(changed), rng.choice((256, 4096, len(changed)))) - len(word)))
        changed[at : at + len(word)] = word
    return bytes(changed)


def recode(rng: random.Random, data: bytes) -> bytes:
    """Write the text in another encoding, or with other line ends."""
    text = data.decode("latin-1")
    way = rng.randrange(4)
    if way == 0:
        return text.encode("utf-16")
    if way == 1:
        return b"\xef\xbb\xbf" + text.encode()
    return data.replace(b"\n", b"\r") if way == 2 else data.replace(b"\r", b"").replace(b"\n", b"\r\r\n")


MUTATIONS: tuple[Mutation, ...] = (
    flip, flip, cut, cut, behead, drop_lines, double_lines, swap_columns, change_fields, change_fields, blow_up,
    numbers, recode,
)  # fmt: skip


def mutate(rng: random.Random, data: bytes) -> bytes:
    """One mutation, sometimes two."""
    for _ in range(rng.choice((1, 1, 1, 2))):
        if data:
            data = rng.choice(MUTATIONS)(rng, data)
    return data
