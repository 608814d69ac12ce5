"""Wrong answers that people really give. Each docstring explains the misconception."""

import torch


def _cut(tensor, world_size):
    return [chunk.clone() for chunk in tensor.flatten().tensor_split(world_size)]


def _reduce_scatter(rank, world_size, chunks, send, recv):
    for step in range(world_size - 1):
        send((rank + 1) % world_size, chunks[(rank - step) % world_size])
        arriving = (rank - step - 1) % world_size
        chunks[arriving] = chunks[arriving] + recv((rank - 1) % world_size)


def _all_gather(rank, world_size, chunks, send, recv):
    for step in range(world_size - 1):
        send((rank + 1) % world_size, chunks[(rank + 1 - step) % world_size])
        chunks[(rank - step) % world_size] = recv((rank - 1) % world_size)


def _with_chunks(rank, world_size, tensor, chunks, send, recv):
    """Right, but for how the tensor was cut."""
    _reduce_scatter(rank, world_size, chunks, send, recv)
    _all_gather(rank, world_size, chunks, send, recv)
    return torch.cat([chunk.flatten() for chunk in chunks]).reshape(tensor.shape)


def sends_everything_to_everyone(rank, world_size, tensor, send, recv):
    """Every rank sends its whole tensor to every other rank. The sum is right, but each rank sends
    (n − 1) · N elements, and not only to its neighbours. A ring sends about 2 N, however many ranks there
    are."""
    for other in range(world_size):
        if other != rank:
            send(other, tensor)
    total = tensor.clone()
    for other in range(world_size):
        if other != rank:
            total = total + recv(other)
    return total


def gathers_on_one_rank(rank, world_size, tensor, send, recv):
    """All ranks send to rank 0, which adds up and sends the sum back. Rank 0 becomes the bottleneck: its
    link carries (n − 1) · N elements each way while the others idle. On a ring everyone talks to its
    neighbours only, and all links are busy all the time."""
    if rank != 0:
        send(0, tensor)
        return recv(0)
    total = tensor.clone()
    for other in range(1, world_size):
        total = total + recv(other)
    for other in range(1, world_size):
        send(other, total)
    return total


def passes_whole_tensors_round(rank, world_size, tensor, send, recv):
    """You pass whole tensors round the ring, n − 1 times. The sum is right, but each rank sends
    (n − 1) · N elements. Cut the tensor into n chunks and pass one chunk a step."""
    total, travelling = tensor.clone(), tensor
    for _ in range(world_size - 1):
        send((rank + 1) % world_size, travelling)
        travelling = recv((rank - 1) % world_size)
        total = total + travelling
    return total


def reduces_along_a_chain(rank, world_size, tensor, send, recv):
    """You add up along the ring from rank 0 to the last rank, and send the sum round once more. Only one
    link works at a time and most ranks send 2 N elements. With the tensor cut into n chunks all n sums
    travel at the same time, each starting at another rank."""
    total = tensor.clone()
    if world_size == 1:
        return total
    right, left, last = (rank + 1) % world_size, (rank - 1) % world_size, world_size - 1
    if rank > 0:
        total = total + recv(left)
    send(right, total)
    if rank != last:
        total = recv(left)
        if rank != last - 1:
            send(right, total)
    return total.clone()


def pads_to_equal_chunks(rank, world_size, tensor, send, recv):
    """You pad the tensor to a multiple of the world size and send the padding, too. Let the chunk sizes
    differ by one instead: `tensor_split` does."""
    flat = tensor.flatten()
    missing = -flat.numel() % world_size
    padded = torch.cat([flat, flat.new_zeros(missing)])
    summed = _with_chunks(rank, world_size, padded, _cut(padded, world_size), send, recv)
    return summed[: flat.numel()].reshape(tensor.shape)


def remainder_in_the_last_chunk(rank, world_size, tensor, send, recv):
    """You cut chunks of N // n and give the whole remainder to one of them, as a rule the last, which may be
    almost twice as long. Every step then waits for it. Spread the remainder: sizes differ by at most one."""
    flat, size = tensor.flatten(), tensor.numel() // world_size
    ends = [size * (i + 1) for i in range(world_size - 1)]
    return _with_chunks(rank, world_size, tensor, list(flat.tensor_split(ends)), send, recv)


def drops_the_remainder(rank, world_size, tensor, send, recv):
    """You cut n chunks of N // n elements and lose what is left over. Those elements are never summed."""
    flat, size = tensor.flatten(), tensor.numel() // world_size
    head, rest = flat[: size * world_size], flat[size * world_size :]
    summed = _with_chunks(rank, world_size, head, _cut(head, world_size), send, recv)
    return torch.cat([summed, rest]).reshape(tensor.shape)


