"""An evaluation from end to end: every figure and every contact sheet of a set of weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from models.evaluation.blotches import measure_blotches
from models.evaluation.faces import measure_faces
from models.evaluation.lighting import measure_lighting
from models.evaluation.methods import (
    CopyPaste,
    Finished,
    Generated,
    GreyFill,
    Method,
    Networks,
    PaintLayer,
    ReinhardPaste,
)
from models.evaluation.realism import SMALLEST_SAMPLE, measure_cells
from models.evaluation.result import Evaluation
from models.evaluation.sample import Options, Sample, load_sample, pick_records
from models.evaluation.sheets import blotches_sheet, cell_sheets, copies_sheet, lighting_sheet, looks_sheet
from models.evaluation.variety import measure_diversity, measure_memorisation
from models.evaluation.verdicts import FeatureNetworks
from models.features.networks import VOC_CLASSES
from models.photos.data import ObjectRecord, load_windows


@torch.inference_mode()
def evaluate(
    networks: Networks,
    records: Sequence[ObjectRecord],
    features: FeatureNetworks,
    options: Options,
    rivals: Sequence[Generated] = (),
    paint: PaintLayer | None = None,
) -> Evaluation:
    """Measures the networks, the three baselines and any `rivals` on the validation photos of `records`.

    `paint` makes the objects as users get them; without it the networks are asked directly.

    The same options, records and networks give the same figures on the same device.

    Raises:
        NothingToEvaluate: no validation photo shows a class that the networks know.
        DataError: a photo cannot be read.
    """
    generator = torch.Generator().manual_seed(options.seed)
    numbers = max((rival.networks.code_size for rival in rivals), default=0)
    sample = load_sample(records, networks, options, generator, numbers)
    pool = None if options.limit is None else options.training_per_photo * len(sample)
    picked = pick_records(records, "train", networks.class_names, pool, generator)
    training = load_windows(picked, tuple(networks.class_names), options.size) if picked else None
    ours = Generated(networks) if paint is None else Finished(paint, sample.class_names)
    methods: list[Method] = [CopyPaste(), ReinhardPaste(), GreyFill(), *rivals, ours]
    rows = options.sheet_rows

    found = Evaluation(
        facts={
            "photos": len(sample),
            "training pictures": len(training) if training else 0,
            "networks' resolution": networks.resolution,
            "judged at": options.size,
            "seed": options.seed,
            "device": options.device,
        },
        notes=_notes(sample),
    )
    found.cells = measure_cells(sample, networks, methods, features, generator)
    found.faces = measure_faces(sample, methods, features.embedding, generator)
    followers = [method for method in methods if not isinstance(method, GreyFill)]
    found.lighting = measure_lighting(sample, followers, options.lighting_limit)
    for method in (*rivals, ours):
        found.diversity += measure_diversity(sample, method, features.lpips, options.diversity_limit)
    found.sheets = cell_sheets(sample, networks, methods, rows=rows)
    found.sheets.append(looks_sheet(sample, ours, rows=rows))
    found.sheets.append(lighting_sheet(sample, ours, rows=rows))
    if training:
        found.blotches, stained = measure_blotches(sample, followers, training, networks)
        found.sheets.append(blotches_sheet(sample, *stained, rows=rows))
        batches = sample.batches(sample.clean, sample.real_mask)
        made = torch.cat([ours.insert(cases).rgb for _, cases in batches])
        found.memorisation, index = measure_memorisation(sample, made, training, features.embedding)
        found.sheets.append(copies_sheet(sample, made, training, index, rows=rows))
    return found


def _notes(sample: Sample) -> list[str]:
    notes = []
    counts = {name: int((sample.class_index == n).sum()) for n, name in enumerate(sample.class_names)}
    few = [f"{name} ({count})" for name, count in counts.items() if count < SMALLEST_SAMPLE]
    unknown = [name for name in counts if name not in VOC_CLASSES]
    if few:
        notes.append(f"Too few photos for a KID of their own: {', '.join(few)}.")
    if unknown:
        notes.append(f"Unknown to the segmenter, hence without an FCN-score: {', '.join(unknown)}.")
    return notes
