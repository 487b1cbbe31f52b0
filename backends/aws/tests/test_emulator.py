import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aws_support.place import QUEUE, Place

from lazyjobs_aws.emulator import assert_atomic
from lazyjobs_aws.emulator._probe import UnsafeEmulatorError


class _SaysYes(BaseHTTPRequestHandler):
    """An emulator for which every condition holds."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def unsafe() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _SaysYes)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_emulator_whose_conditional_writes_are_not_atomic_is_refused(unsafe: str) -> None:
    with pytest.raises(UnsafeEmulatorError, match=r"6 of 6 threads won the same conditional write in round 1"):
        assert_atomic(unsafe)


def test_moto_in_this_process_is_atomic_as_it_is_used_here(emulated: None) -> None:
    assert_atomic(None, rounds=5)


def test_a_long_poll_holds_up_nobody_else(place: Place) -> None:
    sqs = place.client("sqs")
    url = sqs.get_queue_url(QueueName=place.address.queue(QUEUE))["QueueUrl"]
    found: list[dict[str, object]] = []
    poll = threading.Thread(target=lambda: found.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
    poll.start()
    sqs.send_message(QueueUrl=url, MessageBody="1")
    poll.join(timeout=10)
    assert "Messages" in found[0]
