"""What Insert was pressed for last, so that pressing it again brings something new."""

from __future__ import annotations

from dataclasses import dataclass, field

from .asked_seeds import Seeds
from .form import Form


@dataclass
class Pressed:
    """The form, the seeds that it asked for, and those of the objects that have come."""

    form: Form = field(default_factory=Form)
    seeds: Seeds = field(default_factory=Seeds)
    made: set[int] = field(default_factory=set)

    def has_made(self, form: Form) -> bool:
        """Whether what a form asks for is there already, wherever its box was."""
        return form.wish.seed in self.made and form.is_like(self.form)
