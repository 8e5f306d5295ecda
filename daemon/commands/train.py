"""``insert-object train``: the command line of a training run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

_CLASS, _OBJECTS, _MASKS, _BACKGROUNDS, _LIGHT = (
    "--class",
    *(f"--part {part}" for part in ("objects", "masks", "backgrounds", "light")),
)
_READ_WITH: Mapping[str, tuple[str, ...]] = {
    "weights": (_CLASS,),
    "patience": (_CLASS,),
    "features": (_CLASS, _OBJECTS, _BACKGROUNDS),
    "device": (_CLASS, _OBJECTS, _MASKS),
    "batch_size": (_CLASS, _OBJECTS),
    "adversarial": (_CLASS, _OBJECTS),
    "discriminators": (_CLASS, _OBJECTS),
    "learning_rate": (_CLASS, _OBJECTS),
    "set": (_CLASS, _OBJECTS),
    "start": (_OBJECTS,),
    "resolution": (_OBJECTS,),
    "network": (_OBJECTS,),
    "grid_every": (_OBJECTS,),
    "export": (_OBJECTS,),
    "outlines": (_OBJECTS,),
    "best_class": (_OBJECTS,),
    "masks": (_OBJECTS,),
    "backgrounds": (_OBJECTS,),
    "light": (_OBJECTS,),
    "scenes_of": (_BACKGROUNDS,),
}
"""With what each option goes; one that is not named here goes with everything that is trained."""
_EXPORTED = ("outlines", "best_class", "masks", "backgrounds", "light")  # read with --export alone
_BECAUSE: Mapping[tuple[str, str], str] = {
    **{(name, _CLASS): " (the weights decide)" for name in ("start", "resolution", "network")},
    **{("device", part): " (which the processor trains)" for part in (_BACKGROUNDS, _LIGHT)},
}


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
        choices=("objects", "masks", "backgrounds", "light"),
        default="objects",
        help="the foreground generator (default), the mask generator, the background generator, or the "
        "network that judges light",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder with objects.jsonl; with --class also photos with masks of the same name, or COCO JSON",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of the run: checkpoint, log, grids (with --class default: PACK-training)",
    )
    parser.add_argument("--minutes", type=float, help="how long to train (with --class default: 60)")
    own = parser.add_argument_group("a class of your own, starting from the shipped weights")
    own.add_argument("--class", dest="class_name", metavar="NAME", help="what the objects are called")
    own.add_argument("--pack", type=Path, metavar="PACK", help="folder for the model pack")
    own.add_argument("--weights", type=Path, help="start from this folder of weights instead")
    own.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help="end after so many looks at held-out photos without progress (default: 6, of about 24 in a run)",
    )
    parser.add_argument(
        "--features",
        type=Path,
        help="folder of the frozen feature networks (default: $INSERT_OBJECT_FEATURES); without them "
        "training has no perceptual loss and is slower",
    )
    parser.add_argument("--start", type=Path, help="folder of a run whose weights to start from")
    parser.add_argument(
        "--scenes-of",
        action="append",
        default=[],
        metavar="CLASS",
        help="with --part backgrounds: learn from photos of this class; may be repeated (default: all)",
    )
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        help="default: CUDA if there is one; backgrounds and light are trained on the CPU alone",
    )
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--resolution", type=int, help="pixels: 32, 64, 128 (the default) or 256")
    parser.add_argument(
        "--network",
        choices=("object", "pix2pix", "source"),
        help="our own network (object, the default), or a baseline to compare with",
    )
    parser.add_argument("--batch-size", type=int, help="samples per step and process (default: 16 on a CPU)")
    parser.add_argument(
        "--adversarial",
        metavar="LOSS",
        help="adversarial loss, hinge by default; docs/training.md lists them. wgan-gp and relativistic "
        "bring their usual gradient penalties",
    )
    parser.add_argument(
        "--discriminators",
        metavar="LIST",
        help="one or more of projected, multi-scale, patch, heads, with commas between (default: "
        "projected,multi-scale,heads; without --features multi-scale)",
    )
    parser.add_argument("--learning-rate", type=float, help="of generator and encoders (default: 0.0002)")
    parser.add_argument("--seed", type=int, help="of every random choice (default: 0)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting, by its name in models/training/settings.py; may be repeated",
    )
    parser.add_argument(
        "--grid-every",
        type=float,
        metavar="KIMG",
        help="thousand images between sample grids (default: 4)",
    )
    parser.add_argument("--export", type=Path, help="write the shipped form of the weights to this folder")
    parser.add_argument(
        "--outlines",
        type=Path,
        help="export the outlines of the objects that this file lists, JSON lines with their image, "
        "instead of those that best say what they are",
    )
    parser.add_argument(
        "--best-class", metavar="CLASS", help="export it as the class that editors choose first"
    )
    parser.add_argument("--masks", type=Path, help="mask_generator.safetensors to export with them")
    parser.add_argument("--backgrounds", type=Path, help="background.safetensors to export with them")
    parser.add_argument("--light", type=Path, help="light.safetensors to export with them")
    parser.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """Runs the command; exit code 0, or 2 with one line for the user."""
    import torch

    from daemon.commands.train_parts import (
        train_backgrounds,
        train_light,
        train_masks,
        train_objects,
        train_own_class,
    )
    from models.features.networks import FeatureNetworkMissing, FeatureNetworkUnreadable
    from models.files.plain_files import ModelCorrupt, ModelMissing
    from models.photos.data import DataError
    from models.training.checkpoint import CheckpointError
    from models.training.critics import NoDiscriminator
    from models.training.settings import SettingsError

    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if (arguments.class_name is None) != (arguments.pack is None):
        return _refuse("--class and --pack belong together: what is learnt, and where its pack goes.")
    if arguments.class_name is None and (arguments.out is None or arguments.minutes is None):
        return _refuse("--out and --minutes are needed, or --class and --pack for a class of your own.")
    if unread := _unread(arguments):
        return _refuse(unread)
    try:
        if arguments.class_name is not None:
            train_own_class(arguments, device)
        elif arguments.part == "masks":
            train_masks(arguments, device)
        elif arguments.part == "backgrounds":
            train_backgrounds(arguments)
        elif arguments.part == "light":
            train_light(arguments)
        else:
            train_objects(arguments, device)
    except (
        DataError,
        CheckpointError,
        SettingsError,
        NoDiscriminator,
        FeatureNetworkMissing,
        FeatureNetworkUnreadable,
        ModelMissing,
        ModelCorrupt,
    ) as error:
        return _refuse(str(error))
    return 0


def _unread(arguments: argparse.Namespace) -> str:
    """Why the options do not go with what is to be trained; empty where all of them are read."""
    if arguments.class_name is not None and arguments.part != "objects":
        return f"--part {arguments.part} does not go with --class, which trains all that a pack needs."
    work = _CLASS if arguments.class_name is not None else f"--part {arguments.part}"
    found = []
    for name, read_with in _READ_WITH.items():
        if getattr(arguments, name) in (None, []):
            continue
        option = f"--{name.replace('_', '-')}"
        if work not in read_with:
            because = _BECAUSE.get((name, work), "")
            found.append(f"{option} does not go with {work}{because}, only with {' or '.join(read_with)}.")
        elif name in _EXPORTED and arguments.export is None:
            found.append(f"{option} goes only with --export.")
    return " ".join(found)


def _refuse(sentence: str) -> int:
    print(f"insert-object train: {sentence}", file=sys.stderr)
    return 2
