"""Looks by chance: appearance codes of real objects of each class, varied a little.

The networks are taught looks that the encoder found in photos, so a look by chance is one of those, strayed
from. Codes say what an object's colours and patterns are like; no picture can be had back from one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.files.plain_files import ModelCorrupt
from models.files.safetensors_header import ANY, TensorKind
from models.files.weights_file import read_tensors
from models.masks.parts_code import SUMMARY

LOOK_SPREAD = 0.3  # how far variations stray from a look, in deviations of a standard normal variate
LOOKS_PER_CLASS = 256
ALIKE = 0.1  # share of a class's looks, those of objects with the most similar parts, that seeds choose from
_ALIKE_LEAST = 8
MAX_LOOKS = 65_536


@dataclass(frozen=True)
class Looks:
    """codes float32 (N, code_size), parts float32 (N, 128), class_index int64 (N,): the looks that seeds
    choose from, and what the parts of the objects that wore them are like (see ``parts_code.summary``)."""

    codes: Tensor
    parts: Tensor
    class_index: Tensor

    def drawn(self, class_index: Tensor, z: Tensor, alike: Tensor | None = None) -> Tensor:
        """The appearance codes that seeds stand for.

        Args:
            class_index: (B,).
            z: (B, code_size), standard normal: the first number chooses the look, all of them vary it.
            alike: (B, 2, 128) what the parts of the objects to be painted are like, as they are and mirrored:
                the look of a face from the front says little about a side. None: any look of the class.

        Returns:
            (B, code_size) on the device of ``z``; ``z`` itself for a class without looks.
        """
        rows = [
            self._one(int(index), row, None if alike is None else alike[place].float().cpu())
            for place, (index, row) in enumerate(zip(class_index, z, strict=True))
        ]
        return torch.stack(rows) if rows else z

    def _one(self, index: int, z: Tensor, alike: Tensor | None) -> Tensor:
        members = torch.where(self.class_index == index)[0]
        if not len(members):
            return z
        if alike is not None:
            distance = torch.cdist(self.parts[members], alike).amin(1)  # of either side
            count = min(len(members), max(_ALIKE_LEAST, round(ALIKE * len(members))))
            members = members[distance.argsort(stable=True)[:count]]
        share = float(torch.special.ndtr(z[0].double()))  # uniform, as z is normal
        place = min(len(members) - 1, int(share * len(members)))
        return varied(self.codes[members[place]].to(z), z)

    @classmethod
    def of(
        cls,
        codes: Tensor,
        parts: Tensor,
        class_index: Tensor,
        seed: int = 0,
        most: int = LOOKS_PER_CLASS,
    ) -> Looks:
        """At most ``most`` of each class's codes (N, code_size) with their parts (N, 128), at random."""
        random = torch.Generator().manual_seed(seed)
        kept = []
        for index in range(int(class_index.max()) + 1 if len(class_index) else 0):
            members = torch.where(class_index == index)[0]
            kept.append(members[torch.randperm(len(members), generator=random)[:most]])
        chosen = torch.cat(kept) if kept else class_index
        return cls(codes[chosen].float().cpu(), parts[chosen].float().cpu(), class_index[chosen].long().cpu())

    def save(self, file: Path) -> None:
        """Writes the codes in half precision."""
        tensors = {"codes": self.codes.half(), "parts": self.parts.half()}
        save_file({**tensors, "class_index": self.class_index.to(torch.uint8)}, file)
        file.chmod(0o644)  # safetensors makes files that only their owner can read

    @classmethod
    def load(cls, file: Path, code_size: int, class_names: Sequence[str], sha256: str | None = None) -> Looks:
        """Reads what :meth:`save` wrote.

        Raises:
            ModelMissing, ModelCorrupt: the file is not there, damaged, or not for these networks.
        """
        expected = {
            "codes": TensorKind((ANY, code_size)),
            "parts": TensorKind((ANY, SUMMARY)),
            "class_index": TensorKind((ANY,), ("U8",)),
        }
        tensors = read_tensors(file, expected, sha256)
        codes, class_index = tensors["codes"].float(), tensors["class_index"].long()
        if not 0 < len(codes) <= MAX_LOOKS or not len(codes) == len(class_index) == len(tensors["parts"]):
            raise ModelCorrupt(file, f"holds {len(codes)} looks for {len(class_index)} objects")
        if int(class_index.max()) >= len(class_names):
            raise ModelCorrupt(file, "is for other classes than the manifest")
        return cls(codes, tensors["parts"].float(), class_index)


NO_LOOKS = Looks(torch.zeros(0, 0), torch.zeros(0, SUMMARY), torch.zeros(0, dtype=torch.long))


def varied(look: Tensor, z: Tensor) -> Tensor:
    """A look (…, code_size) varied by standard normal ``z`` of its shape."""
    return look + LOOK_SPREAD * z
