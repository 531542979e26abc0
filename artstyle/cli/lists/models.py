"""`artstyle models`: what can be trained."""

from artstyle.cli.terminal.console import say, show_table


def models() -> None:
    """List the models."""
    from artstyle.models.zoo import MODELS

    columns = ("model", "pixels", "blocks", "ImageNet weights", "about")
    sources = {"": "none", "offline": "artstyle[offline]"}
    rows = [
        (
            spec.name,
            str(spec.image_size),
            str(len(spec.blocks)),
            sources.get(spec.weights, "download"),
            spec.about,
        )
        for spec in MODELS.values()
    ]
    show_table("", columns, rows, numbers=("pixels", "blocks"))
    say("timm/NAME reaches every other model of timm, as in timm/vit_small_patch16_224.")
    say("dual/NAME has an embedding of style and one of content, as in dual/efficientnet_lite0.")
    say("'artstyle probe --models NAME,NAME' joins the features of several models.")
