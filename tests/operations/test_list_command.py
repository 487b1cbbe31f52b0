"""`lazyjobs list`: records and their errors."""

import json
from datetime import datetime

import pytest

from lazyjobs import Backend, InsertParams, ListOptions, State
from lazyjobs.texts import width
from tests.support.commands import Command
from tests.support.operations import HARMLESS, HOSTILE, stock


def ids(text: str) -> list[int]:
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_it_shows_the_records_that_changed_last_first(command: Command, backend: Backend, backend_url: str) -> None:
    stock(backend)
    heading, *lines = command.done("list", "--backend", backend_url).lines
    assert heading.split() == ["ID", "STATE", "ATTEMPT", "KIND", "QUEUE", "UPDATED", "DUE", "ERROR"]
    assert [int(line.split()[0]) for line in lines] == [record.id for record in backend.list()]
    assert {line.split()[1] for line in lines} == set(State)


def test_for_programs_a_line_has_every_field_but_the_payload(
    command: Command, backend: Backend, backend_url: str
) -> None:
    stock(backend)
    lines = command.done("list", "--json", "--backend", backend_url).lines
    for line, record in zip(lines, backend.list(), strict=True):
        found = json.loads(line)
        times = ("run_at", "created_at", "updated_at", "lease_expires_at")
        for key in times:
            assert (found[key] and datetime.fromisoformat(found[key])) == getattr(record, key)
        others = {key: getattr(record, key) for key in type(record).__struct_fields__ if key not in (*times, "payload")}
        assert {key: value for key, value in found.items() if key not in times} == others


def test_payloads_are_shown_on_request_only(command: Command, backend: Backend, backend_url: str) -> None:
    stock(backend)
    only_pending = ("list", "--state", "pending", "--backend", backend_url)
    assert "numbers" not in command.done(*only_pending).out + command.done(*only_pending, "--json").out
    assert command.done(*only_pending, "--payload").lines[2:] == ['    {"numbers": [1e2, \\n 3], "é": "\\x9b"}']
    (line,) = command.done(*only_pending, "--payload", "--json").lines
    assert line.endswith(', "payload": {"numbers": [1e2,   3], "\\u00e9": "\\u009b"}}')


def test_states_kinds_and_queues_choose(command: Command, backend: Backend, backend_url: str) -> None:
    stocked = stock(backend)
    choices = {
        ("--state", "discarded"): {State.DISCARDED},
        ("--state", "discarded", "--state", "running"): {State.DISCARDED, State.RUNNING},
        ("--kind", "sum"): {State.SUCCEEDED, State.RUNNING, State.PENDING},
        ("--kind", "sum", "--queue", "default"): {State.SUCCEEDED, State.PENDING},
        ("--queue", "mail", "--queue", "bulk"): {State.DISCARDED, State.RETRYING, State.RUNNING},
        ("--queue", "mail", "--state", "retrying"): {State.RETRYING},
    }
    for options, states in choices.items():
        found = command.done("list", *options, "--json", "--backend", backend_url)
        assert set(ids(found.out)) == {stocked[state] for state in states}, options


def test_nothing_to_show_is_said_beside_the_results(command: Command, backend_url: str) -> None:
    for options, remark in ([], "no records"), (["--kind", "sum"], "no records like that"):
        outcome = command("list", *options, "--backend", backend_url)
        assert (outcome.code, outcome.out, outcome.remarks) == (0, "", f"lazyjobs: {remark}\n")


def test_a_limit_is_reached_past_records_of_other_kinds(command: Command, backend: Backend, backend_url: str) -> None:
    for number in range(12):
        backend.insert(InsertParams(kind="rare" if number % 4 == 0 else "common"))
    rare = [record.id for record in backend.list(ListOptions(limit=None)) if record.kind == "rare"]
    chosen = ("list", "--json", "--kind", "rare", "--backend", backend_url)
    outcome = command(*chosen, "--limit", "2")
    assert ids(outcome.out) == rare[:2]
    assert outcome.remarks == "lazyjobs: these are the 2 that changed last; --limit N or --all shows more\n"
    for options in ["--limit", "3"], ["--limit", "4"], ["--all"]:
        assert ids(command.done(*chosen, *options).out) == rare


def test_an_error_reaches_the_terminal_as_text_only(
    command: Command, backend: Backend, backend_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(backend)
    for columns in "", "60", "200":
        monkeypatch.setenv("COLUMNS", columns)
        for options in [], ["--payload"], ["--json"], ["--json", "--payload"]:
            out = command.done("list", *options, "--backend", backend_url).out
            assert out.replace("\n", "").isprintable()
            if not (columns and options == ["--json"]):
                continue
            assert all(json.loads(line)["last_error"] in {"", HOSTILE} for line in out.splitlines())
    monkeypatch.setenv("COLUMNS", "")
    assert HARMLESS in command.done("list", "--backend", backend_url).out


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_a_table_is_no_wider_than_the_terminal(
    columns: int, command: Command, backend: Backend, backend_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(backend)
    monkeypatch.setenv("COLUMNS", str(columns))
    out = command.done("list", "--backend", backend_url).out
    assert max(map(width, out.splitlines())) <= columns
    assert out.count("ValueError: first") == 2
