"""The build is a graph of steps with input and output digests; a step whose inputs are unchanged is not run.

A step's key is the digest of its name, of its own inputs and of the outputs of the steps it needs. Its results stand
in a folder named by that key, with ``done.json`` written last: a folder without it is a step that was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.doors import process
from kgshare.errors import ManifestError, Problem
from kgshare.progress import Progress

DONE = "done.json"
KEEP = 4  # results kept per step, the latest used
NAMED = 3  # files that a reason names
EACH_TIME = "done in every run"
IN_USE = 900  # seconds in which a result that was looked up may still be read, by another build on this machine too


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a plan.

    Attributes:
        name: what it makes, e.g. ``base.database``.
        needs: the steps whose outputs it reads.
        inputs: its own inputs by name, each with a digest: locked packages, files of the project, code of kgshare.
        outputs: the files it writes.
        files: for an input that is made of files of the project, which, each with a digest: only to say which one changed.
        outside: files elsewhere that it writes too; where one is no longer as it left it, the step is done again.
        always: what it does is seen elsewhere only, in a registry say, so that it is done in every run.
    """

    name: str
    needs: tuple[str, ...] = ()
    inputs: Mapping[str, str]
    outputs: tuple[str, ...]
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)
    outside: tuple[Path, ...] = ()
    always: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps of a build, each after those it needs."""

    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A step's result.

    Attributes:
        key: digest of all that went in.
        outputs: SHA-256 of each file that came out.
        folder: where they stand.
        seconds: how long it took when it was run.
        cached: True when it was not run this time.
        reason: why it was run: the inputs that differ from the last time, in words; empty when cached.
    """

    name: str
    key: str
    outputs: Mapping[str, str]
    folder: Path
    seconds: float
    cached: bool
    reason: str = ""

    def path(self, output: str) -> Path:
        """Where one of its files stands."""
        return self.folder / output


Work = Callable[[Mapping[str, Done], Path], None]
"""Does a step: gets the results of the steps before it, and an empty folder for its outputs."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(*parts: str) -> str:
    """SHA-256 of some strings, none of which can flow into the next."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def tree_digest(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over the files below some paths: names relative to ``root``, modes and contents; bytecode left out.

    Raises:
        ManifestError: a link leads out of ``root`` or to a folder; what is shared is what stands in the project.
    """
    return rows_digest(tree_rows(paths, root))


def tree_rows(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """The files below some paths by name, each with its mode and digest: what `tree_digest` is made of.

    Raises:
        ManifestError: as `tree_digest`.
    """
    rows: dict[str, str] = {}
    for path in sorted(set(paths)):
        for file in files_below(path, root):
            executable = "x" if os.access(file, os.X_OK) else "-"
            rows[file.relative_to(root).as_posix()] = f"{executable} {file_digest(file)}"
    return rows


def rows_digest(rows: Mapping[str, str]) -> str:
    """SHA-256 over the rows of a tree."""
    return text_digest(*(f"{name} {digest}" for name, digest in rows.items()))


def files_below(path: Path, root: Path) -> list[Path]:
    """The files below a path, sorted, without bytecode. A link is a file's other name inside ``root``, or refused."""
    found = [path] if path.is_file() else []
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        links = [Path(folder, name) for name in folders if Path(folder, name).is_symlink()]
        found += [Path(folder, name) for name in sorted(files) if not name.endswith(".pyc")]
        found += links
    wrong = [
        f
        for f in found
        if f.is_symlink() and not (f.is_file() and f.resolve().is_relative_to(root.resolve()))
    ]
    if wrong:
        hint = "copy what it points to into the project, or remove it"
        reason = "a link that leads out of the project, to a folder or nowhere"
        raise ManifestError(
            *(Problem(message=reason, where=f.relative_to(root).as_posix(), hint=hint) for f in wrong)
        )
    return sorted(found)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What went into a result that is there: its inputs, and the files behind them, as `Step` has them."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def _facts(file: Path) -> list[int]:
    stat = file.stat()
    return [stat.st_size, stat.st_mtime_ns]


