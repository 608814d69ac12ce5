from torch.nn.functional import layer_norm


def inputs(draw):
    return draw.normal(4096, 1024), draw.normal(1024, mean=1.0), draw.normal(1024)


def library(x, weight, bias):
    return layer_norm(x, weight.shape, weight, bias)
