"""Playing a tape backwards: the most memory that one block's backward pass holds at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from topics.labs.memory.tape import Node, Tape, Value


@dataclass
class _Buffer:
    size: float
    owners: int = 0


@dataclass
class _Playback:
    """The state while playing: saved storages by how many operations still need them, gradients."""

    tape: Tape
    live: float = 0.0
    peak: float = 0.0
    needs: dict[int, int] = field(default_factory=dict)
    grads: dict[int, _Buffer] = field(default_factory=dict)

    def allocate(self, size: float) -> _Buffer:
        self.live += size
        self.peak = max(self.peak, self.live)
        return _Buffer(size)

    def give(self, value: Value, buffer: _Buffer) -> None:
        """Add a gradient to what a value already has; in place unless that is shared."""
        old = self.grads.get(id(value))
        if old is None:
            buffer.owners += 1
            self.grads[id(value)] = buffer
            return
        if old.owners > 1:
            total = self.allocate(old.size)
            total.owners = 1
            self.release(old)
            self.grads[id(value)] = total
        if buffer.owners == 0:
            self.live -= buffer.size

    def release(self, buffer: _Buffer) -> None:
        buffer.owners -= 1
        if buffer.owners == 0:
            self.live -= buffer.size

    def play(self, node: Node) -> None:
        given = [self.grads.pop(id(out)) for out in node.outputs if id(out) in self.grads]
        if given:
            self.pass_on(node, given)
            self.live += node.param_grads
            self.peak = max(self.peak, self.live)
        for buffer in given:
            self.release(buffer)
        self.forget(node)

    def pass_on(self, node: Node, given: list[_Buffer]) -> None:
        needing = [value for value in node.inputs if value.grad]
        if node.alias:
            for value in needing:
                self.give(value, given[0])
            return
        fresh = [(value, self.allocate(value.bytes)) for value in needing]
        self.peak = max(self.peak, self.live + node.workspace)
        for value, buffer in fresh:
            self.give(value, buffer)

    def forget(self, node: Node) -> None:
        for storage in node.saved:
            self.needs[storage] -= 1
            if self.needs[storage] == 0:
                self.live -= self.tape.sizes[storage]


def backward_peak(tape: Tape, result: Value, held: tuple[Value, ...] = ()) -> float:
    """The most bytes at once while the tape's backward runs, from a gradient of `result` on.

    Counts what the tape saved, the gradients in flight and the gradients of weights. `held` are
    values that something else keeps alive throughout (a model's output object holds its logits).
    """
    state = _Playback(tape)
    for node in tape.nodes:
        for storage in node.saved:
            state.needs[storage] = state.needs.get(storage, 0) + 1
    for value in held:
        state.needs[value.storage] = state.needs.get(value.storage, 0) + 1
    state.live = sum(tape.sizes[storage] for storage in state.needs)
    state.peak = state.live
    start = state.allocate(result.bytes)
    state.give(result, start)
    for node in reversed(tape.nodes):
        state.play(node)
    return state.peak


def forward_peak(tape: Tape, start: Value, *, keep_saved: bool = False) -> float:
    """The most bytes that a forward pass holds at once; values die after their last use.

    Without autograd nothing else lives on. With `keep_saved` what backward needs stays: the forward
    pass that a checkpoint repeats.
    """
    kept = tape.saved_storages() if keep_saved else {}
    last: dict[int, int] = {start.storage: 0}
    for step, node in enumerate(tape.nodes):
        for value in node.inputs + node.outputs:
            last[value.storage] = step
    born: set[int] = {start.storage}
    live = peak = start.bytes
    for step, node in enumerate(tape.nodes):
        new = {value.storage for value in node.outputs} | (set(node.saved) if keep_saved else set())
        for storage in new - born:
            born.add(storage)
            live += tape.sizes[storage]
        peak = max(peak, live + node.workspace)
        for storage in {value.storage for value in node.inputs + node.outputs}:
            if last[storage] == step and storage in born and storage not in kept:
                born.discard(storage)
                live -= tape.sizes[storage]
    return peak
