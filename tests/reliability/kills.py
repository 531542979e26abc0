"""SIGKILL at random moments, and what is found afterwards.

Run by hand from the project's folder, with more kills than the tests have time for::

    python -m tests.reliability.kills finetune 200
    python -m tests.reliability.kills prepare 100
    python -m tests.reliability.kills predict 50
    python -m tests.reliability.kills shards 50

Victims are real processes that really die. Most are forked from this one, which has imported
everything and computed nothing, so that hundreds are affordable; each tenth is a new interpreter
with the command line that a person would type. A victim that lives to its end has finished the
work: it is then compared with the same work done without a kill, and new work begins.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

# Before torch: a forked process must not miss the threads of its parent.
os.environ["OMP_NUM_THREADS"] = "1"

from artstyle import inference
from artstyle.__main__ import main as artstyle
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import MissingError
from artstyle.models.checkpoint import read_state
from artstyle.preparation.prepare import prepare
from artstyle.recipes import resolve_config
from artstyle.runs.finding import find_run
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import TEMPORARY_PREFIX
from artstyle.training.fit import fit
from artstyle.training.run_state import RunState
from tests.cli.random_run import write_random_run
from tests.conftest import tiny_config
from tests.posix import fork
from tests.preparation.pictures import write_collection, write_painting
from tests.training.same import assert_same_run

EACH_IN_A_NEW_INTERPRETER = 10
ACCUMULATE, BATCH = 2, 4
RUN = ("train.epochs=4", f"train.batch_size={BATCH}", f"train.accumulate={ACCUMULATE}",
       "train.ema_decay=0.9", "unfreeze.mode=staged", "unfreeze.head_epochs=1",
       "train.precision=fp32", "train.channels_last=true", "train.keep_state=true")  # fmt: skip
# Saved after every move of the weights, or by the clock: 0.18 seconds.
SAVE_MINUTES = (1e-9, 0.003)
PREDICT_BATCH = 8
FORMATS = ("csv", "json", "jsonl")
# Its name is missing in the signal module of Windows.
SIGKILL = 9


@dataclass
class Seen:
    """What was counted."""

    counts: Counter[str] = field(default_factory=Counter)
    lost_seconds: float = 0.0

    def __str__(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))


class Killer:
    """Starts victims and kills them.

    Args:
        seed: Of the moments.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seen = Seen()

    def kill(self, work: Callable[[], object], words: Sequence[str], seconds: float) -> bool:
        """Start a victim and kill it within ``seconds``; return whether it lived to its end."""
        number = sum(self.seen.counts[name] for name in ("killed", "lived"))
        if words and number % EACH_IN_A_NEW_INTERPRETER == EACH_IN_A_NEW_INTERPRETER - 1:
            self.seen.counts["in a new interpreter"] += 1
            pid, seconds = interpreter(words), seconds + self.start_seconds()
        else:
            pid = forked(work)
        time.sleep(self.random.uniform(0, seconds))
        os.kill(pid, SIGKILL)
        lived = ended_well(pid)
        self.seen.counts["lived" if lived else "killed"] += 1
        return lived

    def start_seconds(self) -> float:
        """Return the time that a new interpreter takes to import everything, measured once."""
        if not hasattr(self, "_start_seconds"):
            started = time.monotonic()
            code = "import artstyle.training.fit"
            subprocess.run([sys.executable, "-c", code], check=True)
            self._start_seconds = time.monotonic() - started
        return self._start_seconds


def forked(work: Callable[[], object]) -> int:
    """Run ``work`` in a child of this process and return its id."""
    pid = fork()
    if pid:
        return pid
    code: object = 70
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        work()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code if isinstance(code, int) else 70)


LOG = os.devnull
"""Where the standard error of victims goes."""


def interpreter(words: Sequence[str]) -> int:
    """Run the command line in a new interpreter and return the process id."""
    command = [sys.executable, "-m", "artstyle", *words]
    with Path(LOG).open("w") as log:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log).pid


def ended_well(pid: int) -> bool:
    """Wait for a victim; return whether it had ended before it was killed."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    # 3: done, but for pictures that cannot be read.
    assert code in (0, 3, -SIGKILL), (code, Path(LOG).read_text())
    return code >= 0


def command_line(*words: object) -> Callable[[], None]:
    """Return what a forked victim does: the command line of these words."""

    def work() -> None:
        sys.argv = ["artstyle", *map(str, words)]
        artstyle()

    return work


def timed(work: Callable[[], object]) -> float:
    """Do work in a victim that nobody kills; return the seconds it took."""
    started = time.monotonic()
    assert ended_well(forked(work))
    return time.monotonic() - started


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file but those that a killed process had not finished."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(TEMPORARY_PREFIX)
    }


# --- finetune ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a victim told of a batch, before it could save it."""

    epoch: int
    batch: int
    batches: int
    clock: float


