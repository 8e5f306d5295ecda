"""The card of a model pack: what it is, from what it was made, how good it is, in plain words."""

from __future__ import annotations

from models.training.own_class.quality import Quality


def card_text(quality: Quality) -> str:
    """Markdown. It names no photo and no path: a pack may be passed on."""
    best, before = quality.best, quality.before
    figure = "Nothing was held out, so there is no figure on photos it has not seen."
    if best is not None and before is not None:
        figure = (
            f"{quality.figure_name}: {best.figure:.3f}; it was {before:.3f} before training. Lower is better."
        )
    warnings = "\n".join(f"- {warning}" for warning in quality.warnings) or "- none"
    styles = ", ".join(quality.styles) or "none"
    return f"""# Model pack: {quality.class_name}

One class, “{quality.class_name}”, for Insert Object, at {quality.resolution} px. Styles: {styles}.

## Made from

- {quality.training_objects} objects of its owner's photos with masks; {quality.held_out_objects} more
  were held out.
- The weights “{quality.started_from}”, whose class “{quality.nearest_class}” was the most alike.
- {quality.images_seen} pictures seen in {quality.minutes:.0f} minutes with `insert-object train --class`.

The pack holds no photo. It does hold outlines of training objects, one bit a point, 64 × 64: the mask
generator falls back on them. Generated objects may come close to what was learnt from.

## How good it is

{figure}
Difference between seeds: {100 * quality.seed_difference:.1f} % of the range of colours.
Fine detail of objects by chance: {100 * quality.detail:.0f} % of that in the photos.

Keep in mind:

{warnings}

## Files

Numbers only (safetensors) and JSON; nothing in a pack is executed. `manifest.json` holds the SHA-256 and size
of each file. Use it with `insert-object packs add FOLDER`.
"""
