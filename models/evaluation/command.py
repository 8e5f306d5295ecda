"""``insert-object evaluate``: the command line of an evaluation."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the ``evaluate`` command; torch is imported when it runs."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the networks on held-out photos and write a report",
        description="Measures realism (KID), shape (FCN-score), untouched background, lighting, variety and "
        "copies of training pictures on the validation photos of DATA, beside real cut-outs pasted in. "
        "Writes report.html with contact sheets and report.json.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument(
        "--weights", type=Path, help="folder with manifest.json (default: the weights this program uses)"
    )
    parser.add_argument(
        "--features", type=Path, help="folder of the feature networks (default: $INSERT_OBJECT_FEATURES)"
    )
    parser.add_argument("--out", type=Path, default=Path("evaluation"), help="folder of the report")
    parser.add_argument(
        "--limit", type=_count, help="validation photos to use, classes taking turns (default: all)"
    )
    parser.add_argument(
        "--size",
        type=int,
        choices=(64, 128, 256),
        default=128,
        help="pixels of a judged window; figures compare only at one size (default: 128)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")
    parser.add_argument("--threads", type=_count, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: CUDA if there is one")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Runs the command; exit code 0, or 2 with one line for the user."""
    import torch

    from models.bundle import Bundle
    from models.data import DataError, read_records
    from models.evaluation.cases import NothingToEvaluate
    from models.evaluation.evaluate import FeatureNetworks, Options, evaluate
    from models.evaluation.report import ReportUnwritable, prepare_folder, to_text, write_report
    from models.features.networks import FeatureNetworkMissing, FeatureNetworkUnreadable, feature_folder
    from models.manifest import ModelCorrupt, ModelMissing

    features_folder = feature_folder(arguments.features)
    if features_folder is None:
        return _refuse(
            "The feature networks that judge the pictures are needed. Name their folder with --features or "
            "the environment variable INSERT_OBJECT_FEATURES."
        )
    for purpose, folder in (("feature networks", features_folder), ("photos", arguments.data)):
        if not folder.is_dir():
            return _refuse(f"The folder of the {purpose}, {folder}, does not exist.")

    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    weights = arguments.weights or default_weights()
    if device.type == "cuda" and not torch.cuda.is_available():
        return _refuse("PyTorch finds no CUDA device here. Leave --device out to run on the CPU.")
    try:
        prepare_folder(arguments.out)
        records = read_records(arguments.data)
        bundle = Bundle.load(weights, device=device, dtype=torch.float32)
        networks = FeatureNetworks.load(features_folder, device)
        options = Options(seed=arguments.seed, size=arguments.size, limit=arguments.limit, device=str(device))
        found = evaluate(bundle, records, networks, options)
        found.facts = {
            "weights": bundle.manifest.name,
            "pictures seen in training": str(bundle.manifest.provenance.get("images_seen", "not recorded")),
            "data": str(arguments.data),
            **found.facts,
        }
        page = write_report(found, arguments.out)
    except (ModelCorrupt, ModelMissing) as error:
        return _refuse(f"{error} Name a folder of whole weights with --weights.")
    except (
        DataError,
        FeatureNetworkMissing,
        FeatureNetworkUnreadable,
        NothingToEvaluate,
        ReportUnwritable,
    ) as error:
        return _refuse(str(error))
    if arguments.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        print(to_text(found))
        print(f"Report with pictures: {page}")
    return 0


def default_weights() -> Path:
    """The weights that the environment names, else the shipped ones."""
    named = os.environ.get("INSERT_OBJECT_WEIGHTS", "")
    return Path(named) if named else Path(__file__).resolve().parents[1] / "weights"


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _refuse(sentence: str) -> int:
    print(f"insert-object evaluate: {sentence}", file=sys.stderr)
    return 2
