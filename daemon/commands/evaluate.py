"""``insert-object evaluate``: the command line of an evaluation."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.home.folders import Folders
from wire.protocol import MAX_CANDIDATES

if TYPE_CHECKING:
    from models.evaluation.setting import Setting


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the ``evaluate`` command; torch is imported when it runs."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the networks on held-out photos and write a report",
        description="Measures realism (KID), shape (FCN-score), seams, untouched background, lighting, "
        "variety and copies of training pictures on the validation photos of DATA, beside real cut-outs. "
        "Writes report.html with plots and contact sheets, and report.json. With --claims it writes a page "
        "that shows what the program promises instead, with --compare it says which of two sets of weights "
        "is better.",
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
        choices=(64, 128, 256, 512),
        default=128,
        help="pixels of a judged window; figures compare only at one size (default: 128)",
    )
    parser.add_argument(
        "--rival",
        metavar="NAME=RUN",
        action="append",
        default=[],
        help="a trained rival for the table, such as U-Net=runs/pix2pix: the folder of a run of "
        "insert-object train --network pix2pix or source; may be given several times",
    )
    purpose = parser.add_mutually_exclusive_group()
    purpose.add_argument(
        "--claims",
        action="store_true",
        help="write claims.html: moved and overlapping objects, boxes, with figures",
    )
    purpose.add_argument(
        "--compare", metavar="OTHER", type=Path, help="another folder of weights: which of the two is better?"
    )
    purpose.add_argument(
        "--keep-sheet",
        action="store_true",
        help="write keep.jpg and a picture a class: every class in every --scene at 60, 250 and 600 pixels, "
        "four seeds as they come, to count what one would keep",
    )
    parser.add_argument(
        "--candidates",
        type=_candidates,
        default=1,
        metavar="N",
        help="with --keep-sheet: each object is the best of so many seeds, 1 to 48 (default: 1)",
    )
    parser.add_argument(
        "--scene",
        metavar="PHOTO",
        type=Path,
        action="append",
        default=[],
        help="with --claims or --keep-sheet: a photo to insert into (with --claims, default: a validation "
        "photo)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")
    parser.add_argument("--threads", type=_count, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: CUDA if there is one")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Runs the command; exit code 0, or 2 with one line for the user."""
    from models.pages.templates import plots_need

    if needed := plots_need():
        return _refuse(f"Its reports need {needed}")
    import torch

    from models.evaluation.methods import RivalUnusable
    from models.evaluation.report import ReportUnwritable
    from models.evaluation.sample import NothingToEvaluate
    from models.evaluation.setting import SceneUnreadable, Setting, SettingMissing
    from models.features.networks import FeatureNetworkMissing, FeatureNetworkUnreadable
    from models.files.manifest import ModelCorrupt, ModelMissing
    from models.photos.data import DataError
    from models.training.checkpoint import CheckpointError

    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    try:
        setting = Setting.prepare(arguments, Folders.default().weights)
        if arguments.compare is not None:
            text, content = _compare(setting, arguments)
        elif arguments.keep_sheet:
            text, content = _keep_sheet(setting, arguments)
        elif arguments.claims:
            text, content = _claims(setting, arguments)
        else:
            text, content = _report(setting, arguments)
    except (ModelCorrupt, ModelMissing) as error:
        return _refuse(f"{error} Name a folder of whole weights with --weights.")
    except (
        CheckpointError,
        DataError,
        FeatureNetworkMissing,
        FeatureNetworkUnreadable,
        NothingToEvaluate,
        ReportUnwritable,
        RivalUnusable,
        SceneUnreadable,
        SettingMissing,
    ) as error:
        return _refuse(str(error))
    print(json.dumps(content) if arguments.json else text)
    return 0


def _report(setting: Setting, arguments: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    from daemon.painting.finished import LayerPainter
    from models.evaluation.evaluate import evaluate
    from models.evaluation.report import to_html, to_text, write_down

    found = evaluate(
        setting.bundle,
        setting.records,
        setting.features,
        setting.options,
        setting.rivals,
        LayerPainter(setting.bundle),
    )
    found.facts = {**setting.facts, **found.facts}
    found.notes = [*setting.notes, *found.notes]
    content = found.to_json()
    page = write_down(arguments.out, "report", content, found.sheets, to_html(found))
    return f"{to_text(found)}\nReport with pictures: {page}", content


def _compare(setting: Setting, arguments: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    from daemon.painting.finished import LayerPainter
    from models.bundle import Bundle
    from models.evaluation.comparison import compare, to_text
    from models.evaluation.report import write_down

    other = Bundle.load(arguments.compare, device=setting.options.device)
    found = compare(
        setting.bundle,
        other,
        (str(setting.weights), str(arguments.compare)),
        setting.records,
        setting.features,
        setting.options,
        (LayerPainter(setting.bundle), LayerPainter(other)),
    )
    sheet = write_down(arguments.out, "compare", found.to_json(), found.sheets)
    return f"{to_text(found)}\nPictures side by side: {sheet}", found.to_json()


def _claims(setting: Setting, arguments: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    from models.evaluation.claims.measuring import claim_options, measure_claims
    from models.evaluation.setting import read_scene

    found = measure_claims(
        setting.bundle,
        setting.records,
        setting.features.lpips,
        setting.rivals,
        scenes=[read_scene(path) for path in arguments.scene],
        options=claim_options(setting.options),
    )
    found.facts = {**setting.facts, **found.facts}
    found.notes = [*setting.notes, *found.notes]
    page = found.write(arguments.out)
    return f"{found.to_text()}\nPage with pictures: {page}", found.to_json()


def _keep_sheet(setting: Setting, arguments: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    from daemon.painting.finished import whole_path
    from models.evaluation.keep_sheet import write_keep_sheet
    from models.evaluation.setting import SettingMissing, read_scene

    if not arguments.scene:
        raise SettingMissing("A keep sheet needs photos to insert into: name some with --scene.")
    photos = [read_scene(path, longest=2048).permute(1, 2, 0).numpy() for path in arguments.scene]
    insert = whole_path(setting.bundle, arguments.candidates)
    page, classes = write_keep_sheet(setting.bundle, insert, photos, arguments.out)
    text = f"Keep sheet: {page}, and a larger picture of each class beside it"
    return text, {"page": str(page), "classes": {name: str(path) for name, path in classes.items()}}


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _candidates(text: str) -> int:
    value = _count(text)
    if value > MAX_CANDIDATES:
        raise argparse.ArgumentTypeError(f"{value} is more than {MAX_CANDIDATES}")
    return value


def _refuse(sentence: str) -> int:
    print(f"insert-object evaluate: {sentence}", file=sys.stderr)
    return 2
