"""The forms of a command's log, whatever is logged."""

import json
import logging
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest

from lazyjobs import logs
from lazyjobs.cli._formats import FORMATS

HEAD = "2030-01-31 "


class ShyError(Exception):
    """Says nothing of itself."""

    def __str__(self) -> str:
        raise KeyError("shy")


def formatted(form: str, message: str, *arguments: object, error: BaseException | None = None, **extra: object) -> str:
    """What the format makes of a record."""
    record = logging.getLogger("mine").makeRecord(
        "mine", logging.ERROR, "file", 1, message, arguments, _info(error), extra=extra
    )
    return FORMATS[form]().format(record)


def _info(error: BaseException | None) -> Any:
    if error is None:
        return None
    with suppress(BaseException):
        raise error
    return type(error), error, error.__traceback__


def test_text_has_the_traceback_below_its_line_and_indented() -> None:
    head, *below = formatted("text", "it\nfailed", error=ValueError("no\n2030-01-01 INFO all is well")).splitlines()
    assert head.endswith(r" ERROR it\nfailed")
    assert below[0] == "    Traceback (most recent call last):"
    assert below[-2:] == ["    ValueError: no", "    2030-01-01 INFO all is well"]


def test_line_has_all_of_it_in_one_line() -> None:
    line = formatted("line", "it\nfailed", error=ValueError("no\nINFO"))
    assert line.isprintable()
    assert r" ERROR it\nfailed | Traceback (most recent call last):\n" in line
    assert line.endswith(r"\nValueError: no\nINFO")


def test_json_has_an_object_with_all_fields_in_ascii() -> None:
    line = formatted("json", "it\nfailed %s", "\u202e\x7f", error=ValueError("no"), job_id=7, job_kind="ü", order=[1])
    assert line.isascii()
    assert line.isprintable()
    fields = json.loads(line)
    assert list(fields)[:4] == ["time", "level", "logger", "message"]
    assert fields["time"].endswith("+00:00")
    assert (fields["level"], fields["logger"], fields["message"]) == ("ERROR", "mine", "it\nfailed \u202e\x7f")
    assert (fields["job_id"], fields["job_kind"], fields["order"]) == (7, "ü", [1])
    assert fields["exception"].startswith("Traceback (most recent call last):\n")
    assert fields["exception"].endswith("\nValueError: no")


@pytest.mark.parametrize("value", [{(1, 2): 3}, float("nan"), object(), {1, 2}, b"bytes", ShyError()])
def test_json_takes_any_extra(value: object) -> None:
    fields = json.loads(formatted("json", "a message", value=value, kept=1), parse_constant=pytest.fail)
    assert fields["message"] == "a message"
    assert "value" in fields


def test_json_takes_what_contains_itself() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert json.loads(formatted("json", "a message", value=endless))["message"] == "a message"


@pytest.mark.parametrize("form", FORMATS)
def test_a_huge_error_is_cut(form: str) -> None:
    huge = "x" * (64 << 20)
    text = formatted(form, "it failed: %s", huge, error=ValueError(huge))
    assert len(text) < 100_000
    assert "characters left out" in text


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("message", "arguments", "error"),
    [("%d", ("no number",), None), ("it failed: %s", (ShyError(),), None), ("it failed", (), ShyError())],
)
def test_no_record_is_lost(form: str, message: str, arguments: tuple[object, ...], error: BaseException | None) -> None:
    assert message.partition(" %")[0] in formatted(form, message, *arguments, error=error)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("arguments", [(), ("one",)])
def test_nor_one_whose_message_is_an_object_that_says_nothing(form: str, arguments: tuple[object, ...]) -> None:
    message: Any = ShyError()
    assert "ShyError that cannot be shown: KeyError" in formatted(form, message, *arguments)


def test_json_cuts_extras_that_are_huge() -> None:
    line = formatted("json", "a message", rows=["x" * 1_000] * 10_000, job_id=7)
    assert len(line) < 20_000
    assert json.loads(line)["message"] == "a message"


def test_what_lazyjobs_logs_is_fit_for_the_handlers_of_an_application() -> None:
    output = StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logs.fit(logging.getLogger("fit"))
    logger.addHandler(handler)
    logger.propagate = False
    huge = "\x1b[2J\nINFO all is well\n" + "x" * 1_000_000
    logger.error("it failed: %s (%s, %d)", huge, ValueError("a\nb"), 7, exc_info=_info(ValueError(huge)))
    lines = output.getvalue().splitlines()
    assert lines[0].startswith(r"ERROR it failed: \x1b[2J\nINFO all is well\nxxx")
    assert lines[0].endswith(r"(a\nb, 7)")
    assert all(line.startswith("    ") and line.isprintable() for line in lines[1:])
    assert len(output.getvalue()) < 100_000


@pytest.mark.parametrize("name", ["lazyjobs", "lazyjobs.jobs"])
def test_the_loggers_of_lazyjobs_are_fit(name: str) -> None:
    logger = logging.getLogger(name)
    before = list(logger.filters)
    assert logs.fit(logger) is logger
    assert logger.filters == before
    assert before
