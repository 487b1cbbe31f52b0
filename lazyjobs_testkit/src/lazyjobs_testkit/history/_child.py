"""The program of a process that plays scripts, told which on stdin: `python -m lazyjobs_testkit.history._child`."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from lazyjobs import Backend, SupportsClose
from lazyjobs_testkit.harness import load_harness
from lazyjobs_testkit.history._interruptions import interruptions
from lazyjobs_testkit.history._meeting import Meeting
from lazyjobs_testkit.history._messages import Enlist, Play, Report
from lazyjobs_testkit.history._operation import Operation
from lazyjobs_testkit.history._places import share_places
from lazyjobs_testkit.history._recorder import Recorder
from lazyjobs_testkit.history._threads import frequent_switches


def main() -> None:
    """Opens a handle and plays one script after the other until stdin ends."""
    # Whatever the backend prints goes to stderr: stdout belongs to the parent.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        enlisted = msgspec.json.decode(sys.stdin.buffer.readline(), type=Enlist)
        backend = load_harness(enlisted.reference)().open(enlisted.namespace)
        try:
            _say(output, Report(()))
            _serve(backend, enlisted, output)
        finally:
            if isinstance(backend, SupportsClose):
                backend.close()


def _serve(backend: Backend, enlisted: Enlist, output: BinaryIO) -> None:
    with share_places(Path(enlisted.places)) as places:
        for line in sys.stdin.buffer:
            job = msgspec.json.decode(line, type=Play)
            meeting = Meeting(places, enlisted.place, job.deadline)
            _say(output, Report(tuple(_play(backend, job, meeting, f"process {enlisted.place + 1}"))))


def _play(backend: Backend, job: Play, meeting: Meeting, caller: str) -> list[Operation]:
    recorder = Recorder(backend, caller=caller, handle=caller)
    try:
        with frequent_switches(), interruptions(job.seed, job.interrupted):
            job.script.play(recorder, meeting)
    finally:
        meeting.leave()
    return recorder.operations()


def _say(output: BinaryIO, report: Report) -> None:
    output.write(msgspec.json.encode(report) + b"\n")
    output.flush()


if __name__ == "__main__":
    main()
