"""Wrong answers that people really give. Each docstring explains the misconception."""

import torch


def _even(x):
    if x.shape[-1] % 2:
        raise ValueError("head_dim must be even")


def _angles(x, positions, base, exponent=None, wide=None):
    wide = wide or torch.promote_types(x.dtype, torch.float32)
    half = x.shape[-1] // 2
    pair = torch.arange(half, dtype=wide, device=x.device)
    if exponent is None:
        exponent = -2 * pair / x.shape[-1]
    else:
        exponent = exponent(pair)
    return positions[..., None].to(wide) * base**exponent


def _turn(x, angles, interleaved, split=None, join=None):
    half = x.shape[-1] // 2
    if interleaved if split is None else split:
        a, b = x[..., 0::2], x[..., 1::2]
    else:
        a, b = x[..., :half], x[..., half:]
    cos, sin = angles.cos(), angles.sin()
    turned = (a * cos - b * sin, a * sin + b * cos)
    if interleaved if join is None else join:
        return torch.stack(turned, dim=-1).flatten(-2).to(x.dtype)
    return torch.cat(turned, dim=-1).to(x.dtype)


def pairings_swapped(x, positions, base=10000.0, interleaved=False):
    """Your two pairings are swapped. By default pair i is features i and i + d/2; with `interleaved=True`
    it is 2i and 2i + 1. Weights trained with one are useless with the other."""
    _even(x)
    return _turn(x, _angles(x, positions, base), not interleaved)


def interleaved_ignored(x, positions, base=10000.0, interleaved=False):
    """You never look at `interleaved` and always split the vector in halves. With it, pair i is
    features 2i and 2i + 1."""
    _even(x)
    return _turn(x, _angles(x, positions, base), False)


def always_interleaved(x, positions, base=10000.0, interleaved=False):
    """You always pair neighbours. That is the paper's layout; here it is for `interleaved=True` only,
    and the default is split halves."""
    _even(x)
    return _turn(x, _angles(x, positions, base), True)


def joined_in_halves(x, positions, base=10000.0, interleaved=False):
    """With interleaved pairs you put all first members before all second ones. Turned values go back to
    where they came from: stack and flatten instead of cat."""
    _even(x)
    return _turn(x, _angles(x, positions, base), interleaved, join=False)


def angles_repeated_for_the_other_layout(x, positions, base=10000.0, interleaved=False):
    """You rotate halves but repeat each angle for neighbours (θ0, θ0, θ1, θ1, …), so the two members of
    a pair turn by different angles. With split halves the angles are laid out as θ0, θ1, …
    twice over."""
    _even(x)
    if interleaved:
        return _turn(x, _angles(x, positions, base), True)
    full = _angles(x, positions, base).repeat_interleave(2, dim=-1)
    a, b = x.chunk(2, dim=-1)
    return (x * full.cos() + torch.cat([-b, a], -1) * full.sin()).to(x.dtype)


def angles_in_halves_for_neighbours(x, positions, base=10000.0, interleaved=False):
    """You turn neighbours but lay the angles out for split halves (θ0, θ1, …, θ0, θ1, …), so the two
    members of a pair turn by different angles. With interleaved pairs each angle comes twice in a
    row: θ0, θ0, θ1, θ1 and so on."""
    _even(x)
    angles = _angles(x, positions, base)
    if not interleaved:
        return _turn(x, angles, False)
    full = torch.cat([angles, angles], -1)
    crossed = torch.stack([-x[..., 1::2], x[..., 0::2]], -1).flatten(-2)
    return (x * full.cos() + crossed * full.sin()).to(x.dtype)


def turned_member_used_again(x, positions, base=10000.0, interleaved=False):
    """You overwrite the first member of a pair and use its new value to turn the second. Both need the
    old values: compute a′ and b′ first, then put them back."""
    _even(x)
    cos, sin = (part(_angles(x, positions, base)) for part in (torch.cos, torch.sin))
    half = x.shape[-1] // 2
    a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    a = a * cos - b * sin
    b = a * sin + b * cos
    out = torch.stack((a, b), -1).flatten(-2) if interleaved else torch.cat((a, b), -1)
    return out.to(x.dtype)