def kill_finetune(kills: int, seed: int, root: Path) -> Seen:
    """Kill training again and again, and go on with the latest run."""
    killer, data = Killer(seed), tiny_data(root)
    twin = RunFolder(root / "twin")
    seconds = timed(lambda: fit(tiny_config(*RUN), data, twin))
    number = 0
    while killer.seen.counts["killed"] < kills:
        number += 1
        runs, minutes = root / f"runs{number}", SAVE_MINUTES[number % len(SAVE_MINUTES)]
        while killer.seen.counts["killed"] < kills:
            tale = root / "tale"
            tale.write_bytes(b"")
            work = training(runs, data, minutes, tale)
            words = ["finetune", "--resume", str(runs / "run")] if latest(runs) else []
            lived = killer.kill(work, words, 1.2 * seconds)
            check_run(RunFolder(runs / "run"), told(tale), minutes, killer.seen)
            if lived:
                assert_same_run(twin, RunFolder(runs / "run"))
                killer.seen.counts["finished and equal to the uninterrupted run"] += 1
                break
    return killer.seen


def tiny_data(root: Path) -> DatasetFolder:
    museum = write_collection(root / "museum", ("Cubism", "Pop_Art", "Ukiyo_e"), 14)
    config = resolve_config(
        overrides=["data.cache_size=40", "data.workers=0", "balance.min_per_style=4"]
    ).config
    return prepare(museum, root / "data", config).dataset


def training(
    runs: Path, data: DatasetFolder, save_minutes: float, tale: Path
) -> Callable[[], object]:
    """Return what a victim does: begin a run, or go on with the latest, and tell of batches."""

    def work() -> object:
        descriptor = os.open(tale, os.O_WRONLY | os.O_APPEND)

        def tell(stage: str, done: int, total: int | None, detail: str = "") -> None:
            if not stage.startswith("epoch "):
                return
            line = [int(stage.split()[1]), done, total, time.monotonic()]
            os.write(descriptor, json.dumps(line).encode() + b"\n")

        found = latest(runs)
        config = tiny_config(*RUN, f"train.save_minutes={save_minutes}")
        run = found or RunFolder(runs / "run")
        return fit(run.config() if found else config, data, run, resume=bool(found), progress=tell)

    return work


def latest(runs: Path) -> RunFolder | None:
    """Return what ``--resume latest`` finds: None if no run had begun, so there is nothing lost."""
    try:
        return find_run("latest", runs, needs="nothing")
    except MissingError:
        return None


def told(tale: Path) -> list[Told]:
    return [Told(*json.loads(line)) for line in tale.read_text().splitlines()]


def check_run(run: RunFolder, tale: list[Told], save_minutes: float, seen: Seen) -> None:
    """Check that every file can be read and that no more is lost than one save interval."""
    if not run.config_path.is_file():
        assert tale == []
        seen.counts["before the run began"] += 1
        return
    assert run.config().train.epochs == 4
    assert len(run.labels()) == 3
    assert run.environment().seed == 42
    history = [int(row["epoch"]) for row in run.history()]
    assert history == list(range(1, len(history) + 1))
    for path in (run.best_path, run.last_path):
        if path.exists():
            read_state(path)
    state = RunState()
    if run.last_path.exists():
        state = RunState(**read_state(run.last_path)[1]["standing"])
        seen.counts["saved within an epoch" if state.images else "saved between epochs"] += 1
    else:
        seen.counts["before the first save"] += 1
    assert len(history) - state.epochs in (0, 1)
    if tale:
        _check_loss(state, tale, save_minutes, seen)


