"""The section `tracking` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, model_validator

from artstyle.settings.section import Section


class TrackingConfig(Section):
    """Where the run is logged while it learns."""

    to: tuple[Literal["wandb", "tensorboard", "mlflow"], ...] = ()
    """The trackers that log the run: wandb, tensorboard, mlflow; each needs the extra of its name.
    One that fails gives a warning, and the run continues."""
    wandb: Literal["disabled", "offline", "online"] = "disabled"
    """Weights & Biases: off, files in the run folder, or its server. With `wandb` in `tracking.to`,
    offline unless it says online."""
    mlflow: str | None = None
    """The address of MLflow's server or store; null: as MLflow chooses, by MLFLOW_TRACKING_URI."""
    project: str = "artstyle"
    """The project at Weights & Biases, and the experiment at MLflow."""
    group: str | None = None
    """Runs that belong together, such as seeds of one experiment."""
    tags: tuple[str, ...] = ()
    """Words by which the run is found there."""
    gradients: NonNegativeInt = 0
    """Log each layer's gradients every so many updates of the weights; 0 is off."""
    samples: Annotated[int, Field(ge=0, le=100)] = 16
    """How many validation pictures are logged with their answers, in small; 0 is off."""
    model: bool = False
    """Whether the best checkpoint is stored at Weights & Biases and MLflow at the end."""

    @model_validator(mode="before")
    @classmethod
    def _both_keys_agree(cls, values: object) -> object:
        """Let ``to`` and ``wandb`` say the same: earlier versions had ``wandb`` alone."""
        if not isinstance(values, dict):
            return values
        to, mode = values.get("to", ()), values.get("wandb", "disabled")
        to = [to] if isinstance(to, str) else to
        if not isinstance(to, (list, tuple)):
            return values
        if {"to", "wandb"} <= values.keys() and ("wandb" in to) != (mode != "disabled"):
            raise ValueError(
                "tracking.to and tracking.wandb disagree: name wandb in tracking.to and set"
                " tracking.wandb to offline or online, or set tracking.wandb=disabled and leave"
                " wandb out of tracking.to"
            )
        if mode in ("offline", "online") and "wandb" not in to:
            to = [*to, "wandb"]
        if "wandb" in to and mode == "disabled":
            mode = "offline"
        return values | {"to": to, "wandb": mode}
