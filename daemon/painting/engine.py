"""The networks on a device: a request in, object layers out."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from daemon.home.limits import is_of_memory
from daemon.home.machine import cpu_threads
from daemon.packs.names import known_pack
from daemon.packs.shelf import Pack, PackShelf, Shelf, pack_error, pack_info, weights_error
from daemon.painting.choosing import LastRanking
from daemon.painting.insertion import OnStage, is_too_large, layers_of, warm_up_request
from daemon.painting.lighting import lit
from daemon.painting.timings import Timings
from models.bundle import Bundle
from models.files.manifest import ModelCorrupt, ModelMissing
from models.light.network import LightNetwork
from models.light.weights import load_light_network
from wire.protocol import (
    MAX_WINDOW_PIXELS,
    ClassInfo,
    ErrorCode,
    Insert,
    InsertObjectError,
    Layer,
    Light,
    Limits,
    Lit,
    PackInfo,
    Stage,
)
from wire.sentences import GPU_IS_FULL, GPU_IS_GONE, SMALL_ONLY

SCENE_OVER_NETWORK = 2  # scene pixels worth sending for each pixel that the networks see
KEPT_PACKS = 2  # sets of networks in memory at once

log = logging.getLogger(__name__)


def create_engine(weights: Path, *, device: str | None = None, packs: Path | None = None) -> Engine:
    """An engine for a weights folder and a folder of further packs.

    ``device`` is "cpu" or "cuda", default CUDA if there is one.
    """
    return Engine(weights, device, packs)


@dataclass(frozen=True)
class _Kept:
    """Networks in memory, and the version of the pack that they were read from."""

    version: tuple[int, ...]
    bundle: Bundle


class Engine:
    """Holds the weights while they are in use. One thread at a time, but for ``packs`` and ``limits``."""

    def __init__(self, weights: Path, device: str | None = None, packs: Path | None = None) -> None:
        self._weights = weights
        self._shelf = PackShelf(packs) if packs else None
        self._wanted = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # by pack, "" the shipped one; last used last
        self._notes: list[str] = []
        self._timings = Timings()
        self._last_ranking = LastRanking()
        self._light: LightNetwork | None = None  # small enough for the CPU, whatever the device
        self._resolution = 0  # of the shipped networks
        self.classes: tuple[ClassInfo, ...] = ()
        torch.set_num_threads(cpu_threads())

    @property
    def device(self) -> str:
        """The device in words, for people."""
        if self._wanted.type == "cuda":
            return f"cuda ({torch.cuda.get_device_name(self._wanted)})"
        return f"cpu ({torch.get_num_threads()} threads, {_name(cpu_dtype())})"

    @property
    def packs(self) -> tuple[PackInfo, ...]:
        """The further packs that can be used now."""
        return tuple(pack.info for pack in self._look().packs.values())

    @property
    def limits(self) -> Limits:
        """The most scene pixels that the networks at hand can make use of, and the program's own limits."""
        sides = [self._resolution, *(pack.resolution for pack in self._look().packs.values())]
        return Limits(window_pixels=min(MAX_WINDOW_PIXELS, SCENE_OVER_NETWORK * max(sides)))

    def load(self, on_progress: Callable[[float], None]) -> None:
        """Reads, checks and warms up the shipped networks; ``on_progress`` gets fractions 0..1.

        Raises:
            InsertObjectError: ``model-missing`` or ``model-corrupt``.
        """
        on_progress(0.0)
        try:
            self._warm_up(self._bundle(None, lambda _fraction: None), on_progress)
            return
        except RuntimeError as error:
            why = self._reason_for_cpu(error)
        log.warning(why)
        self._warm_up(self._bundle_on_cpu(None), on_progress)

    def _warm_up(self, bundle: Bundle, on_progress: Callable[[float], None]) -> None:
        """Learns what the shipped networks offer, and makes one object with them."""
        self.classes = pack_info("", bundle.manifest).classes
        self._resolution = bundle.resolution
        on_progress(0.6)
        for _ in layers_of(bundle, warm_up_request(self.classes[0].name), lambda *_: None):
            pass
        on_progress(1.0)

    def insert(self, request: Insert, on_stage: OnStage) -> Iterator[Layer]:
        """The layers of a request, in order. ``on_stage`` is called between stages and may raise.

        Raises:
            InsertObjectError: with the code and the sentence for the user.
        """
        pack = self._pack(request.wish.pack)
        try:
            yield from self._layers(
                self._bundle(pack, lambda fraction: on_stage(Stage.LOADING, 0.3 * fraction)),
                request,
                on_stage,
            )
            return
        except RuntimeError as error:
            why = self._reason_for_cpu(error)
        # Out here nothing of the first try holds on to the GPU's memory.
        self._notes.append(why)
        yield from self._layers(self._bundle_on_cpu(pack), request, on_stage)

    def _layers(self, bundle: Bundle, request: Insert, on_stage: OnStage) -> Iterator[Layer]:
        """The layers of a request, painted by these networks, and a note where they do that badly."""
        yield from layers_of(bundle, request, on_stage, self._timings, self._last_ranking)
        if is_too_large(bundle, request):
            self._notes.append(SMALL_ONLY)

    def light(self, request: Light, on_stage: OnStage) -> Iterator[Lit]:
        """The object of a request in its scene's light; ``on_stage`` is called between stages.

        Raises:
            InsertObjectError: with the code and the sentence for the user.
        """
        if self._light is None:
            on_stage(Stage.LOADING, 0.0)
            try:
                self._light = load_light_network(self._weights)
            except (ModelMissing, ModelCorrupt) as error:
                raise weights_error(error) from error
        on_stage(Stage.OBJECT, 0.2)
        yield lit(self._light, request)

    def _reason_for_cpu(self, error: RuntimeError) -> str:
        """Why the CPU has to do what the GPU could not, in words for the user.

        A GPU that does not answer any more (a driver that was replaced, a computer that slept) stays unusable
        for this process, so the engine gives it up.

        Raises:
            RuntimeError, InsertObjectError: the error itself, where the CPU would do no better.
        """
        on_cpu = self._wanted.type == "cpu"
        if isinstance(error, torch.OutOfMemoryError) and not on_cpu:
            return GPU_IS_FULL
        if is_of_memory(error):  # the computer's own, for which PyTorch has no type of error
            raise _out_of_memory() from None
        if on_cpu or _answers(self._wanted):
            raise error
        log.error("The GPU does not answer any more; from now on the CPU is used: %s", error)
        self._wanted = torch.device("cpu")
        self._kept.clear()
        return GPU_IS_GONE

    def _bundle_on_cpu(self, pack: Pack | None) -> Bundle:
        """Networks on the CPU, in place of the GPU's."""
        self.release()
        if self._wanted.type == "cpu":
            return self._bundle(pack, lambda _fraction: None)
        return self._read(pack, torch.device("cpu"))  # for once: the GPU may have room again

    def take_notes(self) -> tuple[str, ...]:
        """Sentences for the user since the last call."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def release(self) -> None:
        """Gives the networks' memory back; the next insertion reads them again."""
        self._kept.clear()
        self._light = None
        if self._wanted.type == "cuda":
            torch.cuda.empty_cache()

    def report(self) -> dict[str, Any]:
        """Plain values for ``status``."""
        report: dict[str, Any] = {
            "device": self.device,
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "loaded": bool(self._kept),
            "weights_folder": str(self._weights),
            "timings": self._timings.report(),
        }
        if "" in self._kept:
            bundle = self._kept[""].bundle
            report["weights"] = bundle.manifest.name
            report["resolution"] = bundle.resolution
            report["dtype"] = _name(bundle.dtype)
            report["sha256"] = dict(bundle.manifest.files)
        shelf = self._look()
        report["packs"] = {name: "loaded" if name in self._kept else "not loaded" for name in shelf.packs}
        report["refused_packs"] = dict(shelf.refused)
        if self._wanted.type == "cuda":
            free, total = torch.cuda.mem_get_info(self._wanted)
            report["gpu_memory_mib"] = {"free": free >> 20, "total": total >> 20}
        return report

    # --- Packs ----------------------------------------------------------------------------------

    def _look(self) -> Shelf:
        return self._shelf.look() if self._shelf else Shelf()

    def _pack(self, name: str) -> Pack | None:
        """The further pack of that name, None for the shipped one."""
        packs = self._look().packs
        known = known_pack(name, [pack.info for pack in packs.values()])
        return None if known is None else packs[known.name]

    def _bundle(self, pack: Pack | None, on_progress: Callable[[float], None]) -> Bundle:
        """The networks of a pack, read now unless they are kept; the longest unused ones make room."""
        name, version = (pack.name, pack.version) if pack else ("", ())
        kept = self._kept.pop(name, None)
        if kept is None or kept.version != version:
            kept = None  # a replaced pack's memory is free before the new one takes its own
            on_progress(0.0)
            while len(self._kept) >= KEPT_PACKS:
                self._kept.popitem(last=False)
            kept = _Kept(version, self._read(pack, self._wanted))
            on_progress(1.0)
        self._kept[name] = kept
        return kept.bundle

    def _read(self, pack: Pack | None, device: torch.device) -> Bundle:
        dtype = torch.bfloat16 if device.type == "cuda" else cpu_dtype()
        try:
            return Bundle.load(pack.folder if pack else self._weights, device=device, dtype=dtype)
        except (ModelMissing, ModelCorrupt) as error:
            if pack is None or self._shelf is None:
                raise weights_error(error) from error
            self._shelf.refuse(pack, error)
            raise pack_error(pack.name, error) from error


def _answers(device: torch.device) -> bool:
    """Whether the device still computes."""
    try:
        return float(torch.ones(1, device=device).sum()) == 1
    except torch.OutOfMemoryError:
        return True
    except RuntimeError:
        return False


def _out_of_memory() -> InsertObjectError:
    return InsertObjectError(
        ErrorCode.OUT_OF_MEMORY,
        "There was not enough memory for this object.",
        "Close other programs or ask for fewer variations.",
    )


def cpu_dtype() -> torch.dtype:
    """bfloat16 where the processor computes with it, else float32."""
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if has.get("avx512_bf16") or has.get("amx_bf16") else torch.float32


def _name(dtype: torch.dtype) -> str:
    return {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}.get(dtype, str(dtype))