def _check_loss(state: RunState, tale: list[Told], save_minutes: float, seen: Seen) -> None:
    saved, last = (state.epochs, -(-state.images // BATCH)), tale[-1]
    if last.batch == last.batches:  # An epoch is told of as finished once it is saved.
        assert saved >= (last.epoch, 0)
    elif save_minutes < 1e-6:
        # What was told before the last batch is saved, but for gradients that wait for a move.
        kept = (last.batch - 1) // ACCUMULATE * ACCUMULATE
        assert saved >= (last.epoch - 1, kept), (saved, last)
    else:
        lost = [one.clock for one in tale if (one.epoch - 1, one.batch) > saved]
        seconds = lost[-1] - lost[0] if lost else 0.0
        seen.lost_seconds = max(seen.lost_seconds, seconds)
        # All but the move that was under way: when these were done, no save was due yet.
        settled = lost[:-ACCUMULATE]
        assert not settled or settled[-1] - settled[0] < 60 * save_minutes, settled


# --- prepare ----------------------------------------------------------------------------------


def kill_prepare(kills: int, seed: int, root: Path) -> Seen:
    """Kill `prepare` again and again until it finishes, and compare the folder's bytes."""
    killer, museum = Killer(seed), write_collection(root / "museum", ("Cubism", "Ukiyo_e"), 60)
    quick = ("--set", "data.cache_size=64", "--set", "balance.min_per_style=3")

    def words(out: Path, workers: int = 1) -> list[str]:
        workers_key = f"data.workers={workers}"
        return ["prepare", str(museum), "--out", str(out), *quick, "--set", workers_key]

    seconds = timed(command_line(*words(root / "twin")))
    twin, number = contents(root / "twin"), 0
    while killer.seen.counts["killed"] < kills:
        number += 1
        out = root / f"out{number}"
        while killer.seen.counts["killed"] < kills:
            lived = killer.kill(command_line(*words(out)), words(out, workers=2), 1.1 * seconds)
            if lived or (out / "dataset.json").exists():
                assert contents(out) == twin
            if lived:
                assert not list(out.rglob(f"{TEMPORARY_PREFIX}*"))
                killer.seen.counts["finished with the same bytes"] += 1
                break
    return killer.seen


# --- predict ----------------------------------------------------------------------------------


def kill_predict(kills: int, seed: int, root: Path) -> Seen:
    """Kill `predict --out` again and again, go on with --resume, and compare the output's bytes."""
    killer, run = Killer(seed), write_random_run(root)
    for n in range(300):
        write_painting(root / "pictures" / f"{n:03}.jpg", n, (48, 36))
    (root / "pictures" / "150.jpg").write_bytes(b"no picture")

    def words(out: Path, *more: str) -> list[str]:
        asked = ["--run", str(run), "--batch-size", str(PREDICT_BATCH), "--device", "cpu"]
        return ["predict", str(root / "pictures"), "--out", str(out), *asked, *more]

    twins = {end: root / f"twin.{end}" for end in FORMATS}
    seconds = max(timed(command_line(*words(twin))) for twin in twins.values())
    number = 0
    while killer.seen.counts["killed"] < kills:
        number += 1
        end = FORMATS[number % len(FORMATS)]
        out, kept = root / f"rows{number}.{end}", 0
        while killer.seen.counts["killed"] < kills:
            asked = words(out, "--resume")
            lived = killer.kill(command_line(*asked), asked, 1.1 * seconds)
            beside = out.with_name(f"{out.name}.partial")
            lines = beside.read_bytes().count(b"\n") if beside.exists() else 0
            rows = max(0, lines - 1)  # The first line says what was asked.
            whole = kept // PREDICT_BATCH * PREDICT_BATCH
            assert lived or out.exists() or rows >= whole, f"{out.name}: {rows} rows of {whole}"
            kept = rows
            if lived:
                assert out.read_bytes() == twins[end].read_bytes()
                assert not beside.exists()
                killer.seen.counts["finished with the same bytes"] += 1
                break
    return killer.seen


# --- predict --shards -------------------------------------------------------------------------


def kill_shards(kills: int, seed: int, root: Path) -> Seen:
    """Kill `predict --shards` again and again; after each kill, finished shards have their bytes.

    The order of the list and the number of threads change from one victim to the next.
    """
    killer, run = Killer(seed), write_random_run(root)
    names = [f"{n:03}.jpg" for n in range(300)]
    for n, name in enumerate(names):
        write_painting(root / "pictures" / name, n, (48, 36))
    (root / "pictures" / "150.jpg").write_bytes(b"no picture")
    for number, order in enumerate((names, names[::-1])):
        lines = "\n".join(["file", *order])
        (root / "pictures" / f"list{number}.csv").write_text(lines)

    def words(out: Path, number: int) -> list[str]:
        asked = ["--run", str(run), "--batch-size", str(PREDICT_BATCH), "--device", "cpu"]
        listed = root / "pictures" / f"list{number % 2}.csv"
        return ["predict", str(listed), "--out", f"{out}/", "--shards", "12", *asked]

    def victim(out: Path, number: int) -> Callable[[], None]:
        def work() -> None:
            setattr(inference, "cpu_count", lambda: 1 + number % 3)  # noqa: B010
            command_line(*words(out, number))()

        return work

    seconds = timed(command_line(*words(root / "twin", 0)))
    twin, number = contents(root / "twin"), 0
    assert sum(name.endswith(".parquet") for name in twin) == 12
    while killer.seen.counts["killed"] < kills:
        out = root / f"out{number}"
        while killer.seen.counts["killed"] < kills:
            number += 1
            lived = killer.kill(victim(out, number), words(out, number), 1.1 * seconds)
            found = contents(out) if out.exists() else {}
            assert found.items() <= twin.items()
            finished = sum(name.endswith(".parquet") for name in found)
            if not lived:
                when = {0: "before the first shard", 12: "after the last shard"}
                killer.seen.counts[when.get(finished, "between")] += 1
                killer.seen.counts["within a shard"] += any(out.glob(".tmp*.parquet"))
            if lived:
                assert found == twin
                assert not list(out.rglob(f"{TEMPORARY_PREFIX}*"))
                killer.seen.counts["finished with the same bytes"] += 1
                break
    return killer.seen


KILLS = {
    "finetune": kill_finetune,
    "prepare": kill_prepare,
    "predict": kill_predict,
    "shards": kill_shards,
}


def main() -> None:
    """Kill, and print what was counted."""
    global LOG
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=KILLS)
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        LOG = str(Path(folder) / "log")
        started = time.monotonic()
        seen = KILLS[asked.command](asked.kills, asked.seed, Path(folder))
        seconds = time.monotonic() - started
        sys.stdout.write(f"{asked.command}: {seen}; {seconds:.0f} s\n")
        if asked.command == "finetune":
            sys.stdout.write(f"saving every 0.18 s, at most {seen.lost_seconds:.2f} s were lost\n")


if __name__ == "__main__":
    main()
