"""Learning a class of the user's own, from a folder of photos to a model pack with its report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from models.bundle import Bundle
from models.files.manifest import CARD_NAME, file_hash
from models.files.part_files import FOREGROUND, MASKS
from models.masks.shapes import read_shapes
from models.photos.data import DataError, ObjectRecord, read_records
from models.photos.prepare import Prepared, prepare
from models.quality import QualityNetwork
from models.training import checkpoint
from models.training.checkpoint import CheckpointError, RunState
from models.training.mask_training import train_masks
from models.training.own_class.card import card_text
from models.training.own_class.held_out import EarlyStop, HeldOut, best_weights
from models.training.own_class.pack import (
    PackContent,
    check_class_name,
    check_place,
    choices_of,
    write_pack,
)
from models.training.own_class.quality import SAMPLES, Quality, judge, read_losses, write_report
from models.training.own_class.samples import sample_sheet
from models.training.own_class.start import Nearest, StartFromWeights, nearest_class, settings_for
from models.training.runs.training_run import TrainingRun, train
from models.training.settings import TrainingSettings
from models.training.stopping import stop_on_signal

FEWEST = 8  # objects to learn from, below which nothing comes of it
_MASK_SHARE, _MASK_MINUTES = 0.15, 5.0  # of the time for the outlines, and at most
_LOOKS = 24  # at the held-out objects in a run, at most
_IMAGES_BETWEEN_LOOKS = 200


@dataclass(frozen=True)
class Order:
    """What to learn, from what, for how long. ``out`` is the folder of the run, ``pack`` of the result."""

    data: Path
    class_name: str
    pack: Path
    out: Path
    weights: Path
    minutes: float
    device: str
    features: Path | None
    threads: int | None = None
    patience: int = 6  # looks at the held-out objects without getting better, after which it ends
    settings: Mapping[str, Any] | None = None  # those that differ from what suits the weights
    assignments: Sequence[str] = ()  # the same as NAME=VALUE


@dataclass(frozen=True)
class Learnt:
    """The result: the pack's folder, the report's page, and what the report says."""

    pack: Path
    page: Path
    quality: Quality


def learn_class(order: Order) -> Learnt:
    """Prepares the photos, learns outlines and objects, writes the pack and the report.

    The same order goes on where it stopped. Ctrl+C ends the learning; pack and report are written all the
    same.

    Raises:
        DataError, CheckpointError, SettingsError, FeatureNetworkMissing, ModelMissing, ModelCorrupt: with
            what to do about it.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise DataError("A class of your own is learnt by one process: start without torchrun.")
    name = check_class_name(order.class_name)
    check_place(order.pack)
    bundle = Bundle.load(order.weights)
    if order.threads is not None:
        torch.set_num_threads(order.threads)
    prepared = prepare(order.data, name, order.out / "photos")
    if prepared.training < FEWEST:
        raise DataError(
            f"{order.data} holds only {prepared.training} objects to learn from; {FEWEST} are the least, and "
            "150 is where it begins to make sense."
        )
    records = read_records(prepared.folder)
    training = [record for record in records if record.split == "train"]
    held_out = [record for record in records if record.split != "train"]

    goes_on = _goes_on(order.out, name)
    mask_minutes = min(_MASK_MINUTES, _MASK_SHARE * order.minutes)
    settings = _settings(order, bundle)
    with stop_on_signal() as ended:
        masks, mask_figures = _learn_masks(order, name, training, held_out, mask_minutes)
        nearest = None if goes_on else nearest_class(bundle, training)
        stop = _early_stop(order, held_out, name, settings)
        begin = StartFromWeights(bundle, nearest)
        minutes = 0.0 if ended.wanted else max(0.0, order.minutes - mask_minutes)
        state = _learn_objects(order, prepared, settings, minutes, begin, stop)
    return _finish(order, bundle, prepared, state, stop, masks, mask_figures, nearest)


def _goes_on(out: Path, name: str) -> bool:
    """Whether there is a run of this class to go on with; raises CheckpointError if it is another's."""
    if not checkpoint.exists(out):
        return False
    known = checkpoint.read_state(out).class_names
    if known != (name,):
        raise CheckpointError(
            f"{out} is a run that learns {', '.join(known)}: name another folder with --out, or remove it."
        )
    return True


def _learn_masks(
    order: Order,
    name: str,
    training: Sequence[ObjectRecord],
    held_out: Sequence[ObjectRecord],
    minutes: float,
) -> tuple[Path, dict[str, Any]]:
    """The mask generator of the class, and its figures: all of them where a held-out outline is whole."""
    whole = len(read_shapes(training, (name,)))
    judged = list(held_out)
    try:
        read_shapes(judged, (name,))
    except DataError:  # a few held-out photos may all be cut off; there are just no figures then
        judged = []
    file = order.out / MASKS
    figures = train_masks(
        [*training, *judged],
        (name,),
        file,
        minutes=minutes,
        seed=0,
        device=order.device,
        threads=torch.get_num_threads(),
        resume=True,
        start=order.weights / MASKS,
    )
    return file, {"whole_outlines": whole, **figures}


