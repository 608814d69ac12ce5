"""Keys on convolution and pooling: sizes, receptive fields, and where gradients go."""

from __future__ import annotations

import math
import random
from typing import Any

from question_bank.keys import Key


def out_size(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
    """Outputs along one axis: floor((n + 2p - d(k - 1) - 1) / s) + 1.

    Dumoulin and Visin 2016, arXiv 1603.07285, chapters 2 and 5. Raises ValueError where no
    window fits.
    """
    room = n + 2 * p - d * (k - 1) - 1
    if room < 0:
        raise ValueError("the window does not fit into the padded input")
    return room // s + 1


def draw_conv_pool(rng: random.Random) -> dict[str, Any]:
    """A strided, dilated convolution and a pooling window; the division leaves a rest."""
    while True:
        n, k, s = rng.randrange(60, 300), rng.choice([3, 5, 7]), rng.choice([2, 3, 4])
        p, d, w = rng.randint(1, 4), rng.choice([2, 3]), rng.choice([2, 3])
        if (n + 2 * p - d * (k - 1) - 1) % s:
            return {"n": n, "k": k, "s": s, "p": p, "d": d, "w": w}


def conv_pool_size(n: int, k: int, s: int, p: int, d: int, w: int) -> Key:
    """Width after the convolution and a pooling layer of window w and stride 2."""
    after = out_size(n, k, s, p, d)
    shown = {"span": d * (k - 1) + 1, "room": n + 2 * p - d * (k - 1) - 1, "after": after}
    return Key(out_size(after, w, 2), shown)


def conv_pool_rounded_up(n: int, k: int, s: int, p: int, d: int, w: int) -> float:
    """The mistake of rounding up, as if a window might hang over the edge."""
    after = math.ceil((n + 2 * p - d * (k - 1) - 1) / s) + 1
    return math.ceil((after - w) / 2) + 1


def conv_pool_no_dilation(n: int, k: int, s: int, p: int, w: int) -> float:
    """The mistake of forgetting that dilation widens the window."""
    return conv_pool_size(n, k, s, p, 1, w).value


def conv_pool_one_side(n: int, k: int, s: int, p: int, d: int, w: int) -> float:
    """The mistake of adding the padding once instead of on both sides."""
    room = n + p - d * (k - 1) - 1
    return out_size(room // s + 1, w, 2)


def conv_pool_no_plus_one(n: int, k: int, s: int, p: int, d: int, w: int) -> float:
    """The mistake of counting moves of the window instead of its places."""
    after = out_size(n, k, s, p, d) - 1
    return out_size(after, w, 2) - 1


def receptive_field(k1: int, s1: int, w: int, k3: int, d3: int) -> Key:
    """Input pixels along one axis behind one output: each layer adds d (k - 1) times the
    strides before it. The layers: k1 with stride s1, pooling w with stride 2, k3 dilated by d3.

    Araujo et al. 2019, Computing Receptive Fields of Convolutional Neural Networks (Distill).
    """
    first, second, third = k1 - 1, (w - 1) * s1, d3 * (k3 - 1) * 2 * s1
    shown = {"first": first, "second": second, "third": third, "jump": 2 * s1}
    return Key(1 + first + second + third, shown)


def field_no_strides(k1: int, w: int, k3: int, d3: int) -> float:
    """The mistake of adding the windows as if every stride were 1."""
    return 1 + (k1 - 1) + (w - 1) + d3 * (k3 - 1)


def field_own_stride(k1: int, s1: int, w: int, k3: int, d3: int) -> float:
    """The mistake of scaling a layer by its own stride as well."""
    return 1 + (k1 - 1) * s1 + (w - 1) * 2 * s1 + d3 * (k3 - 1) * 2 * s1


def field_no_dilation(k1: int, s1: int, w: int, k3: int) -> float:
    """The mistake of forgetting the dilation of the last layer."""
    return receptive_field(k1, s1, w, k3, 1).value


def draw_pooled_row(rng: random.Random) -> dict[str, Any]:
    """Six different inputs, four incoming gradients, and the input that wins most windows."""
    while True:
        row, grads = rng.sample(range(1, 30), 6), rng.sample(range(1, 15), 4)
        wins = [_winner(row, start) for start in range(4)]
        place = max(set(wins), key=wins.count)
        others = {wins.count(i) for i in set(wins) - {place}}
        if 2 <= wins.count(place) <= 3 and wins.count(place) not in others:
            return {"row": row, "grads": grads, "value": row[place]}


def _winner(row: list[int], start: int) -> int:
    """The place of the largest of three inputs from `start`."""
    return max(range(start, start + 3), key=lambda i: row[i])


def pooled_gradient(row: list[int], grads: list[int], value: int) -> Key:
    """Gradient at `value` under max-pooling with windows of 3 and stride 1: a sum over wins."""
    place = row.index(value)
    won = [start for start in range(4) if _winner(row, start) == place]
    total = sum(grads[start] for start in won)
    windows = " and ".join(str(start + 1) for start in won[-2:])
    if len(won) == 3:
        windows = f"{won[0] + 1}, {windows}"
    terms = " + ".join(str(grads[start]) for start in won)
    return Key(total, {"windows": windows, "terms": terms})


def pooled_overwritten(row: list[int], grads: list[int], value: int) -> float:
    """The mistake of assigning instead of adding: the last window won stays."""
    place = row.index(value)
    return [grads[start] for start in range(4) if _winner(row, start) == place][-1]


def pooled_averaged(row: list[int], grads: list[int], value: int) -> float:
    """The mistake of average pooling's rule: a third of each window that holds the input."""
    place = row.index(value)
    return sum(grads[start] for start in range(4) if start <= place < start + 3) / 3


def pooled_times_value(row: list[int], grads: list[int], value: int) -> float:
    """The mistake of multiplying by the input, as a weight's gradient would be."""
    return pooled_gradient(row, grads, value).value * value


def draw_layer(rng: random.Random) -> dict[str, Any]:
    """Channels that the groups divide, and a kernel."""
    groups = rng.choice([2, 4, 8])
    c_in, c_out = (groups * rng.choice([4, 8, 12, 16, 24]) for _ in range(2))
    return {"c_in": c_in, "c_out": c_out, "k": rng.choice([1, 3, 5, 7]), "groups": groups}


def layer_parameters(c_in: int, c_out: int, k: int, groups: int) -> Key:
    """Kernel and bias of a grouped convolution, scale and shift of the batch norm behind it."""
    per_group = c_in // groups
    kernel = c_out * per_group * k**2
    return Key(kernel + 3 * c_out, {"kernel": kernel, "per_group": per_group})


def layer_no_groups(c_in: int, c_out: int, k: int) -> float:
    """The mistake of letting every filter see all channels."""
    return c_out * c_in * k**2 + 3 * c_out


def layer_conv_only(c_in: int, c_out: int, k: int, groups: int) -> float:
    """The mistake of leaving out the norm."""
    return c_out * (c_in // groups) * k**2 + c_out


def layer_no_bias(c_in: int, c_out: int, k: int, groups: int) -> float:
    """The mistake of leaving out the convolution's bias."""
    return c_out * (c_in // groups) * k**2 + 2 * c_out


def layer_running_statistics(c_in: int, c_out: int, k: int, groups: int) -> float:
    """The mistake of counting the running mean and variance."""
    return c_out * (c_in // groups) * k**2 + 5 * c_out