def cuts_with_torch_chunk(rank, world_size, tensor, send, recv):
    """You cut with `tensor.chunk(n)`. It makes chunks of ⌈N / n⌉ and a smaller last one, and it may
    return fewer than n: 5 elements in 4 chunks give sizes 2, 2, 1 and no fourth. `tensor_split(n)`
    returns n whose sizes differ by at most one."""
    chunks = list(tensor.flatten().chunk(world_size))
    return _with_chunks(rank, world_size, tensor, chunks, send, recv).clone()


def cuts_rows(rank, world_size, tensor, send, recv):
    """You cut along the first dimension. With 2 rows and 3 ranks one rank gets nothing to do. Flatten
    the tensor first, so that chunks differ by one element, not by one row."""
    rows = tensor.reshape(1) if tensor.dim() == 0 else tensor
    chunks = [chunk.flatten() for chunk in rows.tensor_split(world_size)]
    return _with_chunks(rank, world_size, tensor, chunks, send, recv)


def stops_after_reduce_scatter(rank, world_size, tensor, send, recv):
    """You stop after the reduce-scatter. Each rank then holds the full sum of one chunk only; the
    all-gather, another n − 1 steps, passes the finished chunks round."""
    chunks = _cut(tensor, world_size)
    _reduce_scatter(rank, world_size, chunks, send, recv)
    return torch.cat(chunks).reshape(tensor.shape)


def adds_in_the_all_gather(rank, world_size, tensor, send, recv):
    """You add in the all-gather as well. What arrives there is the finished sum of a chunk and replaces
    your partial one."""
    chunks = _cut(tensor, world_size)
    _reduce_scatter(rank, world_size, chunks, send, recv)
    for step in range(world_size - 1):
        send((rank + 1) % world_size, chunks[(rank + 1 - step) % world_size])
        arriving = (rank - step) % world_size
        chunks[arriving] = chunks[arriving] + recv((rank - 1) % world_size)
    return torch.cat(chunks).reshape(tensor.shape)


def replaces_in_the_reduce_scatter(rank, world_size, tensor, send, recv):
    """In the reduce-scatter you replace your chunk by the one that arrives. There you must add yours to
    it, so that the chunk collects a term on every rank it passes."""
    chunks = _cut(tensor, world_size)
    for step in range(world_size - 1):
        send((rank + 1) % world_size, chunks[(rank - step) % world_size])
        chunks[(rank - step - 1) % world_size] = recv((rank - 1) % world_size)
    _all_gather(rank, world_size, chunks, send, recv)
    return torch.cat(chunks).reshape(tensor.shape)


def gathers_from_the_wrong_chunk(rank, world_size, tensor, send, recv):
    """Your all-gather starts with the wrong chunk, one that is not finished yet. After the reduce-scatter
    the finished chunk is the one that arrived last."""
    chunks = _cut(tensor, world_size)
    _reduce_scatter(rank, world_size, chunks, send, recv)
    for step in range(world_size - 1):
        send((rank + 1) % world_size, chunks[(rank - step) % world_size])
        chunks[(rank - step - 1) % world_size] = recv((rank - 1) % world_size)
    return torch.cat(chunks).reshape(tensor.shape)


def sends_its_own_terms(rank, world_size, tensor, send, recv):
    """In each step you send your own, original chunk instead of the sum that has just arrived. A partial
    sum must travel on, or every chunk ends with two terms only."""
    own, chunks = _cut(tensor, world_size), _cut(tensor, world_size)
    for step in range(world_size - 1):
        send((rank + 1) % world_size, own[(rank - step) % world_size])
        arriving = (rank - step - 1) % world_size
        chunks[arriving] = chunks[arriving] + recv((rank - 1) % world_size)
    _all_gather(rank, world_size, chunks, send, recv)
    return torch.cat(chunks).reshape(tensor.shape)


def sends_the_same_chunk_again(rank, world_size, tensor, send, recv):
    """In every step of the reduce-scatter you send chunk `rank`. The chunk to send is the one that has just
    arrived and been added to: its index moves back by one each step, `(rank - step) % world_size`."""
    chunks = _cut(tensor, world_size)
    for step in range(world_size - 1):
        send((rank + 1) % world_size, chunks[rank])
        arriving = (rank - step - 1) % world_size
        chunks[arriving] = chunks[arriving] + recv((rank - 1) % world_size)
    _all_gather(rank, world_size, chunks, send, recv)
    return torch.cat(chunks).reshape(tensor.shape)


def all_start_with_the_same_chunk(rank, world_size, tensor, send, recv):
    """Every rank sends chunk 0 first, then chunk 1. In a step each rank must send a different chunk: rank r
    starts with chunk r, so that n partial sums are under way at the same time."""
    chunks = _cut(tensor, world_size)
    for _ in range(2):
        for step in range(world_size - 1):
            send((rank + 1) % world_size, chunks[step])
            chunks[step] = chunks[step] + recv((rank - 1) % world_size)
    return torch.cat(chunks).reshape(tensor.shape)