def _settings(order: Order, bundle: Bundle) -> TrainingSettings:
    settings = settings_for(bundle, order.device, order.features)
    chosen = dict(order.settings or {})
    adversarial = chosen.pop("adversarial", None)
    if adversarial is not None:
        settings = settings.for_loss(adversarial)
    return settings.with_values(**chosen).with_texts(order.assignments)


def _early_stop(
    order: Order, held_out: Sequence[ObjectRecord], name: str, settings: TrainingSettings
) -> EarlyStop | None:
    if not held_out:
        return None
    still = int(1000 * settings.critic_kimg)
    return EarlyStop(
        HeldOut(held_out, (name,), settings.resolution, order.features),
        order.out,
        every_seconds=max(5.0, 60 * order.minutes / _LOOKS),
        patience=order.patience,
        from_images=still + int(1000 * (2 * settings.warmup_kimg + 0.5)),
        still_until=still,
        images_between=_IMAGES_BETWEEN_LOOKS,
    )


def _learn_objects(
    order: Order,
    prepared: Prepared,
    settings: TrainingSettings,
    minutes: float,
    begin: StartFromWeights,
    stop: EarlyStop | None,
) -> RunState:
    run = TrainingRun(
        prepared.folder,
        order.out,
        settings,
        minutes,
        order.device,
        order.features,
        threads=order.threads,
        grid_every_kimg=2.0,
        grid_objects=8,
    )
    if stop is None:
        return train(run, begin)
    state = train(run, begin, stop)
    stop.finish()
    return state


def _finish(
    order: Order,
    bundle: Bundle,
    prepared: Prepared,
    state: RunState,
    stop: EarlyStop | None,
    masks: Path,
    mask_figures: Mapping[str, Any],
    nearest: Nearest | None,
) -> Learnt:
    """Pack, samples and report."""
    name = state.class_names[0]
    records = read_records(prepared.folder)
    learnt_from = [record for record in records if record.split == "train"]
    weights = best_weights(order.out)
    shape = replace(bundle.generator.shape, resolution=state.settings.resolution)
    choices = choices_of(weights, shape, learnt_from, name)
    quality = Quality(
        class_name=name,
        training_objects=prepared.training,
        held_out_objects=prepared.held_out,
        resolution=state.settings.resolution,
        images_seen=state.images_seen,
        minutes=state.seconds / 60,
        started_from=bundle.manifest.name,
        nearest_class=str(state.history[0].get("class", "")),
        nearest_errors=nearest.errors if nearest is not None else {},
        figure_name=stop.held_out.name if stop is not None else "",
        checks=stop.checks if stop is not None else [],
        stopped_early=stop is not None and stop.stopped_early,
        losses=read_losses(order.out / "log.jsonl"),
        masks=mask_figures,
        styles=sorted(choices.styles),
        warnings=list(prepared.remarks),
    )
    provenance = _provenance(order, bundle, state, quality)
    ranking = _ranking(bundle, quality.nearest_class)
    card = card_text(quality, choices)
    write_pack(order.pack, PackContent(name, shape, weights, masks, choices, ranking, provenance, card))
    # The samples are made with the pack itself, which shows that it can be used; then the card is complete.
    shown = [record for record in records if record.split != "train"] or learnt_from
    seen = sample_sheet(Bundle.load(order.pack), shown, order.out / SAMPLES)
    quality.seed_difference, quality.detail = seen.seed_difference, seen.detail
    quality.warnings += judge(quality)
    (order.pack / CARD_NAME).write_text(card_text(quality, choices), "utf-8")
    return Learnt(order.pack, write_report(quality, order.out), quality)


def _ranking(bundle: Bundle, nearest: str) -> QualityNetwork | None:
    """What chooses the best of a dozen of the new class: as the class that is most like it is judged."""
    if bundle.quality is None or nearest not in bundle.class_names:
        return None
    return bundle.quality.for_one_class(bundle.class_names.index(nearest))


def _provenance(order: Order, bundle: Bundle, state: RunState, quality: Quality) -> dict[str, Any]:
    """What the manifest tells of the pack's making; no photo and no path is named."""
    return {
        "trained_with": "insert-object train --class",
        "started_from": {
            "name": bundle.manifest.name,
            "class": quality.nearest_class,
            "sha256": file_hash(order.weights / FOREGROUND),
        },
        "settings": state.settings.to_json(),
        "images_seen": state.images_seen,
        "seconds": round(state.seconds),
        "objects": quality.training_objects,
        "held_out": quality.held_out_objects,
    }
