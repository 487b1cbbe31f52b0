"""What becomes of a payload."""

from lazyjobs_testkit.rules._rule import Level, Rule

_OPAQUE = "Opaque bytes, handed out exactly as they were inserted"
_KEPT = (
    f"{_OPAQUE}: key order, the spelling of numbers, duplicate keys, characters beyond the basic plane, an escaped "
    "NUL. Store bytes, not a database's JSON type."
)
_NEEDS = ("INS-01", "PAY-01", "CLM-20")

RULES = (
    Rule(
        id="PAY-01",
        title="a payload comes back from insert, claim and list as the bytes that were inserted",
        text=_OPAQUE,
        level=Level.CORE,
        cause="a text column answers with str, a driver with memoryview, a JSON column with a dict",
        needs=("INS-01", "CLM-01"),
    ),
    Rule(
        id="PAY-02",
        title="the order of keys is kept",
        text=_KEPT,
        level=Level.CORE,
        cause="a JSON type that sorts keys (PostgreSQL's jsonb by length, MySQL's JSON), or dumps(sort_keys=True)",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-03",
        title="numbers keep their spelling",
        text=_KEPT,
        level=Level.CORE,
        cause="the payload is parsed and written again: 1.0 becomes 1, 1e2 becomes 100.0, long integers become floats",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-04",
        title="duplicate keys are kept",
        text=_KEPT,
        level=Level.CORE,
        cause="the payload is parsed into a dict, which keeps the last one",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-05",
        title="characters of every plane are kept, raw and escaped as they were",
        text=_KEPT,
        level=Level.CORE,
        cause="a three-byte utf8 column, Unicode normalisation, ensure_ascii, or escapes that are resolved",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-06",
        title="an escaped NUL is kept",
        text=_KEPT,
        level=Level.CORE,
        cause="jsonb, which refuses \\u0000, or text that is cut at the first NUL once the escape is resolved",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-07",
        title="white space in and around it is kept",
        text=_OPAQUE,
        level=Level.CORE,
        cause="strip(), a line-based file format, line ends translated, or a payload that is parsed and written again",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-08",
        title="any JSON value is a payload, not only an object",
        text="What `msgspec.json.decode` accepts, nested at most 500 deep; stored byte for byte.",
        level=Level.CORE,
        cause="`payload or b'{}'` on a decoded value, or a column type that wants an object",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-09",
        title="a payload nested 500 deep is kept",
        text="What `msgspec.json.decode` accepts, nested at most 500 deep; stored byte for byte.",
        level=Level.CORE,
        cause="a parser with a recursion limit of its own looks into the payload",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-10",
        title="a large payload is kept: of the declared maximum, or of a million bytes where none is declared",
        text="A backend may declare a maximum length.",
        level=Level.CORE,
        cause="a limit of the storage (an item, a row, a message, a line buffer) that was not declared, or a declared "
        "maximum that forgets the bytes of the other fields",
        needs=_NEEDS,
    ),
    Rule(
        id="PAY-11",
        title="a payload one byte over the declared maximum is refused and nothing is written",
        text="Raises `PayloadTooLargeError`, with nothing written, when the payload is a byte longer than the "
        "backend's maximum",
        level=Level.CORE,
        cause="the storage truncates silently, raises its own error, or the record is written before the payload",
        needs=("INS-01", "PAY-10"),
        trait="max_payload",
    ),
)
