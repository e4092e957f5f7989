"""Runs schemathesis over the whole document as each role: no 5xx, no answer outside of the schema.

usage: fuzz.py SCHEMATHESIS GAMETAPE SECONDS

A server with SQLite in a temporary folder is filled with a call, comments, a review and so on; their ids take the
place of the ids in paths, so that requests reach the code behind them.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

PASSWORD = "correct horse battery"
ROOT = Path(__file__).resolve().parents[2]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Streams never end; the others would sign everybody out or shut the accounts that the requests are made with.
LEFT_OUT = ["streamCallEvents", "signOut", "changePassword"]


class Workspace:
    def __init__(self, gametape: Path, folder: str):
        self.gametape = gametape.resolve()
        self.environment = {**os.environ, "GAMETAPE_DATA_DIR": folder}
        self.address = ""

    def run(self, *arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [self.gametape, *arguments], env=self.environment, input=text, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def person(self, name: str, role: str) -> str:
        email = f"{name}@example.com"
        self.run("user", "create", email, "--name", name, "--role", role, text=PASSWORD)
        scope = "admin" if role == "admin" else "write"
        return self.run("token", "create", email, "--name", "fuzz", "--scope", scope)

    def serve(self) -> subprocess.Popen:
        server = subprocess.Popen(
            [self.gametape, "serve", "--no-worker", "--listen", "127.0.0.1:0"],
            env=self.environment, stderr=subprocess.PIPE, text=True,
        )
        for line in server.stderr:
            if "listens on " in line:
                self.address = line.rsplit("listens on ", 1)[1].strip()
                return server
        raise SystemExit("the server did not start")

    def ask(self, token: str, method: str, path: str, body=None, content_type="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.address}/api/v1{path}", data=data, method=method)
        request.add_header("Authorization", f"Bearer {token}")
        if data is not None:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code}: {error.read().decode()}") from error


def form(name: str, data: bytes) -> tuple[bytes, str]:
    edge = b"gametape-fuzz"
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return b"--" + edge + b"\r\n" + head + data + b"\r\n--" + edge + b"--\r\n", f"multipart/form-data; boundary={edge.decode()}"


def fill(space: Workspace, token: str, admin: str, other: str) -> dict[str, list[str]]:
    """Makes a thing of each kind, several times where requests delete them; gives ids by path."""
    team = space.ask(admin, "POST", "/teams", {"name": f"Team of {token[-6:]}"})["id"]
    calls, comments, reviews = [], [], []
    audio = (ROOT / "samples/clinic-pricing.opus").read_bytes()
    for number in range(4):
        body, kind = form(f"talk-{number}.opus", audio + bytes([number]))
        call = space.ask(token, "POST", "/calls", body, kind)["id"]
        calls.append(call)
        comment = {"kind": "note", "body": "so it is", "start_ms": 1_000, "end_ms": 2_000}
        comments.append(space.ask(token, "POST", f"/calls/{call}/comments", comment)["id"])
        reviews.append(space.ask(token, "POST", f"/calls/{call}/reviews", {})["id"])
    criterion = space.ask(token, "GET", f"/reviews/{reviews[0]}")["rubric"]["criteria"][0]["id"]
    rubric = space.ask(token, "GET", "/rubrics")["items"][0]["id"]
    tracker = space.ask(token, "GET", "/trackers")["items"][0]["id"]
    return {
        "/calls/": calls,
        "/comments/": comments,
        "/reviews/": reviews,
        "/rubrics/": [rubric],
        "/trackers/": [tracker],
        "/teams/": [team],
        "/users/": [other],
        "criterion": [criterion],
        "user_id": [other],
        "version": [1],
    }


def with_ids(document: dict, ids: dict[str, list]) -> dict:
    """The document with real ids for those in paths."""
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] != "path":
                    continue
                known = ids.get(parameter["name"])
                if known is None:
                    known = next((found for part, found in ids.items() if path.startswith(f"/api/v1{part}")), None)
                if known and (parameter["name"] == "id" or parameter["name"] in ids):
                    parameter["schema"] = {**parameter["schema"], "enum": known}
    return document


def main() -> int:
    schemathesis, gametape, seconds = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    document = json.loads(subprocess.run([gametape, "openapi"], capture_output=True, check=True).stdout)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        space = Workspace(gametape, folder)
        tokens = {role: space.person(role, role) for role in ("rep", "coach", "admin")}
        other = space.person("other", "rep")
        server = space.serve()
        try:
            other_id = space.ask(other, "GET", "/me")["id"]
            for role, token in tokens.items():
                ids = fill(space, token, tokens["admin"], other_id)
                file = Path(folder) / f"{role}.json"
                file.write_text(json.dumps(with_ids(json.loads(json.dumps(document)), ids)))
                print(f"== as {role}", flush=True)
                command = [
                    schemathesis, "run", str(file), "--url", space.address, "-H", f"Authorization: Bearer {token}",
                    "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-time", seconds,
                    "--request-timeout", "20", "--continue-on-failure", "--warnings", "off", "--seed", "1", "--no-color",
                ]
                for operation in LEFT_OUT:
                    command += ["--exclude-operation-id", operation]
                if subprocess.run(command, cwd=folder).returncode != 0:
                    failed.append(role)
        finally:
            server.terminate()
            server.wait(timeout=30)
    if failed:
        print(f"failed as {', '.join(failed)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
