"""What a file for others says about its model: styles, preprocessing, temperature."""

from typing import Any

from artstyle.models.style_model import StyleModel

KEY = "artstyle"
"""The name of the description: in config.json, and in the metadata of a program."""


def describe(model: StyleModel) -> dict[str, Any]:
    """Return plain data from which any program prepares pictures and reads the logits.

    The keys of the preprocessing are those of `Preprocessing`. ``temperature`` divides the logits;
    it is 1 where none was fitted.
    """
    fitted = model.calibration.fitted if model.calibration else None
    return {
        "labels": list(model.labels),
        **model.preprocessing.to_dict(),
        "temperature": fitted.temperature if fitted else 1.0,
        "model": model.fingerprint,
        "synthetic": model.synthetic,
    }
