"""Runs schemathesis over the whole document as each role: no 5xx, no answer outside of the schema.

usage: fuzz.py SCHEMATHESIS GAMETAPE SECONDS

A server stands on the sample workspace in a temporary folder; the ids of its calls, comments, reviews and so on take
the place of the ids in paths, so that requests reach the code behind them.
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PASSWORD = "correct horse battery"
STARTS_WITHIN_S = 30
ROOT = Path(__file__).resolve().parents[2]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Streams never end; the others would sign everybody out or shut the accounts that the requests are made with.
LEFT_OUT = ["streamCallEvents", "streamEvents", "signOut", "changePassword", "removeSampleData"]
PEOPLE = {"rep": "ana", "coach": "carla", "admin": "admin"}


class Workspace:
    def __init__(self, gametape: Path, folder: str):
        self.gametape = gametape.resolve()
        self.log = Path(folder) / "server.log"
        models = os.environ.get("GAMETAPE_TEST_MODELS", str(ROOT / "target/models"))
        # The program refuses settings that it does not know, such as those of the tests.
        rest = {name: value for name, value in os.environ.items() if not name.startswith("GAMETAPE_")}
        self.environment = {**rest, "GAMETAPE_DATA_DIR": folder, "GAMETAPE_MODELS_DIR": models, "GAMETAPE_THREADS": "1"}
        self.address = ""

    def run(self, *arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [self.gametape, *arguments], env=self.environment, input=text, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def token(self, email: str, role: str) -> str:
        scope = "admin" if role == "admin" else "write"
        return self.run("token", "create", email, "--name", "fuzz", "--scope", scope)

    def stranger(self) -> str:
        email = "other@example.com"
        self.run("user", "create", email, "--name", "other", "--role", "rep", text=PASSWORD)
        return self.token(email, "rep")

    def serve(self) -> subprocess.Popen:
        with self.log.open("w") as log:
            server = subprocess.Popen(
                [self.gametape, "serve", "--no-worker", "--listen", "127.0.0.1:0"], env=self.environment, stderr=log
            )
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until and server.poll() is None:
            found = re.search(r"listens on (http\S+)", self.log.read_text())
            if found:
                self.address = found[1]
                return server
            time.sleep(0.1)
        raise SystemExit(f"the server did not start: {self.log.read_text()}")

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


def victims(space: Workspace, token: str, admin: str, other: str) -> dict[str, list]:
    """Things of each kind that may go, several of those that requests delete; their ids by where paths begin."""
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
    return {"/calls/": calls, "/comments/": comments, "/reviews/": reviews, "/teams/": [team], "/users/": [other]}


def residents(space: Workspace, token: str) -> dict[str, list]:
    """The sample data's things, which stay; their ids by where paths begin or by the name of the parameter."""
    def ids(path: str) -> list:
        return [item["id"] for item in space.ask(token, "GET", path)["items"]]

    calls = [call["id"] for call in space.ask(token, "GET", "/calls")["items"] if call["state"] == "ready"]
    reviews = ids("/reviews")
    review = space.ask(token, "GET", f"/reviews/{reviews[0]}")
    segments = space.ask(token, "GET", f"/calls/{calls[0]}/transcript")["segments"]
    return {
        "/calls/": calls,
        "/comments/": [one for call in calls for one in ids(f"/calls/{call}/comments")],
        "/reviews/": reviews,
        "/rubrics/": ids("/rubrics"),
        "/trackers/": ids("/trackers"),
        "/moments/": ids("/moments"),
        "/inbox/": ids("/inbox"),
        "/teams/": ids("/teams"),
        "segment_id": [segment["id"] for segment in segments[:5]],
        "criterion_id": [criterion["id"] for criterion in review["rubric"]["criteria"]],
        "user_id": ids("/people"),
        "version": [1],
    }


def with_ids(document: dict, stay: dict[str, list], go: dict[str, list]) -> dict:
    """The document with real ids in paths: of things that may go where a request ends them, of any elsewhere."""
    document = copy.deepcopy(document)
    for path, item in document["paths"].items():
        begins = next((part for part in [*stay, *go] if path.startswith(f"/api/v1{part}")), "")
        for method, operation in item.items():
            ends = method == "delete" and path.endswith("{id}") or path.endswith(("/erase", "/archive"))
            for parameter in operation.get("parameters", []) if isinstance(operation, dict) else []:
                if parameter["in"] != "path":
                    continue
                part = begins if parameter["name"] == "id" else parameter["name"]
                known = go.get(part, []) + ([] if ends else stay.get(part, []))
                if known:
                    parameter["schema"] = {**parameter["schema"], "enum": known}
    return document


def main() -> int:
    schemathesis, gametape, seconds = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    document = json.loads(subprocess.run([gametape, "openapi"], capture_output=True, check=True).stdout)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        space = Workspace(gametape, folder)
        space.run("demo")
        tokens = {role: space.token(f"{name}@demo.example", role) for role, name in PEOPLE.items()}
        other = space.stranger()
        server = space.serve()
        try:
            other_id = space.ask(other, "GET", "/me")["id"]
            # All is looked up before the first request of the tests, which fill the lists with things of their own.
            go = {role: victims(space, token, tokens["admin"], other_id) for role, token in tokens.items()}
            stay = {role: residents(space, token) for role, token in tokens.items()}
            for role, token in tokens.items():
                file = Path(folder) / f"{role}.json"
                file.write_text(json.dumps(with_ids(document, stay[role], go[role])))
                print(f"== as {role}", flush=True)
                command = [
                    schemathesis, "run", str(file), "--url", space.address, "-H", f"Authorization: Bearer {token}",
                    "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-time", seconds,
                    "--request-timeout", "20", "--continue-on-failure", "--warnings", "off", "--seed", "1", "--no-color",
                ]
                for operation in LEFT_OUT:
                    command += ["--exclude-operation-id", operation]
                hooks = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(Path(__file__).parent)}
                if subprocess.run(command, cwd=folder, env=hooks).returncode != 0:
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
