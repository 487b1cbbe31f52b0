"""The command line of `lazyjobs control`, and what it has in common with that of `lazyjobs worker`."""

import io
import logging
import os
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from lazyjobs.cli import main
from lazyjobs.cli._serving import read_guard_options
from lazyjobs.cli._usage import UsageError
from lazyjobs.control import wsgi_app
from lazyjobs.control._token import TOKEN_VARIABLE
from lazyjobs_memory import MemoryBackend
from tests.support.control import TOKEN


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAZYJOBS_BACKEND", raising=False)
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def token(file: str | None = None) -> str | None:
    return read_guard_options(Namespace(token_file=file, allow_host=None))["token"]


def test_a_token_comes_from_a_file_or_from_standard_input_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert token() is None
    assert token(str(file)) == TOKEN
    monkeypatch.setattr(sys, "stdin", io.StringIO(f" {TOKEN}\r\n"))
    assert token("-") == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, "another-token-of-some-length")
    assert token() == "another-token-of-some-length"
    assert token(str(file)) == TOKEN
    assert not caplog.records


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_token_that_others_may_read_or_change_is_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(mode)
    assert token(str(file)) == TOKEN
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "chmod 600" in caplog.text
    assert TOKEN not in caplog.text


def test_a_token_from_a_pipe_needs_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = os.pipe()
    os.write(writer, TOKEN.encode())
    os.close(writer)
    assert token(f"/dev/fd/{reader}") == TOKEN
    os.close(reader)
    assert not caplog.records


def test_a_token_is_gone_from_the_environment_once_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    for given in (None, str(file)):
        monkeypatch.setenv(TOKEN_VARIABLE, "another-token-of-some-length")
        token(given)
        assert TOKEN_VARIABLE not in os.environ


def test_a_control_plane_that_is_mounted_takes_its_token_out_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    wsgi_app(MemoryBackend(), token="another-token-of-some-length")
    assert os.environ[TOKEN_VARIABLE] == TOKEN
    wsgi_app(MemoryBackend(), token=os.environ[TOKEN_VARIABLE])
    assert TOKEN_VARIABLE not in os.environ


def test_an_empty_token_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "")
    assert main(["control", "--backend", "memory://", "--listen", "127.0.0.1:0"]) == 2
    assert "the token must be 16 to 1000 visible ASCII characters" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--token-file .*/nowhere: .*No such file"):
        token(f"{tmp_path}/nowhere")


@pytest.mark.parametrize("text", ["", "\n", "short"])
def test_an_empty_or_short_token_is_refused_rather_than_ignored(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(0o600)
    arguments = ["--backend", "memory://", "--listen", "127.0.0.1:0", "--token-file", str(file)]
    assert main(["control", *arguments]) == 2
    assert "the token must be 16 to 1000 visible ASCII characters" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["control", "--backend", "memory://", "--listen"], ["worker", "app:runner", "--control"]]
)
def test_beyond_loopback_a_token_is_demanded(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("from lazyjobs import JobRunner\nrunner = JobRunner(queues=['default'])\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "app", raising=False)
    assert main([*command, "0.0.0.0:0"]) == 2
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith(
        f"lazyjobs: {command[-1]} 0.0.0.0:0: the address 0.0.0.0 can be reached from other machines"
    )
    assert complaint.endswith("--token-file and LAZYJOBS_CONTROL_TOKEN give a token")
    monkeypatch.delitem(sys.modules, "app", raising=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--listen", "8000"], "--listen: write HOST:PORT, such as 127.0.0.1:8000, not '8000'"),
        (["--refresh", "0"], "--refresh: must be seconds from 0.1 to 86400, not '0'"),
        (["--refresh", "nan"], "--refresh: must be seconds from 0.1 to 86400, not 'nan'"),
        (["--refresh", "soon"], "--refresh: must be seconds from 0.1 to 86400, not 'soon'"),
    ],
)
def test_a_wrong_option_is_named_with_what_it_takes(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["control", *arguments])
    assert exit.value.code == 2
    assert f"argument {message}" in capsys.readouterr().err


def test_without_a_backend_it_says_how_to_name_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["control"]) == 2
    assert "write --backend URL or set LAZYJOBS_BACKEND" in capsys.readouterr().err


def test_an_application_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["control", "--app", "nowhere_at_all:runner"]) == 2
    assert "there is no module 'nowhere_at_all'" in capsys.readouterr().err
