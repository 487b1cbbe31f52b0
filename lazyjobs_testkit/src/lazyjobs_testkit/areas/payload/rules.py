"""PAY: what becomes of a payload."""

import json
from collections.abc import Sequence

import pytest

from lazyjobs import InsertParams, PayloadTooLargeError
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import PAST, claim_all
from lazyjobs_testkit.suite._trail import describe

_OPAQUE = "Opaque bytes, handed out exactly as they were inserted"
_KEPT = (
    f"{_OPAQUE}: key order, the spelling of numbers, duplicate keys, characters beyond the basic plane, an escaped "
    "NUL. Store bytes, not a database's JSON type."
)

_MILLION = 1_000_000
_LARGEST_TRIED = 64 * 2**20


class PayloadTests:
    @rule(
        "PAY-01",
        "a payload comes back from insert, claim and list as the bytes that were inserted",
        text=_OPAQUE,
        level=Level.CORE,
        cause="a text column answers with str, a driver with memoryview, a JSON column with a dict",
        needs=("CLM-01",),
    )
    def test_a_payload_comes_back_as_bytes_from_insert_claim_and_list(self, bench: Bench) -> None:
        payload = b'{"a":1,"b":[true,false,null],"c":"text"}'
        inserted = bench.insert(payload=payload, run_at=PAST)
        claimed = bench.claim_due()
        listed = bench.records()[inserted.id]
        for source, record in (("insert", inserted), ("claim", claimed), ("list", listed)):
            assert type(record.payload) is bytes, f"{source} handed out the payload as {type(record.payload).__name__}"
            assert record.payload == payload, f"{source} handed out another payload"

    @rule(
        "PAY-02",
        "the order of keys is kept",
        text=_KEPT,
        level=Level.CORE,
        cause="a JSON type that sorts keys (PostgreSQL's jsonb by length, MySQL's JSON), or dumps(sort_keys=True)",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_the_order_of_keys_is_kept(self, bench: Bench) -> None:
        assert_kept(bench, [b'{"b":1,"a":2}', b'{"bb":1,"a":{"z":1,"y":[{"2":1,"10":2,"1":3}]},"B":3}'])

    @rule(
        "PAY-03",
        "numbers keep their spelling",
        text=_KEPT,
        level=Level.CORE,
        cause="the payload is parsed and written again: 1.0 becomes 1, 1e2 becomes 100.0, long integers become floats",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_numbers_keep_their_spelling(self, bench: Bench) -> None:
        numbers = "1.0 1.10 -0 -0.0 0e5 1e2 1E2 1e+2 1E-02 5e-324 1e-400 0.1000000000000000055511151231257827"
        numbers += " 123456789012345678901234567890 9007199254740993 1.7976931348623157e308 18446744073709551616"
        assert_kept(bench, [f'{{"number":{number}}}'.encode() for number in numbers.split()])

    @rule(
        "PAY-04",
        "duplicate keys are kept",
        text=_KEPT,
        level=Level.CORE,
        cause="the payload is parsed into a dict, which keeps the last one",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_duplicate_keys_are_kept(self, bench: Bench) -> None:
        assert_kept(bench, [b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1},"a":[]}'])

    @rule(
        "PAY-05",
        "characters of every plane are kept, raw and escaped as they were",
        text=_KEPT,
        level=Level.CORE,
        cause="a three-byte utf8 column, Unicode normalisation, ensure_ascii, or escapes that are resolved",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    @pytest.mark.parametrize("escaped", [False, True], ids=["raw", "escaped"])
    def test_characters_of_every_plane_are_kept(self, bench: Bench, *, escaped: bool) -> None:
        texts = ["é", "e\u0301", "\u212b", "\u20ac", "\u2028\u2029", "\ufeff", "\uffff", "\u202eabc", "\x7f\x85"]
        texts += ["\U0001f600", "\U0001f468\u200d\U0001f469", "\U00010000", "\U0010ffff"]
        assert_kept(bench, [json.dumps(text, ensure_ascii=escaped).encode() for text in texts])

    @rule("PAY-05")
    def test_escapes_of_plain_characters_are_kept(self, bench: Bench) -> None:
        spellings = [r'"\/"', r'"\u0041"', r'"\u00e9\u00E9"', r'"\n\u000a\u000A"', r'"\"\\"', r'"\u2028"', r'"\u003c"']
        assert_kept(bench, [spelling.encode() for spelling in spellings])

    @rule(
        "PAY-06",
        "an escaped NUL is kept",
        text=_KEPT,
        level=Level.CORE,
        cause="jsonb, which refuses \\u0000, or text that is cut at the first NUL once the escape is resolved",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_an_escaped_nul_is_kept(self, bench: Bench) -> None:
        assert_kept(bench, [rb'"\u0000"', rb'{"\u0000":"before\u0000after"}'])

    @rule(
        "PAY-07",
        "white space in and around it is kept",
        text=_OPAQUE,
        level=Level.CORE,
        cause="strip(), a line-based file format, line ends translated, or a payload that is parsed and written again",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_white_space_in_and_around_is_kept(self, bench: Bench) -> None:
        assert_kept(bench, [b' {"a":1}', b'{"a":1}\n', b'\t{"a" : 1,\r\n  "b":[ ]}\r\n', b"\n\n[ 1 ]   ", b'{"a":1}\r'])

    @rule(
        "PAY-08",
        "any JSON value is a payload, not only an object",
        text="What `msgspec.json.decode` accepts, nested at most 500 deep; stored byte for byte.",
        level=Level.CORE,
        cause="`payload or b'{}'` on a decoded value, or a column type that wants an object",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_any_json_value_is_a_payload(self, bench: Bench) -> None:
        assert_kept(bench, [b"null", b"0", b"false", b"true", b'""', b'"text"', b"[]", b"[[]]", b"{}", b"7"])

    @rule(
        "PAY-09",
        "a payload nested 500 deep is kept",
        text="What `msgspec.json.decode` accepts, nested at most 500 deep; stored byte for byte.",
        level=Level.CORE,
        cause="a parser with a recursion limit of its own looks into the payload",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_a_payload_nested_500_deep_is_kept(self, bench: Bench) -> None:
        arrays, objects = b"[" * 500 + b"]" * 500, b'{"a":' * 500 + b"1" + b"}" * 500
        both = b'[{"a":' * 250 + b"1" + b"}]" * 250
        assert_kept(bench, [arrays, objects, both])

    @rule(
        "PAY-10",
        "a large payload is kept: of the declared maximum, or of a million bytes where none is declared",
        text="A backend may declare a maximum length.",
        level=Level.CORE,
        cause="a limit of the storage (an item, a row, a message, a line buffer) that was not declared, or a declared "
        "maximum that forgets the bytes of the other fields",
        needs=(
            "PAY-01",
            "CLM-20",
        ),
    )
    def test_a_payload_of_the_largest_size_is_kept(self, bench: Bench) -> None:
        size = min(bench.traits.max_payload or _MILLION, _LARGEST_TRIED)
        assert_kept(bench, [sized(bench, size)])

    @rule(
        "PAY-11",
        "a payload one byte over the declared maximum is refused and nothing is written",
        text="Raises `PayloadTooLargeError`, with nothing written, when the payload is a byte longer than the "
        "backend's maximum",
        level=Level.CORE,
        cause="the storage truncates silently, raises its own error, or the record is written before the payload",
        trait="max_payload",
        needs=("PAY-10",),
    )
    @pytest.mark.parametrize("character", ["x", "\U0001f600"], ids=["ascii", "wide"])
    def test_one_byte_over_the_maximum_is_refused_and_not_written(self, bench: Bench, character: str) -> None:
        params = InsertParams(kind=KIND, payload=over_maximum(bench, character), run_at=PAST)
        size = len(params.payload)
        try:
            record = bench.backend.insert(params)
        except PayloadTooLargeError:
            assert not bench.records(), f"a payload of {size} bytes was refused, and yet there is a record"
        else:
            raise AssertionError(f"a payload of {size} bytes, one over the maximum, was accepted as record {record.id}")


def assert_kept(bench: Bench, payloads: Sequence[bytes]) -> None:
    """Fails unless every payload comes back byte for byte from insert, list and claim."""
    most = bench.traits.max_payload
    fitting = [payload for payload in payloads if most is None or len(payload) <= most]
    if not fitting:
        bench.not_applicable(f"a max_payload of {most} bytes is too small for any of these payloads")
    inserted = {}
    given = {}
    for payload in fitting:
        record = bench.insert(payload=payload, run_at=PAST)
        inserted[record.id], given[record.id] = record, payload
    listed = bench.records()
    claimed = {record.id: record for record in claim_all(bench, len(fitting))}
    for source, records in (("insert", inserted), ("list", listed), ("claim", claimed)):
        for id, payload in given.items():
            assert id in records, f"{source} did not hand out record {id}"
            assert_equal(records[id].payload, payload, source)


def assert_equal(got: bytes, payload: bytes, source: str) -> None:
    """Fails unless the bytes are equal, showing where they begin to differ."""
    if got == payload:
        return
    pairs = enumerate(zip(got, payload, strict=False))
    start = next((place for place, (left, right) in pairs if left != right), min(len(got), len(payload)))
    shown = slice(max(0, start - 20), start + 40)
    raise AssertionError(
        f"{source} handed out {len(got)} bytes for a payload of {len(payload)}; from byte {start} on they differ: "
        f"{describe(got[shown])} instead of {describe(payload[shown])}"
    )


def sized(bench: Bench, size: int) -> bytes:
    """A payload of so many bytes that do not compress: a JSON text of hexadecimal digits, or a number if it is tiny."""
    if size < 2:
        return b"7"
    return b'"' + bench.random.randbytes(size // 2).hex().encode()[: size - 2] + b'"'


def over_maximum(bench: Bench, character: str) -> bytes:
    """A payload one byte over the declared maximum, made of `character` as far as it goes."""
    most = bench.traits.max_payload
    if most is None:
        bench.not_applicable("no max_payload is declared")
    if most > _LARGEST_TRIED:
        bench.not_applicable(f"a max_payload of {most} bytes is more than the kit tries")
    room = most - 1
    wide = character.encode()
    return b'"' + wide * (room // len(wide)) + b"x" * (room % len(wide)) + b'"'