@dataclass(frozen=True, kw_only=True)
class StepStore:
    """Results of steps on disk, below ``root``/STEP/KEY."""

    root: Path

    def find(self, step: Step, key: str) -> Done | None:
        """The result of a step with that key, if it is whole: its files have the size and time that were recorded.

        Where only the time is another, as after a way through an archive that rounds it, what is in the file decides.
        """
        folder = self.root / step.name / key
        try:
            record = json.loads((folder / DONE).read_text())
            stat = {name: _facts(folder / name) for name in step.outputs}
            moved = [name for name in step.outputs if stat[name] != record["stat"][name]]
            for name in moved:
                size = record["stat"][name][0]
                if stat[name][0] != size or file_digest(folder / name) != record["outputs"][name]:
                    return None
            if any(_facts(path) != record["outside"][str(path)] for path in step.outside):
                return None
            renewed = {**record, "stat": stat}
            if "files" not in record and step.inputs.items() <= record["inputs"].items():
                renewed["files"] = step.files  # of an older kgshare
            if renewed != record:
                write_aside(folder / DONE, json.dumps(renewed, indent=1))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        os.utime(folder)
        return Done(
            name=step.name, key=key, outputs=record["outputs"], folder=folder, seconds=record["seconds"], cached=True
        )  # fmt: skip

    def keep(self, step: Step, key: str, made: Path, seconds: float, inputs: Mapping[str, str]) -> Done:
        """Move a finished folder to its place; its record is written last."""
        outputs = {name: file_digest(made / name) for name in step.outputs}
        stat = {name: _facts(made / name) for name in step.outputs}
        record = {
            "outputs": outputs, "stat": stat, "seconds": seconds, "inputs": dict(inputs),
            "files": {name: dict(rows) for name, rows in step.files.items()},
            "outside": {str(path): _facts(path) for path in step.outside},
        }  # fmt: skip
        (made / DONE).write_text(json.dumps(record, indent=1))
        folder = self.root / step.name / key
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
        self._prune(step.name)
        return Done(name=step.name, key=key, outputs=outputs, folder=folder, seconds=seconds, cached=False)

    def forget(self, step: Step, key: str) -> None:
        """Remove a result, so that the step is run again."""
        shutil.rmtree(self.root / step.name / key, ignore_errors=True)

    def find_like(self, step: Step, *, but: str) -> Done | None:
        """The latest whole result of a step whose own inputs were the same, one of them left aside."""
        wanted = {name: digest for name, digest in step.inputs.items() if name != but}
        for folder in self.latest_first(step.name):
            try:
                inputs: dict[str, str] = json.loads((folder / DONE).read_text())["inputs"]
            except (OSError, ValueError, KeyError):
                continue
            if wanted.items() <= inputs.items() and (found := self.find(step, folder.name)):
                return found
        return None

    def nearest(self, name: str, inputs: Mapping[str, str]) -> Before:
        """What went into the result of a step that differs least, the latest of several; nothing where there is none.

        Not just the latest: another project may have been built since.
        """
        found: list[Before] = []
        for folder in self.latest_first(name):
            try:
                record = json.loads((folder / DONE).read_text())
                found.append(Before(inputs=record["inputs"], files=record.get("files", {})))
            except (OSError, ValueError, KeyError):
                continue
        return min(found, key=lambda before: len(differing(inputs, before.inputs)), default=Before())

    def latest_first(self, name: str) -> list[Path]:
        """The folders with a step's results, the one that was used last at the head."""
        home = self.root / name
        folders = [p for p in home.iterdir() if not p.name.startswith(".")] if home.is_dir() else []
        return sorted(folders, key=lambda p: p.stat().st_mtime_ns, reverse=True)

    def _prune(self, name: str) -> None:
        used = time.time() - IN_USE
        for folder in [f for f in self.latest_first(name)[KEEP:] if f.stat().st_mtime < used]:
            shutil.rmtree(folder, ignore_errors=True)


def inputs_of(step: Step, done: Mapping[str, Done]) -> dict[str, str]:
    """All that goes into a step: its own inputs and the outputs it reads, by name."""
    inputs = dict(step.inputs)
    for need in step.needs:
        inputs |= {f"{need}/{name}": digest for name, digest in done[need].outputs.items()}
    return inputs


def key_of(step: Step, inputs: Mapping[str, str]) -> str:
    """The digest that names a step's result."""
    return text_digest(step.name, *step.outputs, *(f"{k}={v}" for k, v in sorted(inputs.items())))[:40]


