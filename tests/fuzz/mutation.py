"""Bad inputs, made from good ones."""

import random
from collections.abc import Callable, Sequence

_NASTY = (
    b"\0",
    b"\r\n\r\n",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\x1b[2J",
    "\u202e\u3164\ufe0f\u0301\u0301\u0301\u0301\u0301".encode(),
    b"%00%ff%",
    b"../../../etc/passwd",
    b"<script>alert(1)</script>",
    b"'; DROP TABLE x; --",
    b"{" * 600,
    b"[" * 3000,
    b'{"a":' * 600,
    b"9" * 500,
    b"-1",
    b"1e999",
    b"NaN",
    b"9223372036854775808",
    b"99999-12-31T23:59:60Z",
    b"\\ud800",
    b"a" * 70_000,
)


def mutate(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One of the corpus, changed in a few places, rarely in none."""
    content = chance.choice(corpus)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
        content = chance.choice(_CHANGES)(chance, content, corpus)
    return content


def mutate_text(chance: random.Random, corpus: Sequence[str]) -> str:
    """The same of texts, in which lone surrogates may be."""
    return mutate(chance, [text.encode(errors="surrogatepass") for text in corpus]).decode(errors="surrogateescape")


def _flip(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    changed = bytearray(content or b"\0")
    for _change in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _insert(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    place = chance.randint(0, len(content))
    return content[:place] + chance.choice(_NASTY) + content[place:]


def _replace(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(chance, content)
    return content[:begin] + chance.choice((*_NASTY, chance.randbytes(8))) + content[end:]


def _delete(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(chance, content)
    return content[:begin] + content[end:]


def _repeat(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(chance, content)
    return content[:end] + content[begin:end] * chance.randint(1, 20) + content[end:]


def _truncate(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    return content[: chance.randint(0, len(content))]


def _splice(chance: random.Random, content: bytes, corpus: Sequence[bytes]) -> bytes:
    other = chance.choice(corpus)
    return content[: chance.randint(0, len(content))] + other[chance.randint(0, len(other)) :]


def _span(chance: random.Random, content: bytes) -> tuple[int, int]:
    begin = chance.randint(0, len(content))
    return begin, min(len(content), begin + chance.choice((1, 2, 8, 64)))


_CHANGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip,
    _insert,
    _replace,
    _delete,
    _repeat,
    _truncate,
    _splice,
)
