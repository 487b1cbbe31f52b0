"""A process with few descriptors that runs jobs and serves the control plane: `DIRECTORY JOBS` are its arguments.

It prints the port, waits for a line, runs the jobs, which open files, and prints a line of JSON: how many there are in
each state, and how many seconds of CPU it took while it waited. With `hold` as a third argument it has no descriptor
left while it waits. It goes on serving until its input ends.
"""

import os
import resource
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import msgspec

from lazyjobs import BaseJob, JobRunner
from lazyjobs.control import serve
from lazyjobs_memory import MemoryBackend

DESCRIPTORS = 128


@dataclass
class WriteFile(BaseJob):
    kind = "files.write"
    job_max_attempts = 1
    name: str

    def work(self) -> None:
        with Path(self.name).open("x") as file, Path(self.name).open():
            file.write("written")


def take_all() -> list[int]:
    """As many descriptors as the process may have."""
    taken = []
    with suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    return taken


def main(directory: str, jobs: int, *, hold: bool) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    runner = JobRunner(MemoryBackend(), jobs=[WriteFile], workers=4)
    with serve(runner, "127.0.0.1", 0, token="a-token-of-some-length") as (_, port):
        print(port, flush=True)
        held = take_all() if hold else []
        print("waiting", flush=True)
        waited = process_time()
        sys.stdin.readline()
        waited = process_time() - waited
        for descriptor in held:
            os.close(descriptor)
        for number in range(jobs):
            runner.enqueue(WriteFile(f"{directory}/{number}"))
        runner.drain()
        counts = {str(state): count for state, count in runner.backend.stats().by_state.items()}
        print(msgspec.json.encode({"counts": counts, "waited": waited}).decode(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), hold="hold" in sys.argv)
