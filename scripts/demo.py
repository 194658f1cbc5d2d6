"""The main job, from files to an answer, with the command line that a user would type.

    python scripts/demo.py [FOLDER]

Makes the pottery sample, takes it into a new project, checks it, learns to grade from the labels
beside what one would use instead, and then looks at one mug that no part of the training has seen:
its photo and its note look fine, and its tap does not. Everything lands in `demo/`.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import time
from pathlib import Path

from handful.data.modalities.base import MODALITIES
from handful.doors.cli.app import main as handful
from handful.doors.cli.predict import sentence
from handful.doors.python import Project
from handful.foundation.console import seconds_text
from handful.foundation.project.folder import SETTINGS
from handful.learn.routes.reading import read_queries
from handful.learn.routes.run import Run
from handful.use.explore.card import Shown, render

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "demo").absolute()
KILN, SHOP = FOLDER / "kiln", FOLDER / "workshop"
BUDGET = "3min"


def run(*words: str) -> None:
    """Show a command and run it; a failure ends the demo with its code."""
    print(f"\n$ handful {' '.join(words)}", flush=True)
    code = handful([*words])
    if code:
        raise SystemExit(code)


def hero() -> dict[str, str]:
    """The row of the manifest about the mug that only its tap gives away."""
    name = json.loads((FOLDER / "kiln-answers.json").read_text(encoding="utf-8"))["hero"]
    with (KILN / "pieces.csv").open(encoding="utf-8", newline="") as table:
        return next(row for row in csv.DictReader(table) if row["id"] == name)


def show(trained: Run, piece: dict[str, str]) -> Path:
    """Ask about the mug twice, with its sound and without, and write the card."""
    query = {
        "image": KILN / piece["photo"],
        "audio": KILN / piece["tap"],
        "text": KILN / piece["note"] if piece["note"].endswith(".txt") else piece["note"],
    }
    silent = {name: value for name, value in query.items() if name != "audio"}
    whole, without = trained.model.predict([query, silent])
    values = {name: found[0] for name, found in read_queries([query], MODALITIES).items()}
    print(f"\nA mug that it has never seen, {piece['id']}: its photo and its note look fine.")
    print(f'  "{" ".join(values["text"].values()).strip()}"')
    print(f"\n  {sentence(whole)}")
    print(f"\nThe same mug, its sound taken away:\n\n  {sentence(without)}\n")
    page = render(
        [
            Shown(answer=whole, **values, heading="A mug it has never seen"),
            Shown(
                answer=without,
                image=values["image"],
                text=values["text"],
                heading="The same mug, its sound taken away",
                missing=("audio",),
            ),
        ],
        title=f"grade of {piece['id']}",
        footer=cost(trained),
    )
    card = FOLDER / "card.html"
    card.write_text(page, encoding="utf-8")
    return card


def cost(trained: Run) -> str:
    """What the training cost, in one line."""
    spent = trained.manifest["cost"]
    labels = sum(trained.manifest["labelled"].values())
    return (
        f"Learned from {labels} labels in {seconds_text(spent['wall_s'])} on this machine. "
        "Nothing left it."
    )


def main() -> None:
    """Run the whole way."""
    started = time.monotonic()
    shutil.rmtree(SHOP, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    run("sample", "kiln", str(KILN))
    run("new", str(SHOP))
    ask_for_a_tap()
    os.chdir(SHOP)
    run("add", str(KILN / "pieces.csv"), "--column", "labels=kind", "--column", "labels=grade")
    run("check")
    run("train", "--labels", "grade", "--budget", BUDGET)
    run("evaluate")
    run("release", "--why", "the first one")
    project = Project.open(SHOP)
    card = show(project.run(task="grade"), hero())
    print(f"The card: {card}")
    print(f"All of this took {seconds_text(time.monotonic() - started)}. Now yours:")
    print("\n  handful new mine && cd mine && handful add FOLDER --folder-labels TASK")
    print("  handful train --labels TASK --budget 5min")


def ask_for_a_tap() -> None:
    """Give the project the potter's own words for a missing sound."""
    path = SHOP / SETTINGS
    text = path.read_text(encoding="utf-8")
    path.write_text(text + '\n[asks]\naudio = "Tap it"\n', encoding="utf-8")


if __name__ == "__main__":
    main()
