"""The examples for FastAPI, Flask and Django, served and worked for by real processes."""

import gzip
from pathlib import Path

import httpx
import pytest

from tests.support.servers import ROOT, run, serving
from tests.support.waiting import wait_until

DJANGO = str(ROOT / "examples" / "with_django" / "manage.py")


@pytest.mark.parametrize("backend", ["memory://", "sqlite:///jobs.db"])
def test_fastapi_counts_the_words_beside_its_requests(backend: str, tmp_path: Path) -> None:
    uvicorn = ["-m", "uvicorn", "examples.with_fastapi.app:app", "--port", "0"]
    with serving(*uvicorn, cwd=tmp_path, LAZYJOBS_BACKEND=backend) as url:
        sent = httpx.post(f"{url}/texts", content="so much depends", headers={"Content-Type": "text/plain"})
        assert sent.status_code == 202
        place = f"{url}/texts/{sent.json()['name']}"
        wait_until(lambda: httpx.get(place).json() == {"words": 3}, what="the count")
        assert httpx.get(f"{url}/texts/00000000-0000-4000-8000-000000000000").status_code == 404


def test_flask_enqueues_and_a_worker_process_compresses(tmp_path: Path) -> None:
    storage = {"LAZYJOBS_BACKEND": f"sqlite:///{tmp_path}/jobs.db"}
    with serving(
        "-m", "flask", "--app", "examples.with_flask.app", "run", "--port", "0", cwd=tmp_path, **storage
    ) as url:
        sent = httpx.put(f"{url}/files/poem.txt", content=b"a red wheel barrow")
        assert (sent.status_code, sent.json()["result"]) == (202, "/files/poem.txt.gz")
        assert httpx.get(f"{url}/files/poem.txt.gz").status_code == 404
        run("-m", "lazyjobs", "worker", "examples.with_flask.jobs:runner", "--drain", cwd=tmp_path, **storage)
        fetched = httpx.get(f"{url}/files/poem.txt.gz")
        assert (fetched.headers["content-encoding"], fetched.text) == ("gzip", "a red wheel barrow")
    assert gzip.decompress((tmp_path / "files" / "poem.txt.gz").read_bytes()) == b"a red wheel barrow"


def test_flask_refuses_a_name_that_is_none(tmp_path: Path) -> None:
    with serving("-m", "flask", "--app", "examples.with_flask.app", "run", "--port", "0", cwd=tmp_path) as url:
        assert httpx.put(f"{url}/files/...", content=b"").status_code == 400
    assert list(tmp_path.iterdir()) == []


def test_django_sends_the_receipt_of_an_order_once_it_is_committed(tmp_path: Path) -> None:
    variables = {"SHOP": str(tmp_path)}
    run("-W", "error", DJANGO, "check", cwd=tmp_path, **variables)
    run(DJANGO, "migrate", "--verbosity", "0", cwd=tmp_path, **variables)
    with serving(DJANGO, "runserver", "--noreload", "127.0.0.1:0", cwd=tmp_path, **variables) as url:
        placed = httpx.post(f"{url}/orders", data={"customer": "ada@example.org"})
        assert (placed.status_code, placed.json()) == (202, {"order": 1})
        assert httpx.get(f"{url}/orders/1").json()["receipt_sent_at"] is None
        run(DJANGO, "lazyjobs_worker", "--drain", cwd=tmp_path, **variables)
        assert httpx.get(f"{url}/orders/1").json()["receipt_sent_at"] is not None
    (mail,) = (tmp_path / "outbox").iterdir()
    assert "To: ada@example.org" in mail.read_text()


def test_djangos_migrations_are_those_of_its_models(tmp_path: Path) -> None:
    run(DJANGO, "makemigrations", "--check", "--dry-run", cwd=tmp_path, SHOP=str(tmp_path))
