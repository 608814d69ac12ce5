"""Serving keys by allocating: sequences until the card is full, blocks token by token."""

import math

import torch


def largest_batch(card, n_params, n_layers, n_kv_heads, seq_len, cache, reserve):
    dtype = {"BF16": torch.bfloat16, "FP8": torch.float8_e4m3fn}[cache]
    layer = torch.empty(2, n_kv_heads, seq_len, 128, dtype=dtype, device="meta").nbytes
    weights = torch.empty(round(n_params), dtype=torch.bfloat16, device="meta").nbytes
    free, admitted = card * 1024**3 - reserve * 1024**3 - weights, 0
    while free >= layer * n_layers:
        free, admitted = free - layer * n_layers, admitted + 1
    return admitted


def paged_blocks(lengths, block):
    """Grow each sequence by one token at a time; a new block where none has room."""
    taken = 0
    for length in lengths:
        room = 0
        for _ in range(length):
            if not room:
                taken, room = taken + 1, block
            room -= 1
    return taken


def shared_blocks(prompt_tokens, n_samples, generated, block):
    """A block table with reference counts and copy-on-write, simulated."""
    owners, filled = {}, {}

    def fresh(tokens):
        owners[len(owners)], filled[len(filled)] = 1, tokens
        return len(owners) - 1

    starts = range(0, prompt_tokens, block)
    prompt = [fresh(min(block, prompt_tokens - start)) for start in starts]
    tables = [list(prompt) for _ in range(n_samples)]
    for shared in prompt:
        owners[shared] = n_samples
    for table in tables:
        for _ in range(generated):
            last = table[-1]
            if filled[last] == block:
                table.append(fresh(0))
            elif owners[last] > 1:
                owners[last] -= 1
                table[-1] = fresh(filled[last])
            filled[table[-1]] += 1
    assert all(sum(filled[b] for b in t) == prompt_tokens + generated for t in tables)
    return sum(count > 0 for count in owners.values())


def decode_floor(n_params, weights_in, batch, seq_len, per_token, bandwidth):
    """Milliseconds for each part at so many bytes a microsecond."""
    per_microsecond = bandwidth * 10**6
    dtype = {"BF16": torch.bfloat16, "FP8": torch.float8_e4m3fn}[weights_in]
    parts = [n_params * torch.empty(1, dtype=dtype).nbytes, *[seq_len * per_token * 1024] * batch]
    return math.fsum(part / per_microsecond for part in parts) / 10**6
