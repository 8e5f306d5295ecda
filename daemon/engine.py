"""The networks on a device: a request in, object layers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daemon import scene as view_of_scene
from daemon.machine import cpu_threads
from daemon.protocol import (
    MAX_SEED,
    MAX_WINDOW_PIXELS,
    ClassInfo,
    ErrorCode,
    Insert,
    InsertObjectError,
    Layer,
    Limits,
    PixelFormat,
    PixelFrame,
    Rect,
    Stage,
    sent_window,
)
from daemon.scene import SceneView
from models.bundle import Bundle
from models.manifest import ModelCorrupt, ModelMissing
from models.masks.generator import LATENT

SCENE_OVER_NETWORK = 2  # scene pixels worth sending for each pixel that the networks see
STYLE_SPREAD = 0.7  # how far variations stray from a reference or a style, in deviations

OnStage = Callable[[Stage, float], None]


def create_engine(weights: Path, *, device: str | None = None) -> Engine:
    """An engine for a weights folder; ``device`` "cpu" or "cuda", default CUDA if there is one."""
    return Engine(weights, device)


@dataclass(frozen=True)
class _Plan:
    """The inputs of the networks for one request, a row a variation."""

    seeds: list[int]
    scene: Tensor  # (N, 3, S, S) in -1..1
    class_index: Tensor  # (N,)
    codes: Tensor  # (N, code_size)
    mask_codes: Tensor  # (N, 32)
    boxes: Tensor  # (N, 4)
    noise: Tensor  # (N, 1, S, S)


class Engine:
    """Holds the weights while they are in use. One thread at a time."""

    def __init__(self, weights: Path, device: str | None = None) -> None:
        self._weights = weights
        self._wanted = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._bundle: Bundle | None = None
        self._notes: list[str] = []
        self.classes: tuple[ClassInfo, ...] = ()
        self.limits = Limits()
        torch.set_num_threads(cpu_threads())

    @property
    def device(self) -> str:
        """The device in words, for people."""
        if self._wanted.type == "cuda":
            return f"cuda ({torch.cuda.get_device_name(self._wanted)})"
        return f"cpu ({torch.get_num_threads()} threads, {_name(cpu_dtype())})"

    def load(self, on_progress: Callable[[float], None]) -> None:
        """Reads, checks and warms up the networks; ``on_progress`` gets fractions 0..1.

        Raises:
            InsertObjectError: ``model-missing`` or ``model-corrupt``.
        """
        on_progress(0.0)
        self._bundle = self._read(self._wanted)
        self.classes = tuple(
            ClassInfo(entry.name, entry.label, tuple(entry.styles)) for entry in self._bundle.manifest.classes
        )
        seen = SCENE_OVER_NETWORK * self._bundle.resolution
        self.limits = Limits(window_pixels=min(MAX_WINDOW_PIXELS, seen))
        on_progress(0.6)
        for variations in (1, 4):
            for _ in self._layers(_warm_up_request(self.classes[0].name, variations), lambda *_: None):
                pass
        on_progress(1.0)

    def insert(self, request: Insert, on_stage: OnStage) -> Iterator[Layer]:
        """The layers of a request, in order. ``on_stage`` is called between stages and may raise.

        Raises:
            InsertObjectError: with the code and the sentence for the user.
        """
        if self._bundle is None:
            self.load(lambda fraction: on_stage(Stage.LOADING, 0.3 * fraction))
        try:
            yield from self._layers(request, on_stage)
            return
        except torch.OutOfMemoryError:
            if self._wanted.type == "cpu":
                raise _out_of_memory() from None
        # Once more on the CPU, with the GPU's memory given back first.
        self.release()
        self._bundle = self._read(torch.device("cpu"))
        self._notes.append("The GPU's memory was full, so the CPU made this object; that takes longer.")
        try:
            yield from self._layers(request, on_stage)
        finally:
            self.release()

    def take_notes(self) -> tuple[str, ...]:
        """Sentences for the user since the last call."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def release(self) -> None:
        """Gives the networks' memory back; the next insertion reads them again."""
        self._bundle = None
        if self._wanted.type == "cuda":
            torch.cuda.empty_cache()

    def report(self) -> dict[str, Any]:
        """Plain values for ``status``."""
        bundle = self._bundle
        report: dict[str, Any] = {
            "device": self.device,
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "loaded": bundle is not None,
            "weights_folder": str(self._weights),
        }
        if bundle is not None:
            report["weights"] = bundle.manifest.name
            report["resolution"] = bundle.resolution
            report["dtype"] = _name(bundle.dtype)
            report["sha256"] = dict(bundle.manifest.files)
        if self._wanted.type == "cuda":
            free, total = torch.cuda.mem_get_info(self._wanted)
            report["gpu_memory_mib"] = {"free": free >> 20, "total": total >> 20}
        return report

    def _read(self, device: torch.device) -> Bundle:
        dtype = torch.bfloat16 if device.type == "cuda" else cpu_dtype()
        try:
            return Bundle.load(self._weights, device=device, dtype=dtype)
        except ModelMissing as error:
            raise InsertObjectError(
                ErrorCode.MODEL_MISSING, f"The networks' file {error.path} is missing.", _REINSTALL
            ) from error
        except ModelCorrupt as error:
            raise InsertObjectError(ErrorCode.MODEL_CORRUPT, str(error), _REINSTALL) from error

    def _layers(self, request: Insert, on_stage: OnStage) -> Iterator[Layer]:
        bundle = self._bundle
        if bundle is None:
            raise InsertObjectError(ErrorCode.INTERNAL, "The networks are not loaded.")
        index = self._class_index(request.class_name)
        view = view_of_scene.view_of(request)
        on_stage(Stage.MASK, 0.3)
        plan = _plan(request, view, bundle, index)
        if request.mask is not None:
            shape = _planes(view_of_scene.square_mask(request.mask, view, bundle.resolution))
            masks = shape.expand(len(plan.seeds), -1, -1, -1)
        else:
            masks = bundle.make_masks(plan.class_index, plan.boxes, plan.scene, plan.mask_codes)
        on_stage(Stage.OBJECT, 0.45)
        colour, alpha = bundle.make_objects(plan.scene, masks, plan.class_index, plan.codes, plan.noise)
        pictures = ((colour + 1) / 2).permute(0, 2, 3, 1).cpu().numpy()  # (N, S, S, 3)
        alphas = alpha[:, 0].cpu().numpy()
        for place, seed in enumerate(plan.seeds):
            on_stage(Stage.FINISHING, 0.9 + 0.1 * place / len(plan.seeds))
            pixels, x, y = view_of_scene.object_layer(
                pictures[place], alphas[place], view, depth=request.depth
            )
            yield Layer(request.id, place, request.class_name, seed, x, y, pixels)

    def _class_index(self, name: str) -> int:
        names = [entry.name for entry in self.classes]
        if name not in names:
            raise InsertObjectError(
                ErrorCode.UNKNOWN_CLASS,
                f"There is no class {name!r}.",
                f"These are there: {', '.join(names)}.",
            )
        return names.index(name)


