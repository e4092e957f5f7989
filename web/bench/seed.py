"""Writes the words of a long call into a workspace whose server is stopped: seed.py DATABASE CALL_ID SEGMENTS."""

import json
import random
import sqlite3
import sys

WORDS = (
    "and so the stock for next week is what we plan on Sunday evening with the paper list while the "
    "kitchen calls because nine days later our finance director asks how the price compares to what "
    "they have today which nobody knows for sure until the report comes in from the other warehouse"
).split()


def segment(rng: random.Random, number: int, start_ms: int, end_ms: int) -> dict:
    count = rng.choice([4, 8, 12, 20, 30])
    step = (end_ms - start_ms) // count
    words = [
        {
            "start_ms": start_ms + at * step,
            "end_ms": start_ms + (at + 1) * step - 10,
            "text": rng.choice(WORDS),
            "confidence": 0.9,
        }
        for at in range(count)
    ]
    words[0]["text"] = words[0]["text"].capitalize()
    words[-1]["text"] += "?" if number % 7 == 0 else "."
    return {"start_ms": start_ms, "end_ms": end_ms, "text": " ".join(word["text"] for word in words), "words": words}


def main() -> None:
    path, call_id, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    rng = random.Random(7)
    base = sqlite3.connect(path)
    (transcript_id, duration_ms) = base.execute(
        "SELECT transcript_id, duration_ms FROM calls WHERE id = ?", (call_id,)
    ).fetchone()
    base.execute("DELETE FROM segments WHERE transcript_id = ?", (transcript_id,))
    step = duration_ms // count
    for number in range(count):
        start_ms = number * step
        made = segment(rng, number, start_ms, start_ms + step - 150)
        base.execute(
            "INSERT INTO segments (id, transcript_id, window_no, start_ms, end_ms, channel, text, words)"
            " VALUES (?, ?, 0, ?, ?, ?, ?, ?)",
            (
                f"seg_{number:026d}",
                transcript_id,
                made["start_ms"],
                made["end_ms"],
                number // 2 % 2,
                made["text"],
                json.dumps(made["words"]),
            ),
        )
    base.commit()


main()
