"""The application, its one job, and the directory both work in."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Body, FastAPI, HTTPException

from lazyjobs import BaseJob, current_runner
from lazyjobs.integrations.starlette import lifespan


def texts() -> Path:
    """Where the texts are, and the counts beside them."""
    return Path(os.environ.get("TEXTS", "texts"))


@dataclass
class CountWords(BaseJob):
    """Writes how many words a text has."""

    kind = "texts.count-words"
    name: UUID

    def work(self) -> None:
        """Counts, and puts the count in its place in one step, so that no half of it is ever read."""
        words = len((texts() / f"{self.name}.txt").read_text().split())
        draft = texts() / f"{self.name}.draft"
        draft.write_text(str(words))
        draft.rename(texts() / f"{self.name}.count")


app = FastAPI(lifespan=lifespan(jobs=[CountWords]))


@app.post("/texts", status_code=202)
def send(text: Annotated[str, Body(media_type="text/plain")]) -> dict[str, UUID]:
    """Keeps the text, leaves the counting for later, and tells under which name to ask for it."""
    name = uuid4()
    texts().mkdir(exist_ok=True)
    (texts() / f"{name}.txt").write_text(text)
    current_runner().enqueue(CountWords(name))
    return {"name": name}


@app.get("/texts/{name}")
def show(name: UUID) -> dict[str, int | None]:
    """The number of words, or null as long as they are not counted."""
    if not (texts() / f"{name}.txt").exists():
        raise HTTPException(404, "there is no such text")
    count = texts() / f"{name}.count"
    return {"words": int(count.read_text()) if count.exists() else None}
