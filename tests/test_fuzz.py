"""The fuzzing itself: it finds what is wrong, says how to repeat it, and gives the same inputs for the same seed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz.mutation import mutate, mutate_text
from tests.fuzz.targets import TARGETS, Target


@contextmanager
def fussy(_: Path) -> Iterator[Target]:
    def give(number: int) -> None:
        assert number % 7, "a multiple of seven"

    yield Target(lambda chance: chance.randrange(1000), give)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(fuzz, "TARGETS", {"fussy": fussy})
    return monkeypatch


def run(command: pytest.MonkeyPatch, *arguments: str) -> int:
    command.setattr("sys.argv", ["fuzz", *arguments])
    return fuzz.main()


def test_a_wrong_answer_is_told_with_the_command_that_repeats_it(
    command: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, "--seed", "5", "--seconds", "30") == 1
    told = capsys.readouterr().out
    assert told.startswith("seed 5,")
    repeat = told[told.index("repeat: ") :].splitlines()[0].split()
    assert run(command, *repeat[repeat.index("--seed") :]) == 1
    assert "a multiple of seven" in capsys.readouterr().out


def test_what_stands_still_is_a_wrong_answer(command: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    @contextmanager
    def stuck(_: Path) -> Iterator[Target]:
        def wait(_: object) -> None:
            while True:
                pass

        yield Target(lambda _: 1, wait)

    command.setattr(fuzz, "TARGETS", {"fussy": stuck})
    command.setattr(fuzz, "_PATIENCE", 0.05)
    assert run(command, "--seed", "5", "--only", "fussy", "--number", "0") == 1
    assert "no answer within" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_inputs() -> None:
    corpus = (b'{"a": [1, 2, 3]}', b"GET / HTTP/1.1\r\n\r\n")
    first, second = ([mutate(random.Random(f"1/x/{n}"), corpus) for n in range(200)] for _ in range(2))
    assert first == second
    assert len(set(first)) > 150


def test_texts_are_changed_into_any_text() -> None:
    texts = [mutate_text(random.Random(n), ("sqlite:///jobs.db", "memory://")) for n in range(300)]
    assert {"surrogates", "plain"} == {"plain" if text.isprintable() else "surrogates" for text in texts}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_each_target_takes_its_inputs(name: str, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    with TARGETS[name](tmp_path) as target:
        for number in range(30):
            target.give(target.make(random.Random(f"{seed}/{name}/{number}")))
