"""What the layers of a variation are called."""

from __future__ import annotations

from .copies import recipe_title
from .history import Variation
from .translations import tr


def title(variation: Variation) -> str:
    """The name of a finished layer."""
    if variation.keeps is not None:
        return variation.keeps.name
    name = recipe_title(variation.recipe)
    return tr("{count} × {object}", count=len(variation.herd), object=name) if variation.herd else name


def preview_title(variation: Variation) -> str:
    """The name of the layer while it can still change."""
    return tr("preview · {layer}", layer=title(variation))
