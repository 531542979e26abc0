"""Which share of wrong labels does `artstyle crossval --label-issues` find?

    python -m tests.benchmarks.label_issues DATA OUT [--share 0.05] [--group image] [--model NAME]

Some labels of a dataset folder are made wrong at random; then a probe is cross-validated on it.
DATA stays as it is; OUT gets the planted data set and the cross-validation.
"""

from argparse import ArgumentParser
from pathlib import Path

from artstyle.crossval.crossval import cross_validate
from artstyle.data.dataset import DatasetFolder
from artstyle.recipes import resolve_config
from tests.crossval.planted import plant_wrong_labels


def main() -> None:
    """Plant, cross-validate, and print what was found."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.05, help="of labels made wrong (0.05)")
    parser.add_argument("--group", choices=("image", "artist"), default="image")
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--seed", type=int, default=1, help="of the draw of wrong labels (1)")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    data = DatasetFolder(arguments.data)
    pictures = sum(len(data.rows(split)) for split in ("train", "val", "test"))
    planted, truth = plant_wrong_labels(
        data, arguments.out / "data", round(arguments.share * pictures), arguments.seed
    )
    overrides = ["train.export=false", f"model.name={arguments.model}", "probe.c=0.003"]
    config = resolve_config("probe", overrides=overrides).config
    crossed = cross_validate(
        config, planted, arguments.out / "crossval", group=arguments.group, label_issues=True
    )
    assert crossed.label_issues is not None
    listed = crossed.label_issues.issues
    found = [issue for issue in listed if issue.path in truth]
    named = sum(truth[issue.path] == issue.predicted for issue in found)
    first = sum(issue.path in truth for issue in listed[: len(truth)])
    accuracy = crossed.report.accuracy.value
    print(  # noqa: T201
        f"{pictures} pictures, {len(truth)} labels made wrong; accuracy by these labels"
        f" {accuracy:.3f}\nlisted {len(listed)}, of the wrong ones {len(found)}"
        f" ({len(found) / len(truth):.0%}), {named} with their true style\n"
        f"among the first {len(truth)} listed: {first} ({first / len(truth):.0%})"
    )


if __name__ == "__main__":
    main()
