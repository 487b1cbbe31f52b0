"""The JSON Schema of conformance.json, for those who read what others publish."""

import msgspec

from lazyjobs_testkit.report._values import SCHEMA, Report


def render_schema() -> str:
    """The schema as JSON text; made of `Report`, so that it says what is written."""
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"conformance.json, schema {SCHEMA}",
        **msgspec.json.schema(Report),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
