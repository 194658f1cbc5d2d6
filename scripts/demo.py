"""The main job, from files to an answer, with the command line that a user would type.

    python scripts/demo.py [FOLDER]

Makes the pottery sample, takes it into a new project, checks it, says what learning will cost,
learns to grade from the labels beside what one would use instead, looks again at the labels that
look wrong, and then at one mug that no part of the training has seen: its photo and its note look
fine, and its tap does not. Everything lands in `demo/`.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

from handful.data.modalities.base import MODALITIES
from handful.doors.cli.app import main as handful
from handful.doors.cli.predict import sentence
from handful.doors.python import Project
from handful.foundation.console import seconds_text
from handful.foundation.project.folder import GOAL, SETTINGS
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
    state_the_goal()
    os.chdir(SHOP)
    run("add", str(KILN / "pieces.csv"), "--column", "labels=kind", "--column", "labels=grade")
    run("check")
    run("plan", "--labels", "grade", "--budget", BUDGET)
    run("train", "--labels", "grade", "--budget", BUDGET)
    project = Project.open(SHOP)
    look_again(project, project.run(task="grade"))
    run("train", "--labels", "grade", "--budget", BUDGET, "--no-baselines")
    run("evaluate")
    run("release", "--why", "the first one")
    run("find", "blue bowl", "--top", "5")
    card = show(project.run(task="grade"), hero())
    print(f"The card: {card}")
    print(f"All of this took {seconds_text(time.monotonic() - started)}. Now yours:")
    print("\n  handful new mine && cd mine && handful add FOLDER --folder-labels TASK")
    print("  handful train --labels TASK --budget 5min")


def state_the_goal() -> None:
    """Give the project the potter's own words and the potter's own measure of "sure"."""
    words = SHOP / SETTINGS
    words.write_text(
        words.read_text(encoding="utf-8") + '\n[asks]\naudio = "Tap it"\n', encoding="utf-8"
    )
    goal = SHOP / GOAL
    text = goal.read_text(encoding="utf-8")
    goal.write_text(re.sub(r"(?m)^sure_error = .*$", "sure_error = 0.1", text), encoding="utf-8")
    print('\nThe potter writes into goal.toml: "sure" may be wrong one time in ten.')


def look_again(project: Project, trained: Run) -> None:
    """The potter takes the doubted pieces from the shelf; the answer key plays the potter."""
    key = json.loads((FOLDER / "kiln-answers.json").read_text(encoding="utf-8"))["truth"]
    doubted = trained.manifest["doubts"]
    wrong = 0
    for doubt in doubted:
        truth = key[doubt["key"]]["grade"]
        project.label(doubt["key"], truth, task="grade", annotator="potter")
        if truth != doubt["label"]:
            wrong += 1
            print(f"\n$ handful label {doubt['key']} {truth} --task grade")
    print(f"\nOf {len(doubted)} labels that looked wrong, {wrong} were; the others stand.")


if __name__ == "__main__":
    main()
