"""What a contest came to, as a table for people and JSON for programs."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import psutil

from tests.benchmarks.contest import Contest, Measured

_PACKAGES = (
    "torch", "torchvision", "timm", "fastai", "pillow", "grad-cam", "onnxruntime", "ultralytics",
)  # fmt: skip

# What decides how fast float32, bfloat16 and int8 are. Not asked of torch: every contender imports
# this module, and torch's memory would be counted with those that need none.
_INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni")


@dataclass(frozen=True)
class Row:
    """One contender's line."""

    stage: str
    what: str
    who: str
    role: str
    unit: str
    seconds: tuple[float, ...]
    """Of each round."""
    seconds_per_unit: float
    """The median round over its units."""
    artstyle_is_faster_by: float
    """This contender's time for a unit over artstyle's; 1 for artstyle itself."""
    bound_seconds_per_unit: float | None
    """The parts' times added up: they share the machine's cores. None without parts."""
    overlapped_bound_seconds_per_unit: float | None
    """The longest part's: the bound where an accelerator works beside the cores."""
    share_of_bound: float | None
    """The bound's time over this contender's, 0 to 1."""
    peak_mib: float
    agreement: str


def rows_of(contest: Contest, measured: Sequence[Measured]) -> list[Row]:
    """Return a line for each contender, artstyle first."""
    times = {m.contender.name: _seconds_per_unit(contest, m) for m in measured}
    own = times[measured[0].contender.name]
    parts = [times[m.contender.name] for m in measured if m.contender.role == "part"]
    bound, overlapped = (sum(parts), max(parts)) if parts else (None, None)
    return [
        Row(
            stage=contest.stage,
            what=contest.what,
            who=m.contender.name,
            role=m.contender.role,
            unit=contest.unit,
            seconds=m.seconds,
            seconds_per_unit=times[m.contender.name],
            artstyle_is_faster_by=times[m.contender.name] / own,
            bound_seconds_per_unit=bound,
            overlapped_bound_seconds_per_unit=overlapped,
            share_of_bound=(
                None
                if bound is None or m.contender.role in ("part", "aside")
                else bound / times[m.contender.name]
            ),
            peak_mib=m.peak_bytes / 2**20,
            agreement=m.agreement,
        )
        for m in measured
    ]


def _seconds_per_unit(contest: Contest, measured: Measured) -> float:
    return median(measured.seconds) / (measured.contender.units or contest.units)


_COLUMNS = ("stage", "who", "time", "rounds", "artstyle is", "of the bound", "memory", "outputs")


def markdown(rows: Sequence[Row]) -> str:
    """Return the table, in Markdown; a line before each contest says what was done."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    works = dict.fromkeys((row.stage, row.what) for row in rows)
    for number, (stage, what) in enumerate(works, start=1):
        for row in (row for row in rows if (row.stage, row.what) == (stage, what)):
            lines.append(f"| {' | '.join(_cells(row, number))} |")
    notes = [f"{n}. {stage}: {what}" for n, (stage, what) in enumerate(works, start=1)]
    return "\n".join([*lines, "", *notes, ""])


def _cells(row: Row, number: int) -> tuple[str, ...]:
    scale = row.seconds_per_unit / sorted(row.seconds)[len(row.seconds) // 2]
    spread = f"{_duration(min(row.seconds) * scale)} to {_duration(max(row.seconds) * scale)}"
    versus = f"{row.artstyle_is_faster_by:.2f}x as fast"
    return (
        f"{row.stage} ({number})",
        f"*{row.who}*" if row.role in ("part", "aside") else row.who,
        f"{_duration(row.seconds_per_unit)} a {row.unit}",
        f"{len(row.seconds)}: {spread}",
        versus if row.role == "peer" else "",
        f"{row.share_of_bound:.0%}" if row.share_of_bound is not None else "",
        f"{row.peak_mib:.0f} MiB",
        row.agreement,
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"


def write_json(path: Path, rows: Sequence[Row]) -> None:
    """Write all that was seen, and where."""
    content = {"machine": machine(), "rows": [asdict(row) for row in rows]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _cpuinfo("model name") or platform.processor(),
        "instructions": [name for name in _INSTRUCTIONS if name in _cpuinfo("flags").split()],
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": psutil.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _cpuinfo(key: str) -> str:
    """Return what Linux says of the first core; empty elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    values = [line.split(":", 1)[1].strip() for line in lines if line.startswith(key)]
    return values[0] if values else ""


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
