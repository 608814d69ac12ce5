"""Keys on small networks by autograd, bisection and torch's own loss."""

import torch


def first_weight_gradient(x1, x2, a, b, c, d, u, v, t):
    first = torch.tensor([[a, b], [c, d]], dtype=torch.float64, requires_grad=True)
    hidden = torch.relu(first @ torch.tensor([x1, x2], dtype=torch.float64))
    y = torch.tensor([u, v], dtype=torch.float64) @ hidden
    (0.5 * (y - t) ** 2).backward()
    return float(first.grad[0, 0])


def forget_bias(r, T):
    """Bisect on what a unit of gradient keeps on its way through T gates."""
    low, high = torch.tensor(-50.0, dtype=torch.float64), torch.tensor(50.0, dtype=torch.float64)
    target = torch.tensor(r, dtype=torch.float64).log()
    for _ in range(200):
        middle = (low + high) / 2
        if T * torch.nn.functional.logsigmoid(middle) < target:
            low = middle
        else:
            high = middle
    return float(low)


def squared_error_slope(p):
    z = torch.logit(torch.tensor(p, dtype=torch.float64)).requires_grad_()
    loss = torch.nn.functional.mse_loss(torch.sigmoid(z), torch.ones_like(z)) / 2
    loss.backward()
    return float(z.grad)
