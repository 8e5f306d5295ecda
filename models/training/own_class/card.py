"""The card of a model pack: what it is, from what it was made, how good it is, in plain words."""

from __future__ import annotations

from models.masks.geometry import FINE
from models.masks.parts_code import PARTS_CELLS, PARTS_CHANNELS
from models.training.own_class.pack import Choices
from models.training.own_class.quality import Quality
from models.training.styles import FEWEST_LOOKS


def card_text(quality: Quality, choices: Choices) -> str:
    """Markdown. It names no photo and no path: a pack may be passed on. What the pack holds of the photos,
    ``choices``, is told number by number, since by that people decide whether to."""
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

{_held(choices)}

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


def _held(choices: Choices) -> str:
    """What the pack holds of its owner's photos."""
    library, looks = choices.library, choices.looks
    coarse = PARTS_CHANNELS * PARTS_CELLS**2
    finer = library.parts[0, 0].numel() - coarse
    numbers, summary = looks.codes.shape[1], looks.parts.shape[1]
    return f"""The pack holds no photo. What it holds of the photos' objects:

- of {len(library)} of them the outline, one bit a point, {FINE} × {FINE}: every outline that the pack draws
  is morphed from these. With each, as it is and mirrored, a coarse code of where the object's parts are
  ({coarse:,} numbers) and a finer one ({finer:,} numbers). The photo cannot be recovered from them, but a
  likeness of the pose, and of the features of a face, is what they are for.
- of {len(looks.codes)} of them the look, {numbers} numbers for colours and pattern, and a summary of where
  their parts are, {summary} numbers. These are others than those with an outline, unless fewer than
  {FEWEST_LOOKS} others were there.

Generated objects may come close to what was learnt from. Think of all that before passing the pack on."""
