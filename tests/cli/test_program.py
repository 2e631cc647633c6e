"""The program as a whole: its help, its exit codes, how it tells a failure."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import rich_click as click
from click.testing import CliRunner

from bridge.cli.failure import report
from bridge.cli.output import plain
from bridge.cli.program import COMMANDS, Program, program
from bridge.errors import BridgeError
from bridge.settings import Settings
from tests.cli.conftest import Run
from tests.generate_docs import every_command

SECTIONS = tuple(Settings.model_fields)

HEAVY = ("pydantic", "starlette", "cel_expr_python", "httpx", "uvicorn", "aiohttp", "yaml")


def test_help_lists_every_command_with_its_sentence(run: Run) -> None:
    shown = " ".join(run("--help").stdout.split())
    for name, (_, sentence) in COMMANDS.items():
        assert name in shown
        assert sentence.split()[0] in shown


def test_sentence_in_the_list_is_the_beginning_of_the_commands_own_help() -> None:
    with click.Context(program) as context:
        for name, (_, sentence) in COMMANDS.items():
            command = program.resolve_command(context, [name])[1]
            assert command is not None
            assert (command.help or "").startswith(sentence.rstrip(".")), name


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from bridge.cli.program import program\n"
        "try: program(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('LOADED', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("LOADED []")


def test_every_option_has_a_variable_that_its_help_shows() -> None:
    for path, command in every_command():
        words = [*path.split()[1:], "--help"]
        shown = CliRunner().invoke(program, words, env={"COLUMNS": "200"}, prog_name="bridge")
        assert shown.exit_code == 0, path
        for option in command.params:
            if isinstance(option, click.Option):
                assert isinstance(option.envvar, str), f"{path} {option.name}"
                assert option.envvar in shown.stdout, f"{path} {option.name}"
                assert option.help, f"{path} {option.name}"


def test_variable_of_an_option_is_no_key_of_the_configuration_and_of_one_group_alone() -> None:
    """Such a one would be refused as an unknown key, and one of two commands would mean both."""
    groups: dict[str, set[str]] = {}
    for path, command in every_command():
        for option in command.params:
            if isinstance(option, click.Option):
                groups.setdefault(str(option.envvar), set()).add(path.rpartition(" ")[0])
    for shared in ("BRIDGE_CONFIG", "BRIDGE_JSON", "BRIDGE_VERBOSE"):
        del groups[shared]
    for variable, where in groups.items():
        assert re.fullmatch(r"BRIDGE(_[A-Z]+)+", variable)
        assert len(where) == 1, variable
        assert not variable.lower().startswith(tuple(f"bridge_{one}_" for one in SECTIONS))


def test_variable_stands_for_the_option(run: Run, folder: Path) -> None:
    (folder / "bridge.yaml").rename(folder / "other.yaml")
    assert run("check").exit_code == 1
    assert run("check", environ={"BRIDGE_CONFIG": "other.yaml"}).exit_code == 0


def test_wrong_usage_ends_with_2(run: Run) -> None:
    assert run("serf").exit_code == 2
    assert run("events", "show").exit_code == 2
    assert run("events", "replay").exit_code == 2
    assert run("send", "--source", "qtangl").exit_code == 2
    assert run("events", "list", "--since", "yesterday").exit_code == 2


def test_failure_ends_with_1_and_says_so_on_stderr_only(run: Run) -> None:
    done = run("events", "list")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: there is no store yet")


def test_failure_is_told_with_its_causes_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    inner = OSError("the disk\x1b[2J is full")
    wrapped = RuntimeError("the disk\x1b[2J is full")
    outer = BridgeError("the store said no")
    outer.__cause__, wrapped.__cause__ = wrapped, inner
    report(outer, verbose=False)
    assert capsys.readouterr().err.splitlines() == [
        "error: the store said no",
        "  because: the disk\N{REPLACEMENT CHARACTER}[2J is full",
    ]


def test_traceback_is_shown_only_when_asked_for() -> None:
    @click.group(cls=Program, places={})
    def broken() -> None:
        """Broken."""

    @broken.command("fail")
    def fail() -> None:
        """Fail."""
        raise ZeroDivisionError("made up")

    def stand_in(ctx: click.Context, args: list[str]) -> tuple[str, click.Command, list[str]]:
        del ctx
        return args[0], fail, args[1:]

    broken.resolve_command = stand_in  # type: ignore[method-assign]
    done = CliRunner().invoke(broken, ["fail"])
    assert done.exit_code == 1
    assert "this is a fault in bridge: ZeroDivisionError: made up" in done.stderr
    assert "Traceback" not in done.stderr


def test_verbose_shows_where_it_happened(run: Run) -> None:
    assert "Traceback" in run("events", "list", "--verbose").stderr
    assert "Traceback" not in run("events", "list").stderr


def test_text_from_outside_cannot_move_the_cursor() -> None:
    assert plain("a\x1b[31mb\x07\n\u202ec") == "a�[31mb�\n�c"