def sine_and_cosine_swapped(x, positions, base=10000.0, interleaved=False):
    """Your sine and cosine are swapped. At position 0 nothing may turn: cos 0 = 1 belongs to the member
    itself and sin 0 = 0 to its partner."""
    _even(x)
    return _turn(x, torch.pi / 2 - _angles(x, positions, base), interleaved)


def turns_backwards(x, positions, base=10000.0, interleaved=False):
    """You turn the other way: the sign of the sine is flipped. Scores between queries and keys would look
    right, as both turn alike, until your keys meet a cache or a checkpoint that turns the right way."""
    _even(x)
    return _turn(x, -_angles(x, positions, base), interleaved)


def no_minus(x, positions, base=10000.0, interleaved=False):
    """You forget the minus in front of the second member: a′ = a cos − b sin. With a plus this is no
    rotation and changes lengths."""
    _even(x)
    angles = _angles(x, positions, base)
    half = x.shape[-1] // 2
    a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    turned = (a * angles.cos() + b * angles.sin(), a * angles.sin() + b * angles.cos())
    out = torch.stack(turned, -1).flatten(-2) if interleaved else torch.cat(turned, -1)
    return out.to(x.dtype)


def base_ignored(x, positions, base=10000.0, interleaved=False):
    """You always use 10000. Long-context models change the base (500000 in Llama 3)."""
    _even(x)
    return _turn(x, _angles(x, positions, 10000.0), interleaved)


def exponent_without_two(x, positions, base=10000.0, interleaved=False):
    """Your frequencies are base^(−i/d). It is base^(−2i/d), with d the whole head_dim; yours only cover half
    of the range."""
    _even(x)
    angles = _angles(x, positions, base, lambda pair: -pair / x.shape[-1])
    return _turn(x, angles, interleaved)


def exponent_over_half(x, positions, base=10000.0, interleaved=False):
    """Your frequencies are base^(−2i/(d/2)): the factor 2 is there twice. Pair i turns with
    base^(−2i/d), which is base^(−i/(d/2))."""
    _even(x)
    angles = _angles(x, positions, base, lambda pair: -4 * pair / x.shape[-1])
    return _turn(x, angles, interleaved)


def frequencies_upside_down(x, positions, base=10000.0, interleaved=False):
    """You forget the minus in the exponent, so your frequencies grow with i. They shrink:
    base^(−2i/d)."""
    _even(x)
    angles = _angles(x, positions, base, lambda pair: 2 * pair / x.shape[-1])
    return _turn(x, angles, interleaved)


def one_frequency(x, positions, base=10000.0, interleaved=False):
    """All your pairs turn by the same angle. Each has its own frequency, base^(−2i/d), from fast to slow."""
    _even(x)
    angles = _angles(x, positions, base, lambda pair: 0 * pair)
    return _turn(x, angles, interleaved)


def pairs_counted_from_one(x, positions, base=10000.0, interleaved=False):
    """You count pairs from 1. The first pair has i = 0 and frequency 1."""
    _even(x)
    angles = _angles(x, positions, base, lambda pair: -2 * (pair + 1) / x.shape[-1])
    return _turn(x, angles, interleaved)


def positions_ignored(x, positions, base=10000.0, interleaved=False):
    """You number the positions yourself, from 0. With a cache the first query is at position 1,000, not 0;
    use `positions`."""
    _even(x)
    own = torch.arange(x.shape[-2], device=x.device)
    return _turn(x, _angles(x, own, base), interleaved)


def positions_counted_from_one(x, positions, base=10000.0, interleaved=False):
    """You add 1 to every position. Position 0 does not turn at all."""
    _even(x)
    return _turn(x, _angles(x, positions + 1, base), interleaved)


