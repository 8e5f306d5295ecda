"""``insert-object train``: the command line of a training run."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the ``train`` command; torch is imported when it runs."""
    parser = subparsers.add_parser(
        "train",
        help="train the networks on photos with masks",
        description="Trains on a folder of photos with masks until the time is up. The same folder OUT "
        "goes on where it stopped. Several GPUs: torchrun --nproc-per-node N -m daemon.command_line train …",
    )
    parser.add_argument(
        "--part",
        choices=("objects", "masks"),
        default="objects",
        help="the foreground generator (default) or the mask generator",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoint, log, grids")
    parser.add_argument("--minutes", type=float, required=True, help="how long to train")
    parser.add_argument(
        "--features",
        type=Path,
        help="folder of the frozen feature networks (default: $INSERT_OBJECT_FEATURES; without it the run "
        "does without perceptual losses and learns more slowly)",
    )
    parser.add_argument("--start", type=Path, help="folder of a run whose weights to start from")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: CUDA if there is one")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--resolution", type=int, help="pixels: 64, 128 or 256")
    parser.add_argument("--network", choices=("small", "full"), help="size of the generator")
    parser.add_argument("--batch-size", type=int, help="samples a step and process")
    parser.add_argument("--adversarial", choices=("hinge", "non-saturating", "lsgan"))
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting, by its name in models/training_settings.py; may be repeated",
    )
    parser.add_argument("--grid-every", type=float, default=4.0, metavar="KIMG", help="thousand images")
    parser.add_argument("--export", type=Path, help="write the shipped form of the weights to this folder")
    parser.add_argument("--masks", type=Path, help="mask_generator.safetensors to export with them")
    parser.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """Runs the command; exit code 0, or 2 with one line for the user."""
    import torch

    from models.data import DataError
    from models.features.networks import FeatureNetworkMissing
    from models.training.checkpoint import CheckpointError
    from models.training.settings import SettingsError

    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        if arguments.part == "masks":
            _train_masks(arguments, device)
        else:
            _train_objects(arguments, device)
    except (DataError, CheckpointError, SettingsError, FeatureNetworkMissing) as error:
        print(f"insert-object train: {error}", file=sys.stderr)
        return 2
    return 0


def _train_masks(arguments: argparse.Namespace, device: str) -> None:
    """Trains the mask generator; a run in the same folder goes on."""
    from models.data import class_names_of, read_records
    from models.masks.training import train_masks

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


def _train_objects(arguments: argparse.Namespace, device: str) -> None:
    """Trains the foreground generator and exports the weights if asked to."""
    from models.data import read_records
    from models.features.networks import feature_folder
    from models.training import checkpoint
    from models.training.export import export_run
    from models.training.run import TrainingRun, train
    from models.training.settings import TrainingSettings

    settings = (
        TrainingSettings.for_device(device)
        .with_values(
            resolution=arguments.resolution,
            network=arguments.network,
            batch_size=arguments.batch_size,
            adversarial=arguments.adversarial,
            learning_rate=arguments.learning_rate,
            learning_rate_d=arguments.learning_rate,
            seed=arguments.seed,
        )
        .with_texts(arguments.set)
    )
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
                arguments.grid_every,
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
        export_run(arguments.out, arguments.export, arguments.masks, records)
        print(f"weights in {arguments.export}")
