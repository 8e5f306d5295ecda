"""What an evaluation needs, read and checked before any long work: weights, photos, judges, rivals."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from models.bundle import Bundle
from models.evaluation.methods import Generated, fairness_notes, load_rivals
from models.evaluation.report import prepare_folder
from models.evaluation.sample import Options
from models.evaluation.verdicts import FeatureNetworks
from models.features.networks import feature_folder
from models.photos.data import PICTURE_ERRORS, ObjectRecord, in_rgb, read_records


class SettingMissing(ValueError):
    """A folder or a device that the command needs is not there; the message says what to name."""


@dataclass(frozen=True)
class Setting:
    """The things that an evaluation works with."""

    weights: Path
    bundle: Bundle
    records: list[ObjectRecord]
    features: FeatureNetworks
    rivals: list[Generated]
    options: Options
    facts: dict[str, str | int | float]
    notes: list[str]

    @classmethod
    def prepare(cls, arguments: argparse.Namespace, default_weights: Path) -> Setting:
        """Reads what the arguments of the command name.

        Raises:
            SettingMissing, ReportUnwritable, DataError, ModelMissing, ModelCorrupt, FeatureNetworkMissing,
            FeatureNetworkUnreadable, RivalUnusable, CheckpointError: each says what to change.
        """
        features_folder = feature_folder(arguments.features)
        if features_folder is None:
            raise SettingMissing(
                "The feature networks that judge the pictures are needed. Name their folder with --features "
                "or the environment variable INSERT_OBJECT_FEATURES."
            )
        for purpose, folder in (("feature networks", features_folder), ("photos", arguments.data)):
            if not folder.is_dir():
                raise SettingMissing(f"The folder of the {purpose}, {folder}, does not exist.")
        device = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if device.type == "cuda" and not torch.cuda.is_available():
            raise SettingMissing("PyTorch finds no CUDA device here. Leave --device out to run on the CPU.")
        prepare_folder(arguments.out)
        weights = arguments.weights or default_weights
        records = read_records(arguments.data)
        bundle = Bundle.load(weights, device=device, dtype=torch.float32)
        features = FeatureNetworks.load(features_folder, device)
        rivals = load_rivals(arguments.rival, bundle.class_names, device)
        seen = bundle.manifest.provenance.get("images_seen", "not recorded")
        facts: dict[str, str | int | float] = {
            "weights": bundle.manifest.name,
            "pictures seen in training": str(seen),
            "data": str(arguments.data),
        }
        for rival in rivals:
            facts[f"{rival.name}, pictures seen"] = rival.images_seen
        notes = fairness_notes(rivals, seen if isinstance(seen, int) else 0)
        options = Options(arguments.seed, arguments.size, arguments.limit, device=str(device))
        return cls(weights, bundle, records, features, rivals, options, facts, notes)


class SceneUnreadable(OSError):
    """The photo is not there or is no picture that can be read."""


def read_scene(path: Path, longest: int = 1024) -> Tensor:
    """The photo as uint8 (3, H, W), upright, its longer side at most ``longest`` pixels.

    Raises:
        SceneUnreadable: naming the file.
    """
    try:
        with Image.open(path) as opened:
            photo = in_rgb(ImageOps.exif_transpose(opened))
    except PICTURE_ERRORS as error:
        raise SceneUnreadable(
            f"The scene {path} cannot be read: {error}. Name a photo with --scene."
        ) from error
    photo.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(photo)).permute(2, 0, 1).contiguous()
