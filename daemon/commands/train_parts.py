"""What ``insert-object train`` does for each network that can be trained. Torch is imported on use."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.home.folders import Folders

if TYPE_CHECKING:
    from models.training.settings import TrainingSettings


def train_own_class(arguments: argparse.Namespace, device: str) -> None:
    """Learns a class from the user's photos and writes its pack and report."""
    from models.features.networks import feature_folder
    from models.training.own_class.learn import Order, learn_class
    from models.training.own_class.pack import adding_command

    pack: Path = arguments.pack
    features = feature_folder(arguments.features, os.environ)
    if features is None:
        print("No --features: learning without perceptual losses, which takes longer.", file=sys.stderr)
    chosen = {
        "batch_size": arguments.batch_size,
        "adversarial": arguments.adversarial,
        "discriminators": arguments.discriminators,
        "learning_rate": arguments.learning_rate,
        "seed": arguments.seed,
    }
    learnt = learn_class(
        Order(
            arguments.data,
            arguments.class_name,
            pack,
            arguments.out or pack.with_name(f"{pack.name}-training"),
            arguments.weights or Folders.default().weights,
            60.0 if arguments.minutes is None else arguments.minutes,
            device,
            features,
            threads=arguments.threads,
            patience=Order.patience if arguments.patience is None else arguments.patience,
            settings=chosen,
            assignments=arguments.set,
        )
    )
    quality = learnt.quality
    for warning in quality.warnings:
        print(f"Keep in mind: {warning}.")
    best = quality.best
    if best is not None:
        print(f"{quality.figure_name}: {quality.before:.3f} at the start, {best.figure:.3f} at best")
    print(f"Report with samples: {learnt.page}")
    print(f"Model pack: {learnt.pack}. Use it with: {adding_command(learnt.pack)}")


def train_masks(arguments: argparse.Namespace, device: str) -> None:
    """Trains the mask generator; a run in the same folder goes on."""
    from models.photos.data import class_names_of, read_records
    from models.training.mask_training import train_masks

    records = read_records(arguments.data)
    out = arguments.out / "mask_generator.safetensors"
    figures = train_masks(
        records,
        class_names_of(records),
        out,
        minutes=arguments.minutes,
        seed=arguments.seed or 0,
        device=device,
        threads=arguments.threads or 1,
        resume=True,
    )
    print(f"{figures['images']} outlines in {figures['seconds'] / 60:.1f} min; weights in {out}")


def train_backgrounds(arguments: argparse.Namespace) -> None:
    """Trains the background generator; a run in the same folder goes on."""
    from models.features.networks import feature_folder
    from models.photos.data import read_records
    from models.training.background_training import BackgroundSettings, train_backgrounds

    _use_threads(arguments.threads)
    figures = train_backgrounds(
        read_records(arguments.data),
        arguments.out,
        BackgroundSettings(
            minutes=arguments.minutes,
            class_names=tuple(arguments.scenes_of),
            seed=arguments.seed or 0,
        ),
        feature_folder(arguments.features, os.environ),
    )
    print(f"{figures['images']:.0f} scenes in {figures['seconds'] / 60:.1f} min; weights in {arguments.out}")


def train_light(arguments: argparse.Namespace) -> None:
    """Trains the network that judges light; a run in the same folder goes on."""
    from models.photos.data import read_records
    from models.training.light_training import LightSettings, train_light

    _use_threads(arguments.threads)
    settings = LightSettings(minutes=arguments.minutes, seed=arguments.seed or 0)
    figures = train_light(read_records(arguments.data), arguments.out, settings)
    print(f"{figures['images']:.0f} objects in {figures['seconds'] / 60:.1f} min; weights in {arguments.out}")


def _use_threads(threads: int | None) -> None:
    import torch

    if threads is not None:
        torch.set_num_threads(threads)


def settings_of(arguments: argparse.Namespace, device: str) -> TrainingSettings:
    """The settings that the command line asks for; what it leaves open suits the device and the network."""
    from models.training.settings import TrainingSettings

    settings = TrainingSettings.for_device(device)
    if arguments.network is not None:
        settings = settings.for_network(arguments.network)
    if arguments.adversarial is not None:
        settings = settings.for_loss(arguments.adversarial)
    return settings.with_values(
        resolution=arguments.resolution,
        batch_size=arguments.batch_size,
        discriminators=arguments.discriminators,
        learning_rate=arguments.learning_rate,
        learning_rate_d=arguments.learning_rate,
        seed=arguments.seed,
    ).with_texts(arguments.set)


def train_objects(arguments: argparse.Namespace, device: str) -> None:
    """Trains the foreground generator and exports the weights if asked to."""
    from models.features.networks import feature_folder
    from models.photos.data import read_records
    from models.training import checkpoint
    from models.training.export import OtherParts, export_run
    from models.training.outlines import read_choice
    from models.training.runs.training_run import TrainingRun, train

    settings = settings_of(arguments, device)
    features = feature_folder(arguments.features, os.environ)
    if features is None:
        print("No --features: training without perceptual losses.", file=sys.stderr)
    if arguments.minutes > 0:
        state = train(
            TrainingRun(
                arguments.data,
                arguments.out,
                settings,
                arguments.minutes,
                device,
                features,
                arguments.start,
                arguments.threads,
                TrainingRun.grid_every_kimg if arguments.grid_every is None else arguments.grid_every,
            )
        )
    else:
        state = checkpoint.read_state(arguments.out)
    print(
        f"{state.images_seen} images at {state.settings.resolution} px in {state.seconds / 60:.1f} min; "
        f"checkpoint in {arguments.out}"
    )
    if arguments.export is not None:
        records = [record for record in read_records(arguments.data) if record.split == "train"]
        others = OtherParts(arguments.masks, arguments.backgrounds, arguments.light)
        choice = None if arguments.outlines is None else read_choice(arguments.outlines, arguments.data)
        export_run(arguments.out, arguments.export, others, records, choice, arguments.best_class or "")
        print(f"weights in {arguments.export}")
