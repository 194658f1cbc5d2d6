"""Every verb of the command line: documented, lazily loaded, few flags."""

import importlib
import inspect

import pytest
from cyclopts import App

from handful.doors.cli.app import build_app, main
from handful.doors.cli.verbs import VERBS, Verb


def function_of(verb: Verb) -> object:
    module, _, name = verb.target.partition(":")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_summary_is_the_first_line_of_the_docstring(verb: Verb) -> None:
    doc = inspect.getdoc(function_of(verb)) or ""
    assert verb.summary == doc.partition("\n")[0]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_parameter_is_annotated_and_explained_in_the_help(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    signature = inspect.signature(function_of(verb))  # pyrefly: ignore
    doc = inspect.getdoc(function_of(verb)) or ""
    for name, parameter in signature.parameters.items():
        assert parameter.annotation is not inspect.Parameter.empty, name
        assert f"    {name}: " in doc, f"{verb.name} does not explain `{name}`"
    assert main([*verb.name.split(), "--help"]) == 0
    assert verb.summary in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_keeps_to_a_handful_of_flags(verb: Verb) -> None:
    assert len(inspect.signature(function_of(verb)).parameters) <= 10  # pyrefly: ignore


def test_the_parser_knows_every_verb() -> None:
    assert isinstance(build_app(), App)
    for verb in VERBS:
        assert build_app().parse_args([*verb.name.split(), "--help"])