_REINSTALL = "Run install.py again to put it back."


def _out_of_memory() -> InsertObjectError:
    return InsertObjectError(
        ErrorCode.OUT_OF_MEMORY,
        "There was not enough memory for this object.",
        "Close other programs or ask for fewer variations.",
    )


def _plan(request: Insert, view: SceneView, bundle: Bundle, class_index: int) -> _Plan:
    """Everything random about a variation comes from its own seed, so one can be had again alone."""
    count, side = request.variations, bundle.resolution
    seeds = [(request.seed + place) % (MAX_SEED + 1) for place in range(count)]
    codes, mask_codes, noise = [], [], []
    for seed in seeds:
        random = torch.Generator().manual_seed(seed)
        codes.append(torch.randn(bundle.code_size, generator=random))
        mask_codes.append(torch.randn(LATENT, generator=random))
        noise.append(torch.randn(1, side, side, generator=random))
    looks = torch.stack(codes)
    given = _given_code(request, bundle, class_index)
    if given is not None:
        looks = given + STYLE_SPREAD * looks
    scene = _planes(view_of_scene.square_pixels(view, side)) * 2 - 1
    box = torch.tensor(view_of_scene.box_in_square(view))
    return _Plan(
        seeds,
        scene.expand(count, -1, -1, -1),
        torch.full((count,), class_index),
        looks,
        torch.stack(mask_codes),
        box.expand(count, -1),
        torch.stack(noise),
    )


def _given_code(request: Insert, bundle: Bundle, class_index: int) -> Tensor | None:
    """The appearance that the request names, by picture or by style: (1, code_size)."""
    if request.reference is not None:
        picture, mask = view_of_scene.reference_crop(request.reference, bundle.resolution)
        return bundle.encode(_planes(picture) * 2 - 1, _planes(mask)).cpu()
    if request.style:
        styles = bundle.manifest.classes[class_index].styles
        if request.style not in styles:
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST,
                f"The class {request.class_name} has no style {request.style!r}.",
                f"It has: {', '.join(styles)}." if styles else "It has no styles.",
            )
        return torch.tensor(styles[request.style]).unsqueeze(0)
    return None


def _planes(pixels: NDArray[np.float32]) -> Tensor:
    """(S, S) or (S, S, C) to (1, C, S, S)."""
    tensor = torch.from_numpy(np.ascontiguousarray(pixels))
    return tensor[None, None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)[None]


def cpu_dtype() -> torch.dtype:
    """bfloat16 where the processor computes with it, else float32."""
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if has.get("avx512_bf16") or has.get("amx_bf16") else torch.float32


def _name(dtype: torch.dtype) -> str:
    return {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}.get(dtype, str(dtype))


def _warm_up_request(class_name: str, variations: int) -> Insert:
    """A request on a grey picture that takes every path of the networks."""
    side = 256
    box = Rect(64, 64, 128, 128)
    window = sent_window(box, side, side)
    grey = bytes([128]) * (window.width * window.height * 3)
    pixels = PixelFrame(window.width, window.height, PixelFormat.RGB8, grey)
    return Insert("warm-up", class_name, side, side, box, window, pixels, variations=variations)