def one_step_too_many(rank, world_size, tensor, send, recv):
    """You take n steps in each phase. n − 1 are enough: a chunk that has visited every rank needs to go no
    further, and the n-th addition counts a term twice."""
    chunks = _cut(tensor, world_size)
    right, left = (rank + 1) % world_size, (rank - 1) % world_size
    for step in range(world_size):
        send(right, chunks[(rank - step) % world_size])
        arriving = (rank - step - 1) % world_size
        chunks[arriving] = chunks[arriving] + recv(left)
    for step in range(world_size):
        send(right, chunks[(rank - step) % world_size])
        chunks[(rank - step - 1) % world_size] = recv(left)
    return torch.cat(chunks).reshape(tensor.shape)


def returns_the_mean(rank, world_size, tensor, send, recv):
    """You divide by the number of ranks. Data parallelism averages gradients, but an all-reduce as asked
    for here is a plain sum."""
    summed = _with_chunks(rank, world_size, tensor, _cut(tensor, world_size), send, recv)
    return summed / world_size


def receives_before_it_sends(rank, world_size, tensor, send, recv):
    """Every rank waits in `recv` before it has sent anything, so nobody ever sends: a deadlock. In each
    step send first (`send` does not block), then receive."""
    chunks = _cut(tensor, world_size)
    for step in range(world_size - 1):
        arrived = recv((rank - 1) % world_size)
        send((rank + 1) % world_size, chunks[(rank - step) % world_size])
        arriving = (rank - step - 1) % world_size
        chunks[arriving] = chunks[arriving] + arrived
    _all_gather(rank, world_size, chunks, send, recv)
    return torch.cat(chunks).reshape(tensor.shape)


def listens_on_the_wrong_side(rank, world_size, tensor, send, recv):
    """You wait for a message that nobody sends: a deadlock. If everyone sends to the right neighbour,
    what you get comes from the left one, `(rank - 1) % world_size`. With two ranks both are the same,
    and the slip does not show."""
    chunks = _cut(tensor, world_size)

    def from_the_right(source):
        return recv((rank + 1) % world_size)

    _reduce_scatter(rank, world_size, chunks, send, from_the_right)
    _all_gather(rank, world_size, chunks, send, from_the_right)
    return torch.cat(chunks).reshape(tensor.shape)


def does_not_close_the_ring(rank, world_size, tensor, send, recv):
    """You send to `rank + 1` on the last rank, too, where there is no such rank. The ring closes:
    `(rank + 1) % world_size`."""
    chunks = _cut(tensor, world_size)
    if world_size > 1:
        send(rank + 1, chunks[rank])
    return torch.cat(chunks).reshape(tensor.shape)


def changes_its_input(rank, world_size, tensor, send, recv):
    """Your chunks are views of the input, and `+=` or `copy_` writes through them. The caller's tensor must
    stay as it is: clone the chunks, or make new ones with `chunk + recv(…)`."""
    summed = _with_chunks(rank, world_size, tensor, _cut(tensor, world_size), send, recv)
    tensor.copy_(summed)
    return summed


def returns_it_flat(rank, world_size, tensor, send, recv):
    """You return the flattened sum. The result has the shape of the input: undo the flattening."""
    return _with_chunks(rank, world_size, tensor, _cut(tensor, world_size), send, recv).flatten()


def returns_its_input_when_alone(rank, world_size, tensor, send, recv):
    """With one rank you return the input itself. The caller expects a new tensor, whatever the world size:
    who changes the result must not change the input."""
    if world_size == 1:
        return tensor
    return _with_chunks(rank, world_size, tensor, _cut(tensor, world_size), send, recv)


def always_float32(rank, world_size, tensor, send, recv):
    """You collect the sum in a float32 buffer (`torch.zeros`). Keep the dtype of the tensor: float64 loses
    half its digits that way, and large integers are no longer exact."""
    flat = tensor.float()
    return _with_chunks(rank, world_size, flat, _cut(flat, world_size), send, recv)


def sends_float64(rank, world_size, tensor, send, recv):
    """You send chunks in a wider dtype than the tensor has. The sum gains a digit, and every message costs
    twice the bytes. Send what you were given."""
    wide = tensor.double() if tensor.is_floating_point() else tensor
    summed = _with_chunks(rank, world_size, wide, _cut(wide, world_size), send, recv)
    return summed.to(tensor.dtype).clone()


def needs_one_piece_of_memory(rank, world_size, tensor, send, recv):
    """You flatten with `tensor.view(-1)`. It fails when the elements do not lie in one piece, as after
    a transpose. `flatten()` and `reshape(-1)` copy where they must."""
    chunks = list(tensor.view(-1).tensor_split(world_size))
    return _with_chunks(rank, world_size, tensor, chunks, send, recv)
