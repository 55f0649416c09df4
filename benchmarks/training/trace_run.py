"""Run the trace net's training: ``python -m benchmarks.training.trace_run SOURCES FOLDER [--seconds N] [--ranks N]``.

SOURCES holds camera photos reduced by 1.3 or more, as .npy (see :mod:`benchmarks.training.consistency`). FOLDER gets
checkpoints and the curve; a run that finds a checkpoint there goes on from it.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import distributed, nn
from torch.utils.data import DataLoader, IterableDataset

from benchmarks.material.traces.delivery import CHAINS, EARLY_CHAINS
from benchmarks.material.traces.samples import SIDE, Sample, sources, stream
from benchmarks.training.trace_model import FEATURES, TraceNet, losses
from fakeproof.edited.trace_net import coefficient_features, high_pass

BATCH = 10
"""Samples a step and rank."""
RATE = 2e-3
WARM_UP = 150
LEAST_RATE = 0.01
"""Share of the rate that is left at the end."""


class Samples(IterableDataset[dict[str, Any]]):
    """Samples made on the fly; another seed for each worker and each start."""

    def __init__(self, folder: Path, seed: int, chains: dict[str, float], side: int) -> None:
        self.folder, self.seed, self.chains, self.side = folder, seed, chains, side

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield samples as tensors."""
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        own = self.seed + (0 if worker is None else worker.id)
        for made in stream(sources(self.folder, "train"), own, chains=self.chains, side=self.side):
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


def rate(step: int, done: float, highest: float = RATE) -> float:
    """Return the learning rate: warm-up, then a cosine over the share of the budget that is used."""
    return highest * min(1.0, (step + 1) / WARM_UP) * max(LEAST_RATE, 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def train(options: argparse.Namespace) -> None:
    """Train until the budget of seconds (all starts together) is used up; ranks average their gradients."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rank = options.rank
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    if options.ranks > 1:
        distributed.init_process_group(
            "gloo", init_method=f"file://{options.folder}/meeting", rank=rank, world_size=options.ranks
        )
    net = TraceNet().to(device)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    state: dict[str, Any] = {"step": 0, "seen": 0, "seconds": 0.0, "curve": []}
    last = options.folder / "last.pt"
    if last.exists():
        kept = torch.load(last, weights_only=False)
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        state |= kept["state"]
    seed = (options.seed + 7919 * rank) * 1_000_003 + state["step"]
    samples = Samples(options.sources, seed, EARLY_CHAINS if options.early else CHAINS, options.side)
    batches = iter(DataLoader(samples, options.batch, num_workers=1, prefetch_factor=3))
    recent: list[float] = []
    start, before = time.monotonic(), state["seconds"]
    kept_at = start
    while state["seconds"] < options.seconds:
        for group in optimiser.param_groups:
            group["lr"] = rate(state["step"], state["seconds"] / options.seconds, options.rate)
        recent.append(_step(net, optimiser, {k: v.to(device) for k, v in next(batches).items()}, options.ranks))
        state["step"] += 1
        state["seen"] += options.batch * options.ranks
        state["seconds"] = before + _agreed(time.monotonic() - start, options.ranks)
        if rank == 0 and state["step"] % 50 == 0:
            state["curve"].append((state["step"], round(state["seconds"]), round(float(np.mean(recent)), 4)))
            print(*state["curve"][-1], state["seen"], flush=True)
            recent = []
        if rank == 0 and (time.monotonic() - kept_at > options.keep_every or state["seconds"] >= options.seconds):
            _keep(last, net, optimiser, state)
            kept_at = time.monotonic()


def _step(net: TraceNet, optimiser: torch.optim.Optimizer, batch: dict[str, Any], ranks: int) -> float:
    with torch.autocast(batch["pixels"].device.type, torch.bfloat16):
        loss = losses(net, batch)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    if ranks > 1:
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        distributed.all_reduce(flat)
        for own, mean in zip(gradients, (flat / ranks).split([g.numel() for g in gradients]), strict=True):
            own.copy_(mean.view_as(own))
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    optimiser.step()
    return loss.item()


def _agreed(seconds: float, ranks: int) -> float:
    """Return the first rank's clock: all must stop at the same step."""
    if ranks == 1:
        return seconds
    clock = torch.tensor([seconds], dtype=torch.float64)
    distributed.broadcast(clock, 0)
    return clock.item()


def _keep(path: Path, net: TraceNet, optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    whole = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "state": state}
    torch.save(whole, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)
    path.with_name("curve.json").write_text(json.dumps(state["curve"]), encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=4 * 3600.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--ranks", type=int, default=1, help="processes that share the work, each started by itself")
    parser.add_argument("--rank", type=int, default=0, help="which of them this is")
    parser.add_argument("--keep-every", type=float, default=180.0)
    parser.add_argument("--batch", type=int, default=BATCH, help="samples a step and rank")
    parser.add_argument("--side", type=int, default=SIDE, help="pixels a side of a sample")
    parser.add_argument("--rate", type=float, default=RATE, help="highest learning rate")
    parser.add_argument("--early", action="store_true", help="chains of weak compression first")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    train(options)


if __name__ == "__main__":
    main()
