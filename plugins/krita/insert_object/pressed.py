"""What Insert was pressed for last, so that pressing it again brings something new."""

from __future__ import annotations

from dataclasses import dataclass, field

from .asked_seeds import Seeds
from .form import Form
from .history import Variation
from .wire.layer_record import Recipe


@dataclass
class Pressed:
    """The form, the seeds that it asked for, and those of the objects that have come."""

    form: Form = field(default_factory=Form)
    seeds: Seeds = field(default_factory=Seeds)
    made: set[int] = field(default_factory=set)
    _kept: Recipe | None = None  # of the object that Live showed before

    def has_made(self, form: Form) -> bool:
        """Whether what a form asks for is there already, wherever its box was."""
        return form.wish.seed in self.made and form.is_like(self.form)

    def keep(self, shown: Variation | None, asked: Recipe) -> Variation | None:
        """The object that Live shows, where another seed is all that makes it differ from what is asked for:
        it stays among the variations and on the canvas, and the others come beside it."""
        if shown is None or not shown.live or asked.with_seed(shown.recipe.wish.seed) != shown.recipe:
            return None
        shown.live, self._kept = False, shown.recipe
        self.made.add(shown.recipe.wish.seed)
        return shown

    def is_kept(self, recipe: Recipe) -> bool:
        """Whether that object is the one that such a recipe makes."""
        return recipe == self._kept
