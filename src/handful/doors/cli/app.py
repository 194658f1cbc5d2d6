"""The command `handful`: finds the verb, runs it, turns errors into sentences and exit codes.

Exit codes: 0 done, 1 a finding or a failed gate, 2 wrong use or bad input, 130 stopped with
Ctrl-C, 70 a fault in Handful itself.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from handful import __version__
from handful.doors.cli.speaker import speaking
from handful.doors.cli.verbs import ALONE, GROUPS, ROOMS, VERBS
from handful.foundation.console import Console, JsonForm
from handful.foundation.errors import HandfulError, UsageError, did_you_mean

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError

INTERRUPTED = 130
FAULT = 70

_FLAGS = """\
Everywhere:
  --project FOLDER   the project; default: the nearest folder above with a project.toml
  --json             one JSON document on standard output; --json=events for a line per event
  --quiet            no progress and no notes
  --no-colour        plain text; NO_COLOR does the same
  --debug            a traceback below an error"""


class Flags(NamedTuple):
    """What may stand anywhere on the command line.

    Attributes:
        json: None, `document` or `events`.
        colour: None to decide by the terminal.
        is_quiet: No progress and notes.
        is_debug: Tracebacks below errors.
    """

    json: JsonForm | None = None
    colour: bool | None = None
    is_quiet: bool = False
    is_debug: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after `handful`; those of the process when left out.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    flags, words = take_flags(words)
    with Console(flags.json, flags.colour, flags.is_quiet) as console, speaking(console):
        try:
            return run(words, console)
        except HandfulError as error:
            if flags.is_debug:
                console.trace(error)
            return console.error(error)
        except KeyboardInterrupt:
            console.failed(
                "Interrupted",
                "Stopped. What was finished is kept.",
                "run the same command again to go on",
            )
            return INTERRUPTED
        except Exception as error:
            return fault(console, error)


def run(words: list[str], console: Console) -> int:
    """Run one verb, or show the overview.

    Args:
        words: The words after `handful`, without the flags that may stand anywhere.
        console: Where to speak.

    Returns:
        The exit code.

    Raises:
        HandfulError: Whatever the verb raises; also for words that fit no verb.
    """
    if not words or words[0] in ("--help", "-h", "help"):
        console.sentence(overview())
        return 0
    if words[0] in ("--version", "-V"):
        console.sentence(f"handful {__version__}", version=__version__)
        return 0
    known = {verb.name.split()[0] for verb in VERBS}
    if words[0] not in known:
        what = "option" if words[0].startswith("-") else "verb"
        raise UsageError(
            f'There is no {what} "{words[0]}".',
            f"{did_you_mean(words[0], known)} `handful --help` lists what there is",
        )
    return _call(_with_second(words))


def _with_second(words: list[str]) -> list[str]:
    """Add the word that a first one means by itself, such as `list` after `towers`.

    Where the first word is a verb too, as in `release verify`, both become one command.
    """
    if _is_both(" ".join(words[:2])):
        return [" ".join(words[:2]), *words[2:]]
    second = ALONE.get(words[0])
    if second is None:
        return words
    rest = words[1:]
    seconds = {verb.name.partition(" ")[2] for verb in VERBS if verb.name.startswith(words[0])}
    if not rest or (rest[0] not in seconds and not _asks(rest[0]) and _is_meant(rest[0])):
        return [words[0], second, *rest]
    return words


def _is_both(name: str) -> bool:
    """Whether this is a verb of two words whose first one is a verb by itself."""
    names = {verb.name for verb in VERBS}
    return name in names and " " in name and name.split()[0] in names


def _asks(word: str) -> bool:
    return word in ("--help", "-h")


def _is_meant(word: str) -> bool:
    """Whether a word belongs to the listing: an option of it, or a folder."""
    return word.startswith("-") or Path(word).expanduser().exists() or "/" in word


def overview() -> str:
    """The text of `handful --help`: the verbs in their groups, then housekeeping by name."""
    lines = [f"handful {__version__}: train on your own text, pictures and sound", ""]
    for group, meaning in GROUPS.items():
        verbs = [verb for verb in VERBS if verb.group == group]
        if verbs:
            lines.append(f"{group}: {meaning}")
            lines += [f"  handful {verb.name:<9} {verb.summary}" for verb in verbs]
            lines.append("")
    house = dict.fromkeys(verb.name.split()[0] for verb in VERBS if verb.group == "housekeeping")
    lines.append("Housekeeping:")
    lines += textwrap.wrap(", ".join(house), 98, initial_indent="  ", subsequent_indent="  ")
    lines += ["More about one: handful VERB --help", "", _FLAGS]
    return "\n".join(lines)


def take_flags(words: Sequence[str]) -> tuple[Flags, list[str]]:
    """Take out the flags that may stand anywhere, up to a `--`.

    Args:
        words: The words after `handful`.

    Returns:
        The flags, and the words that are left.
    """
    flags = Flags()
    rest: list[str] = []
    for place, word in enumerate(words):
        if word == "--":
            return flags, [*rest, *words[place:]]
        match word:
            case "--json" | "--json=document":
                flags = flags._replace(json="document")
            case "--json=events":
                flags = flags._replace(json="events")
            case "--colour" | "--color":
                flags = flags._replace(colour=True)
            case "--no-colour" | "--no-color":
                flags = flags._replace(colour=False)
            case "--quiet":
                flags = flags._replace(is_quiet=True)
            case "--debug":
                flags = flags._replace(is_debug=True)
            case _:
                rest.append(word)
    return flags, rest


def fault(console: Console, error: Exception) -> int:
    """Say that Handful itself is at fault, with all that a report needs.

    Args:
        console: Where to speak.
        error: What came through.

    Returns:
        The exit code for a fault.
    """
    console.failed(
        "Fault",
        f"This is a fault in Handful, not in what you did: {type(error).__name__}: {error}",
        "please report the lines above with `handful doctor --json`; your files are untouched",
        cause=error,
    )
    return FAULT


def build_app() -> App:
    """The parser, with every verb registered by name and none imported."""
    from cyclopts import App

    app = App(
        name="handful",
        version=__version__,
        help_formatter="plain",
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        help_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    rooms: dict[str, App] = {}
    for verb in VERBS:
        first, _, second = verb.name.partition(" ")
        if not second or _is_both(verb.name):
            app.command(verb.target, name=verb.name, help=verb.summary)
            continue
        if first not in rooms:
            rooms[first] = App(name=first, help=ROOMS[first], help_formatter="plain")
            app.command(rooms[first])
        rooms[first].command(verb.target, name=second, help=verb.summary)
    return app


def _call(words: list[str]) -> int:
    from cyclopts import CycloptsError

    try:
        result = build_app()(words)
    except CycloptsError as error:
        verb = f"handful {_verb_in(words)}"
        raise UsageError(
            _in_our_words(error, verb), f"`{verb} --help` shows what it takes"
        ) from None
    return result if isinstance(result, int) else 0


def _in_our_words(error: CycloptsError, verb: str) -> str:
    """The parser's message as one line about the verb."""
    from cyclopts import MissingArgumentError, UnusedCliTokensError

    if isinstance(error, MissingArgumentError) and error.argument:
        name = error.argument.name
        shown = f"a value after {name}" if error.keyword else name.lstrip("-").upper()
        return f"`{verb}` needs {shown}."
    if isinstance(error, UnusedCliTokensError):
        extra = ", ".join(f'"{token}"' for token in error.unused_tokens or ())
        return f"`{verb}` does not know what to do with {extra}."
    return " ".join(str(error).split())


def _verb_in(words: Sequence[str]) -> str:
    """The longest run of leading words that names a verb."""
    names = {verb.name for verb in VERBS}
    two = " ".join(words[:2])
    return two if two in names else words[0]