def differing(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """The names of the inputs that are not the same in two sets."""
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


@dataclass(frozen=True, kw_only=True)
class Cause:
    """An input that is not what it was, and which of the project's files that is; none where it is made of no file."""

    input: str
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.files:
            return self.input
        more = f" and {len(self.files) - NAMED} more" if len(self.files) > NAMED else ""
        return f"{self.input} ({', '.join(self.files[:NAMED])}{more})"


def causes(step: Step, inputs: Mapping[str, str], before: Before) -> tuple[Cause, ...]:
    """What differs between what goes into a step now and what went into it before, by input and file.

    Several outputs of one step before it are one cause, named by that step.
    """
    found: list[Cause] = []
    outputs: dict[str, list[str]] = {}
    for name in differing(inputs, before.inputs):
        need, slash, output = name.partition("/")
        if slash and need in step.needs:
            outputs.setdefault(need, []).append(output)
        else:
            now, then = step.files.get(name, {}), before.files.get(name, {})
            found.append(Cause(input=name, files=_which(now, then) if name in inputs else ()))
    for need, names in outputs.items():
        one = len(names) == 1
        found.append(Cause(input=f"{need}/{names[0]}" if one else need, files=() if one else tuple(names)))
    return tuple(found)


def _which(now: Mapping[str, str], then: Mapping[str, str]) -> tuple[str, ...]:
    if not then:
        return tuple(now) if len(now) == 1 else ()
    return tuple(
        f"{file} {'is new' if file not in then else 'is gone'}" if (file in now) != (file in then) else file
        for file in differing(now, then)
    )


def why(found: tuple[Cause, ...], before: Before) -> str:
    """What differs, in words."""
    if not before.inputs:
        return "not made yet"
    return "changed: " + ", ".join(map(str, found)) if found else "its result is gone"


def run_steps(
    plan: Plan, work: Mapping[str, Work], store: StepStore, progress: Progress, *, jobs: int = 2
) -> dict[str, Done]:
    """Run what is not there yet, independent steps side by side, and return every step's result by name.

    A step that fails lets those that already run finish and starts no other; its error is raised. Ctrl-C ends the
    programs that steps wait for.
    """
    done: dict[str, Done] = {}
    waiting = list(plan.steps)
    running: dict[Future[Done], str] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while waiting or running:
                for step in [s for s in waiting if all(need in done for need in s.needs)]:
                    waiting.remove(step)
                    running[pool.submit(_run, step, work, store, dict(done), progress)] = step.name
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future)
                    done[name] = future.result()
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, KeyboardInterrupt):
                process.stop_all()
            raise
    return done


def _run(
    step: Step, work: Mapping[str, Work], store: StepStore, before: Mapping[str, Done], progress: Progress
) -> Done:
    inputs = inputs_of(step, before)
    key = key_of(step, inputs)
    if not step.always and (found := store.find(step, key)):
        return found
    before_it = store.nearest(step.name, inputs)
    reason = EACH_TIME if step.always else why(causes(step, inputs, before_it), before_it)
    home = store.root / step.name
    home.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=home))
    start = time.monotonic()
    try:
        with progress.stage(f"{step.name}  ({reason})"):
            work[step.name](before, made)
        result = store.keep(step, key, made, time.monotonic() - start, inputs)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Done(**{**vars(result), "reason": reason})


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What would become of a step.

    Attributes:
        reason: why it would run, in words; empty where it would not.
        causes: the inputs that differ, by file.
        waits: the steps before it that would run, so that nothing is known of it yet.
        done: its result, where it would not run.
    """

    reason: str = ""
    causes: tuple[Cause, ...] = ()
    waits: tuple[str, ...] = ()
    done: Done | None = None


def outlook(plan: Plan, store: StepStore) -> dict[str, Outlook]:
    """What would become of each step; a step after one that runs may run as well."""
    done: dict[str, Done] = {}
    found: dict[str, Outlook] = {}
    for step in plan.steps:
        late = tuple(need for need in step.needs if need not in done)
        if late:
            found[step.name] = Outlook(reason="after " + ", ".join(late), waits=late)
            continue
        inputs = inputs_of(step, done)
        result = store.find(step, key_of(step, inputs))
        if step.always:
            found[step.name] = Outlook(reason=EACH_TIME)
            if result:
                done[step.name] = result  # what is known of it; most likely it will be the same
        elif result:
            done[step.name] = result
            found[step.name] = Outlook(done=result)
        else:
            before = store.nearest(step.name, inputs)
            differ = causes(step, inputs, before)
            found[step.name] = Outlook(reason=why(differ, before), causes=differ if before.inputs else ())
    return found


def forecast(plan: Plan, store: StepStore) -> dict[str, str]:
    """Why each step would run, ``""`` for one that would not."""
    return {name: one.reason for name, one in outlook(plan, store).items()}
