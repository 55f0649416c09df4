"""Train the trace net of `fp.edited.consistency`: ``python -m benchmarks.training.consistency SOURCES FOLDER``.

SOURCES holds camera photos reduced by 1.3 or more, as .npy (see :mod:`benchmarks.training.trace_sources`). FOLDER gets
checkpoints and the curve; a run that finds a checkpoint there goes on from it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from benchmarks.training.trace_model import FEATURES, TraceNet, losses
from fakeproof.edited.trace_net import coefficient_features, high_pass
from benchmarks.material.traces.delivery import CHAINS, EARLY_CHAINS
from benchmarks.material.traces.samples import Sample, sources, stream

BATCH = 16
RATE = 2e-3
WARM_UP = 150
LEAST_RATE = 0.03
"""Share of the rate that is left at the end."""


class Samples(IterableDataset[dict[str, Any]]):
    """Samples made on the fly; another seed for each worker and each start."""

    def __init__(self, folder: Path, seed: int, chains: dict[str, float]) -> None:
        self.folder, self.seed, self.chains = folder, seed, chains

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield samples as tensors."""
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        own = self.seed + (0 if worker is None else worker.id)
        for made in stream(sources(self.folder, "train"), own, chains=self.chains):
            yield as_tensors(made)


def as_tensors(made: Sample) -> dict[str, Any]:
    """Return what the net takes of a sample."""
    if made.view.dct is None:
        features = np.zeros((FEATURES, *made.altered.shape), np.float16)
    else:
        features = coefficient_features(made.view.dct).astype(np.float16)
    return {
        "pixels": torch.from_numpy(high_pass(made.view.rgb)),
        "features": torch.from_numpy(features),
        "altered": torch.from_numpy(made.altered),
    }


def rate(step: int, done: float) -> float:
    """Return the learning rate: warm-up, then a cosine over the share of the budget that is used."""
    return RATE * min(1.0, (step + 1) / WARM_UP) * max(LEAST_RATE, 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def train(options: argparse.Namespace) -> None:
    """Train until the budget of seconds (all starts together) is used up."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    net = TraceNet(compression=not options.pixels_only).to(device)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    state = {"step": 0, "seconds": 0.0, "curve": []}
    options.folder.mkdir(parents=True, exist_ok=True)
    last = options.folder / "last.pt"
    if last.exists():
        kept = torch.load(last, weights_only=False)
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        state = kept["state"]
    seed = options.seed * 1_000_003 + state["step"]
    samples = Samples(options.sources, seed, EARLY_CHAINS if options.early else CHAINS)
    batches = iter(DataLoader(samples, BATCH, num_workers=options.workers, prefetch_factor=3))
    recent: list[float] = []
    start, before = time.monotonic(), state["seconds"]
    kept_at = start
    while state["seconds"] < options.seconds:
        for group in optimiser.param_groups:
            group["lr"] = rate(state["step"], state["seconds"] / options.seconds)
        batch = {k: v.to(device) for k, v in next(batches).items()}
        with torch.autocast(device, torch.bfloat16):
            loss = losses(net, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        recent.append(loss.item())
        state["step"] += 1
        state["seconds"] = before + time.monotonic() - start
        if state["step"] % 50 == 0:
            state["curve"].append((state["step"], round(state["seconds"]), round(float(np.mean(recent)), 4)))
            print(*state["curve"][-1], flush=True)
            recent = []
        if time.monotonic() - kept_at > options.keep_every or state["seconds"] >= options.seconds:
            _keep(last, net, optimiser, state)
            kept_at = time.monotonic()


def _keep(path: Path, net: TraceNet, optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    whole = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "state": state}
    torch.save(whole, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)
    path.with_name("curve.json").write_text(json.dumps(state["curve"]), encoding="utf-8")


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=4 * 3600.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep-every", type=float, default=180.0)
    parser.add_argument("--early", action="store_true", help="chains of weak compression first")
    parser.add_argument("--pixels-only", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
