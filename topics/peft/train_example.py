"""Trains the small model whose weights and losses the figures on LoRA's rank show.

Not run by the app: it takes about 20 minutes on one core and needs torch. A byte-level model of
0.9 million parameters learns Python source (the standard library); then it is tuned to English
prose (the language reference that `help()` shows) in full and with LoRA of several ranks. Written
beside this file: `example.npz`, two matrices before tuning and what full tuning added to them, and
`example.json`, losses on prose held out, in nats a byte.

    python -m topics.peft.train_example
"""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics as reference

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH, N_LAYERS, N_HEADS, CONTEXT, BATCH = 128, 4, 4, 128, 16
BASE_STEPS, TUNE_STEPS = 2000, 400
RANKS = (1, 2, 4, 8, 16, 32)
HERE = Path(__file__).parent


class Block(nn.Module):
    """A pre-norm transformer block without biases in its matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
        self.up = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.down = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.norm1(x)  # (batch, seq, width)
        q, k, v = (
            linear(normed).unflatten(-1, (N_HEADS, -1)).transpose(1, 2)
            for linear in (self.q, self.k, self.v)
        )  # (batch, heads, seq, head_dim)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(mixed.transpose(1, 2).flatten(-2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class ByteModel(nn.Module):
    """A causal language model over bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(256, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(N_LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 256, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))  # (batch, seq, 256)


class LoraLinear(nn.Module):
    """A frozen linear and its low-rank update, alpha = 2r."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.a = nn.Linear(base.in_features, rank, bias=False)
        self.b = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + 2 * self.b(self.a(x))


def linears(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """The matrices inside the blocks: where they hang, by what name, and they themselves."""
    for block in model.blocks:  # type: ignore[union-attr]
        for name in ("q", "k", "v", "o", "up", "down"):
            yield block, name, getattr(block, name)


def loss_of(model: nn.Module, windows: Tensor) -> Tensor:
    """Mean cross-entropy, nats a byte; windows (batch, context + 1)."""
    logits = model(windows[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


def train(model: nn.Module, data: Tensor, steps: int, learning_rate: float) -> None:
    """Adam with a short warm-up and a linear decay on random windows, always the same ones."""
    generator = torch.Generator().manual_seed(1)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=learning_rate)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(1, (step + 1) / 50) * (1 - step / steps)
        starts = torch.randint(len(data) - CONTEXT - 1, (BATCH,), generator=generator)
        loss = loss_of(model, torch.stack([data[i : i + CONTEXT + 1] for i in starts.tolist()]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def held_out_loss(model: nn.Module, data: Tensor) -> float:
    """Loss on windows that follow one another and were not trained on."""
    windows = data.unfold(0, CONTEXT + 1, CONTEXT)
    with torch.no_grad():
        losses = [loss_of(model, chunk).item() * len(chunk) for chunk in windows.split(64)]
    return sum(losses) / len(windows)


def as_tensor(text: bytes) -> Tensor:
    return torch.frombuffer(bytearray(text), dtype=torch.uint8).long()


def tuned_with_lora(base: dict[str, Tensor], rank: int, prose: Tensor) -> nn.Module:
    """The base model with LoRA on every matrix of every block, trained."""
    torch.manual_seed(0)
    model = ByteModel()
    model.load_state_dict(base)
    model.requires_grad_(False)
    for block, name, linear in list(linears(model)):
        setattr(block, name, LoraLinear(linear, rank))
    train(model, prose, TUNE_STEPS, 3e-3)
    return model


def cut_to_rank(base: dict[str, Tensor], tuned: nn.Module, rank: int) -> nn.Module:
    """The fully tuned model with what tuning added to each block matrix cut to its best rank."""
    model = ByteModel()
    model.load_state_dict(tuned.state_dict())
    before = ByteModel()
    before.load_state_dict(base)
    for (_, _, after), (_, _, old) in zip(linears(model), linears(before), strict=True):
        u, s, v = torch.linalg.svd(after.weight.data - old.weight.data, full_matrices=False)
        after.weight.data = old.weight.data + u[:, :rank] * s[:rank] @ v[:rank]
    return model


def main() -> None:
    """Train everything and write the two files."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    library = Path(sysconfig.get_paths()["stdlib"])
    source = as_tensor(b"".join(path.read_bytes() for path in sorted(library.glob("*.py"))))
    prose = as_tensor("".join(reference[key] for key in sorted(reference)).encode())
    learn, check = prose[: int(0.9 * len(prose))], prose[int(0.9 * len(prose)) :]
    model = ByteModel()
    train(model, source, BASE_STEPS, 2e-3)
    base = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    losses: dict[str, object] = {"base": held_out_loss(model, check)}
    train(model, learn, TUNE_STEPS, 1e-3)
    losses["full"] = held_out_loss(model, check)
    losses["cut"] = {r: held_out_loss(cut_to_rank(base, model, r), check) for r in RANKS}
    arrays = {}
    for name in ("q", "v"):
        key = f"blocks.1.{name}.weight"
        arrays[f"{name}_before"] = base[key].numpy().astype(np.float16)
        arrays[f"{name}_update"] = (model.state_dict()[key] - base[key]).numpy().astype(np.float16)
    np.savez_compressed(HERE / "example.npz", **arrays)
    losses["lora"] = {r: held_out_loss(tuned_with_lora(base, r, learn), check) for r in RANKS}
    (HERE / "example.json").write_text(json.dumps(losses, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
