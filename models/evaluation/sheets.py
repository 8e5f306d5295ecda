"""The contact sheets of an evaluation: the same insertions that are measured, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.evaluation.baselines import Cases, Method
from models.evaluation.cases import Networks, Sample, masks_for
from models.evaluation.compositing import composite, to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.lighting import COLOUR_GAINS, EXPOSURES, relit
from models.evaluation.result import Background, Cell, Shape, Sheet
from models.photos.data import Windows


def _first(sample: Sample, scene: Tensor, mask: Tensor, count: int, look: int = 0) -> Cases:
    """The first `count` insertions as one batch."""
    _, cases = next(iter(sample.batches(scene[:count], mask[:count], count, look)))
    return cases


def _finished(method: Method, cases: Cases) -> Tensor:
    return to_signed(composite(cases.scene, method.insert(cases))[1])


def _row_labels(sample: Sample, count: int) -> list[str]:
    return [sample.class_names[n] for n in sample.class_index[:count].tolist()]


def cell_sheets(
    sample: Sample, networks: Networks, methods: Sequence[Method], *, rows: int, batch_size: int
) -> list[Sheet]:
    """A sheet for each cell: scene, mask, real photo, then every method."""
    count = min(rows, len(sample))
    sheets = []
    for background in Background:
        for shape in Shape:
            mask = masks_for(sample, networks, shape, batch_size)
            cases = _first(sample, sample.scenes(background), mask, count)
            sheets.append(
                Sheet(
                    name=Cell(shape, background).name,
                    title=Cell(shape, background).title,
                    caption="Pasted objects keep the shape of the real one, whatever mask is asked for.",
                    picture=contact_sheet(
                        [
                            cases.scene,
                            cases.mask * 2 - 1,
                            cases.real,
                            *(_finished(method, cases) for method in methods),
                        ],
                        ["scene", "mask", "real photo", *(method.name for method in methods)],
                        _row_labels(sample, count),
                    ),
                )
            )
    return sheets


def looks_sheet(sample: Sample, method: Method, *, rows: int) -> Sheet:
    """One shape in one scene with several seeds."""
    count, looks = min(rows, len(sample)), sample.codes.shape[1]
    columns = [
        _finished(method, _first(sample, sample.clean, sample.real_mask, count, look))
        for look in range(looks)
    ]
    return Sheet(
        "looks",
        "Looks by seed",
        "Colours and patterns should differ clearly within a row, the shape should not.",
        contact_sheet(
            [sample.real[:count], *columns],
            ["real photo", *(f"seed {look + 1}" for look in range(looks))],
            _row_labels(sample, count),
        ),
    )


def lighting_sheet(sample: Sample, method: Method, *, rows: int) -> Sheet:
    """One object in one scene under changing light."""
    count = min(rows, len(sample))
    cases = _first(sample, sample.clean, sample.real_mask, count)
    exposures = [torch.tensor([g, g, g]) for g in EXPOSURES]
    colours = [torch.tensor([g, 1.0, 1 / g]) for g in (COLOUR_GAINS[0], COLOUR_GAINS[-1])]
    return Sheet(
        "lighting",
        "The same scene relit",
        "The object should grow brighter, redder and bluer with its scene and keep its look.",
        contact_sheet(
            [_finished(method, relit(cases, gain)) for gain in exposures + colours],
            [*(f"light x {g}" for g in EXPOSURES), "bluer", "redder"],
            _row_labels(sample, count),
        ),
    )


def copies_sheet(sample: Sample, made: Tensor, training: Windows, index: Tensor, *, rows: int) -> Sheet:
    """Made objects on grey beside their nearest training pictures (`index` (N,), -1 where there is none)."""
    found = (index >= 0).nonzero().flatten()[:rows]
    pictures = training.images[index[found]].float() / 127.5 - 1
    masks = training.masks[index[found]].float() / 255
    here = found.to(made.device)
    return Sheet(
        "copies",
        "Nearest training pictures",
        "A made object that looks the same as its neighbour is a copy.",
        contact_sheet(
            [made[here] * sample.real_mask[here], pictures * masks, pictures],
            ["made, on grey", "nearest, on grey", "nearest photo"],
            [sample.class_names[n] for n in sample.class_index[here].tolist()],
        ),
    )
