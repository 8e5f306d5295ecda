"""How a step of the installation fails: the fact, what to do about it, and what the program said."""

from __future__ import annotations


class InstallFailure(Exception):
    """A step failed; ``hint`` says what to do, ``details`` is the output of the program that failed."""

    def __init__(self, fact: str, hint: str = "", *, details: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint
        self.details = details.strip()

    def __str__(self) -> str:
        return f"{self.fact} {self.hint}".strip()
