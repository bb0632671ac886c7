"""The one door for subprocesses: nothing else imports ``subprocess``."""

from __future__ import annotations

import os
import shutil
import subprocess  # noqa: TID251 - this is the door
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kgshare.errors import KgshareError


class CommandFailed(KgshareError):
    """A program ended with another exit code than 0; callers turn it into their stage's own error."""

    kind = "command"

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        self.argv, self.code, self.output = tuple(argv), code, output
        super().__init__(
            f"{argv[0]} ended with exit code {code}: {last_lines(output) or 'it printed nothing'}"
        )


class CommandMissing(KgshareError):
    """A program is not installed."""

    kind = "command"

    def __init__(self, program: str) -> None:
        self.program = program
        super().__init__(f"{program} is not installed or not on PATH")


@dataclass(frozen=True, kw_only=True)
class Completed:
    """What a program printed."""

    stdout: str
    stderr: str


def last_lines(text: str, count: int = 12) -> str:
    """The last non-empty lines of a program's output, where the reason usually stands."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])


def which(program: str) -> str | None:
    """The program's path, or None where it is not installed."""
    return shutil.which(program)


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
    stdin: str | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program to its end and return what it printed.

    Args:
        argv: program and arguments, never through a shell.
        cwd: where to run it.
        env: variables added to this process's own.
        without: prefixes of this process's own variables that the program must not see.
        stdin: text to give it; without, it reads nothing.
        on_line: called with each line of its stderr while it runs.

    Raises:
        CommandMissing: there is no such program.
        CommandFailed: it ended with another code than 0; carries its output.
    """
    words = [str(word) for word in argv]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(tuple(without))}
    environment = {**kept, **(env or {})}
    try:
        process = subprocess.Popen(
            words, cwd=cwd, env=environment, text=True, encoding="utf-8", errors="replace",
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except FileNotFoundError:
        raise CommandMissing(words[0]) from None
    _LIVE.add(process)
    try:
        out, err = _follow(process, on_line) if on_line else process.communicate(stdin)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        _LIVE.discard(process)
    if process.returncode:
        raise CommandFailed(words, process.returncode, err.strip() or out.strip())
    return Completed(stdout=out, stderr=err)


# Programs that `run` waits for in any thread; a set's own operations are atomic.
_LIVE: set[subprocess.Popen[str]] = set()


def stop_all() -> None:
    """End every program that some thread waits for: its `run` then raises `CommandFailed`. For Ctrl-C."""
    for process in list(_LIVE):
        process.terminate()


def _follow(process: subprocess.Popen[str], on_line: Callable[[str], None]) -> tuple[str, str]:
    """Hand each line of stderr on as it comes; stdout is read beside it so that neither pipe fills up."""
    from threading import Thread

    out: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    reader = Thread(target=lambda: out.append(process.stdout.read()))  # type: ignore[union-attr]
    reader.start()
    err: list[str] = []
    for line in process.stderr:
        err.append(line)
        on_line(line.rstrip("\n"))
    reader.join()
    process.wait()
    return "".join(out), "".join(err)


class Spawned:
    """A program that goes on by itself: it leads a session of its own and does not end with who started it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()


def spawn(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path) -> Spawned:
    """Start a program that goes on when this one ends.

    Args:
        argv: program and arguments, never through a shell.
        cwd: where it runs.
        env: all the variables that it sees.
        log: the file that what it prints is appended to; made for its owner only.

    Raises:
        CommandMissing: there is no such program.
    """
    words = [str(word) for word in argv]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return Spawned(
            subprocess.Popen(
                words, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor,
                start_new_session=True,
            )
        )  # fmt: skip
    except FileNotFoundError:
        raise CommandMissing(words[0]) from None
    finally:
        os.close(descriptor)
