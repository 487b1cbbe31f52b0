"""The application: it enqueues, and runs nothing itself."""

from flask import Flask, Response, request, send_from_directory
from werkzeug.utils import secure_filename

from examples.with_flask.jobs import Compress, files, runner

app = Flask(__name__)


@app.put("/files/<name>")
def upload(name: str) -> tuple[dict[str, str], int]:
    """Keeps the file, and leaves the compressing to the worker."""
    name = secure_filename(name)
    if not name:
        return {"error": "that is no name for a file"}, 400
    files().mkdir(exist_ok=True)
    (files() / name).write_bytes(request.get_data())
    record = runner.enqueue(Compress(name))
    return {"job": str(record.id), "result": f"/files/{name}.gz"}, 202


@app.get("/files/<name>")
def download(name: str) -> Response:
    """A file, or 404 as long as it is not there."""
    return send_from_directory(files().resolve(), name)
