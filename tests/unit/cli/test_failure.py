"""Every error becomes a sentence and an exit code."""

import pytest

from cli.errors import CliError, NotRunning, Refused, RunFailed, WrongUse
from cli.failure import explain, wants_traceback
from infra.errors import InfraError, NotConfigured, StoreRefused, StoreUnavailable
from infra.settings import Settings


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (CliError("It did not work."), 1),
        (WrongUse("That is no URL."), 2),
        (NotRunning("Nothing answers."), 3),
        (RunFailed("The run failed."), 4),
        (Refused("No."), 5),
        (InfraError("Something is off."), 1),
        (StoreRefused("No such table."), 1),
        (NotConfigured("No address for kafka."), 3),
        (StoreUnavailable("Kafka does not answer."), 3),
    ],
)
def test_known_errors_are_their_own_sentence(problem: Exception, code: int) -> None:
    assert explain(problem) == (str(problem), code)


def test_an_error_inside_a_task_group_is_found() -> None:
    assert explain(ExceptionGroup("tasks", [NotRunning("Nothing answers.")])) == ("Nothing answers.", 3)


def test_an_unknown_error_says_how_to_see_more() -> None:
    sentence, code = explain(KeyError("x"))
    assert code == 1
    assert "TRAWL_DEBUG=1" in sentence


def test_a_wrong_setting_names_its_variable_but_not_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAWL_PORT", "secret-looking")
    with pytest.raises(ValueError) as caught:
        Settings()
    sentence, code = explain(caught.value)
    assert code == 2
    assert "TRAWL_PORT" in sentence
    assert "secret-looking" not in sentence


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("0", False), ("", False)])
def test_a_traceback_is_shown_only_when_asked_for(value: str, wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAWL_DEBUG", value)
    assert wants_traceback() is wanted