def sequence_guessed_from_sizes(x, positions, base=10000.0, interleaved=False):
    """You guess which axis is the sequence from its size, or expect (batch, seq, heads, head_dim). The
    sequence is the last axis but one: `positions[..., None]` broadcasts by itself."""
    _even(x)
    angles = _angles(x, positions, base)
    if x.dim() > 2 and positions.dim() == 1 and x.shape[-3] == len(positions) > 1:
        angles = angles.unsqueeze(-2)
    return _turn(x, angles, interleaved)


def positions_of_one_sequence_only(x, positions, base=10000.0, interleaved=False):
    """You take the positions of the first sequence for all. In a padded batch every sequence has its own;
    broadcast `positions[..., None]` against the frequencies."""
    _even(x)
    own = positions.reshape(-1, positions.shape[-1])[0]
    return _turn(x, _angles(x, own, base), interleaved)


def returns_its_input(x, positions, base=10000.0, interleaved=False):
    """You return x unchanged, or turn by 0. Only position 0 does not turn."""
    _even(x)
    return x * 1.0


def added_like_sinusoids(x, positions, base=10000.0, interleaved=False):
    """You add sines and cosines to x, as the original Transformer did with its inputs. RoPE multiplies: it
    turns pairs and keeps their length."""
    _even(x)
    angles = _angles(x, positions, base)
    return (x + torch.cat([angles.sin(), angles.cos()], -1)).to(x.dtype)


def angles_in_low_precision(x, positions, base=10000.0, interleaved=False):
    """You compute the angles in the dtype of x. bfloat16 has 8 significant bits: it rounds position 257
    to 256, and angles of that size by up to a radian. Compute angles in float32 and round the
    result."""
    _even(x)
    return _turn(x, _angles(x, positions, base, wide=x.dtype), interleaved)


def float32_angles_always(x, positions, base=10000.0, interleaved=False):
    """You compute the angles in float32 even for float64 input. At position 10,000 a float32 angle is off by
    up to 0.0005 radians; use the dtype of x where it is wider."""
    _even(x)
    return _turn(x, _angles(x, positions, base, wide=torch.float32), interleaved)


def dtype_promoted(x, positions, base=10000.0, interleaved=False):
    """Your result has the dtype of the angles. A bfloat16 query must come back as bfloat16."""
    _even(x)
    return _turn(
        x.to(torch.promote_types(x.dtype, torch.float32)), _angles(x, positions, base), interleaved
    )


def odd_width_accepted(x, positions, base=10000.0, interleaved=False):
    """You accept an odd head_dim and leave the last feature alone. Raise ValueError: such a model was
    configured wrongly."""
    if x.shape[-1] % 2 == 0:
        return _turn(x, _angles(x, positions, base), interleaved)
    return torch.cat([_apply_even(x[..., :-1], positions, base, interleaved), x[..., -1:]], -1)


def _apply_even(x, positions, base, interleaved):
    return _turn(x, _angles(x, positions, base), interleaved)


def odd_width_asserted(x, positions, base=10000.0, interleaved=False):
    """You check head_dim with `assert`, which raises AssertionError. Raise ValueError."""
    assert x.shape[-1] % 2 == 0
    return _turn(x, _angles(x, positions, base), interleaved)


def cuts_the_graph(x, positions, base=10000.0, interleaved=False):
    """Your values are right, but no gradient reaches x. RoPE sits between the projections and the
    scores; without its gradient neither W_q nor W_k would learn."""
    _even(x)
    return _turn(x.detach(), _angles(x, positions, base), interleaved)


def turns_in_place(x, positions, base=10000.0, interleaved=False):
    """You write into the caller's x, and may read a member of a pair that you have already turned. Put
    the result into a new tensor."""
    _even(x)
    turned = _turn(x.detach().clone(), _angles(x, positions, base), interleaved)
    with torch.no_grad():
        x.copy_(turned)
    return x * 1.0
