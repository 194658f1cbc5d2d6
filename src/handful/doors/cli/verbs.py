"""Which verbs there are, in which group, and where each one's function is.

The table is read without importing any verb, so that help is quick. A test holds every summary
against the first docstring line of its function.
"""

from __future__ import annotations

from keyword import iskeyword
from typing import NamedTuple


class Verb(NamedTuple):
    """One verb of the command line.

    Attributes:
        name: What the user types; two words for housekeeping such as `release list`.
        group: `data`, `learn`, `trust`, `use`, or `housekeeping`, which the overview only names.
        summary: The first docstring line of its function.
    """

    name: str
    group: str
    summary: str

    @property
    def target(self) -> str:
        """Its function, as `module:function`; loaded when the verb is used.

        A word that Python keeps for itself, such as `try`, gets an underscore after it.
        """
        module = self.name.replace(" ", "_").replace("-", "_")
        module += "_" * iskeyword(module)
        return f"handful.doors.cli.{module}:{module}"


GROUPS = {
    "data": "files become a library",
    "learn": "a library becomes a run",
    "trust": "a run shows what it is worth",
    "use": "a run answers",
}
"""The groups of the overview, in order, with what happens in each."""

ROOMS = {
    "autopilot": "Rules for new files: add, list, run, undo, turn on and off.",
    "answers": "What people answered: list it, settle disputes, rename or join answers.",
    "library": "The library: split, lock, look back, go back, take out, take elsewhere.",
    "towers": "Encoders: list them, fetch a model folder, compare them on your items.",
}
"""What the two-word verbs that begin with a word have in common."""

ALONE = {"answers": "list", "autopilot": "list", "towers": "list"}
"""What a first word means when no second follows it."""

VERBS = (
    Verb("new", "data", "Make a project: one folder for everything Handful keeps."),
    Verb("try", "data", "Show what is in a folder: groups it falls into, and how to find things."),
    Verb("add", "data", "Take files into the library; they stay where they are, untouched."),
    Verb("check", "data", "Look for what is wrong with the library, and say what to do about it."),
    Verb("plan", "learn", "Say what a training will cost, before it starts."),
    Verb("train", "learn", "Learn from the library, beside what you would use instead."),
    Verb("evaluate", "trust", "Measure a run on the items that were held back for the test."),
    Verb("ask", "use", "Ask about the items that teach most, one after the other."),
    Verb("predict", "use", "Answer for one item: a photo, a sound, a text, or any mix."),
    Verb("find", "use", "Find items by words, a photo, a sound, or several of them."),
    Verb(
        "fix",
        "housekeeping",
        "Mend what a check found: show what would change, and change it once you say yes.",
    ),
    Verb(
        "pretrain",
        "housekeeping",
        "Make an encoder of your own from the library's unlabelled files.",
    ),
    Verb("release", "housekeeping", "Bundle a run so that it never changes again."),
    Verb(
        "release verify",
        "housekeeping",
        "Look at every byte of a release, and at who signed it.",
    ),
    Verb(
        "promote",
        "housekeeping",
        "Put a release to use, if it is proven to be no worse than the one in use.",
    ),
    Verb(
        "rollback",
        "housekeeping",
        "Go back to the release that was in use before this one.",
    ),
    Verb("serve", "housekeeping", "Answer over HTTP with a release, until Ctrl-C."),
    Verb(
        "serve keys",
        "housekeeping",
        "List the keys that clients show to the server; make one or revoke one.",
    ),
    Verb("label", "housekeeping", "Say what an item is, or that an earlier answer was wrong."),
    Verb(
        "answers list",
        "housekeeping",
        "List the answers to a task, who gave them, and what people do not agree about.",
    ),
    Verb(
        "answers effect",
        "housekeeping",
        "List what answers given since the last training change in other items.",
    ),
    Verb(
        "autopilot add",
        "housekeeping",
        "Keep a rule for new files in a folder; nothing is done yet.",
    ),
    Verb("autopilot list", "housekeeping", "List the rules for new files, and what they did last."),
    Verb(
        "autopilot run",
        "housekeeping",
        "Act by all rules on the files that lie there now, only where the answer is sure.",
    ),
    Verb(
        "autopilot turn",
        "housekeeping",
        "Let a rule act while folders are watched, stop it, or throw it away.",
    ),
    Verb(
        "autopilot undo",
        "housekeeping",
        "Make it as it was before one act, or before a whole run.",
    ),
    Verb(
        "watch-folder",
        "housekeeping",
        "Watch the folders of all rules that are on, and act on new files until Ctrl-C.",
    ),
    Verb("answers rename", "housekeeping", "Give an answer another name, or make two answers one."),
    Verb(
        "library split",
        "housekeeping",
        "Hold items back for a test: whole groups, all copies, every answer alike.",
    ),
    Verb(
        "library lock",
        "housekeeping",
        "Lock a split: nothing goes into it or out of it by mistake.",
    ),
    Verb("library unlock", "housekeeping", "Unlock a split of the library."),
    Verb(
        "library export",
        "housekeeping",
        "Write the library to a folder that any program can read.",
    ),
    Verb(
        "library import",
        "housekeeping",
        "Make an empty library the one that was exported, to the byte.",
    ),
    Verb(
        "library history",
        "housekeeping",
        "List the versions of the library: when, by what, and what changed.",
    ),
    Verb(
        "library undo",
        "housekeeping",
        "Go back to an earlier state of the library, as a new version.",
    ),
    Verb(
        "library tag",
        "housekeeping",
        "Give a version of the library a name, take one away, or list them.",
    ),
    Verb(
        "library diff",
        "housekeeping",
        "Say what differs between two versions of the library.",
    ),
    Verb(
        "library trim",
        "housekeeping",
        "Show what history costs; with --yes delete old versions for good.",
    ),
    Verb(
        "library quarantine",
        "housekeeping",
        "Set items aside: out of training, finding and sorting, with a reason.",
    ),
    Verb(
        "library restore",
        "housekeeping",
        "Take back items that were set aside, or forgotten and not trimmed yet.",
    ),
    Verb(
        "library forget",
        "housekeeping",
        "Show what forgetting items takes away; with --yes take it out for good.",
    ),
    Verb(
        "library pause",
        "housekeeping",
        "Let the add that is at work in another window wait.",
    ),
    Verb("library resume", "housekeeping", "Let an add that was asked to wait go on."),
    Verb(
        "studio",
        "housekeeping",
        "Open the page for everybody: your files, groups, answers, and how good it is.",
    ),
    Verb("doctor", "housekeeping", "Tell what this machine is and what is missing."),
    Verb("sample", "housekeeping", "Make sample files to try things on."),
    Verb("sort", "housekeeping", "Sort a folder: copy what is sure to one folder per answer."),
    Verb(
        "shelf",
        "housekeeping",
        "List runs and releases, and say which saw items that were forgotten since.",
    ),
    Verb(
        "towers list",
        "housekeeping",
        "List what can read your files here: weight-free encoders and model folders.",
    ),
    Verb(
        "towers get",
        "housekeeping",
        "Show what fetching a model folder means; with --yes fetch it.",
    ),
    Verb(
        "towers compare",
        "housekeeping",
        "Say which encoders and layers agree on your items, and which two to have.",
    ),
    Verb("selftest", "housekeeping", "Prove that the checks find what they are for."),
)
