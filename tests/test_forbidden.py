"""Banned calls are found however they are written, and nothing else is."""

import ast
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from verifiers.checks import gradients
from verifiers.forbidden import scan
from verifiers.watch import Watch

# scipy's comes last on purpose: operators are known by their last part, whoever else bears it.
SOFTMAX = (
    "torch.softmax",
    "torch.Tensor.softmax",
    "torch.nn.functional.softmax",
    "torch.nn.functional.log_softmax",
    "torch.nn.Softmax",
    "scipy.special.softmax",
)


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.softmax(x, 0)",
        "import torch as t\nt.softmax(x, 0)",
        "from torch import softmax\nsoftmax(x, 0)",
        "from torch import softmax as s\ns(x, 0)",
        "from torch import *\nsoftmax(x, 0)",
        "import torch.nn.functional as F\nF.softmax(x, 0)",
        "import torch.nn.functional\ntorch.nn.functional.softmax(x, 0)",
        "from torch.nn import functional\nfunctional.softmax(x)",
        "from torch import nn\nnn.Softmax(0)(x)",
        "from torch import nn\nlayer = nn.functional\nlayer.softmax(x)",
        "import torch\ngetattr(torch, 'softmax')(x, 0)",
        "import importlib\nimportlib.import_module('torch').softmax(x, 0)",
        "__import__('torch').softmax(x, 0)",
        "import torch\nf = torch.softmax\nf(x, 0)",
        "import torch\ntorch.Tensor.softmax(x, 0)",
        "from scipy import special\nspecial.softmax(x)",
        "def f():\n    import torch\n    return torch.softmax(x, 0)",
    ],
)
def test_reading_finds(source):
    assert scan(ast.parse(source), SOFTMAX)


@pytest.mark.parametrize(
    "source",
    [
        "# torch.softmax\nx = 'torch.softmax(x)'",
        "import torch\ntorch.logsumexp(x, 0)",
        "def softmax(x): return x\nsoftmax(1)",
        "from torch import softmax\ndef softmax(x): return x\nsoftmax(1)",
        "class A:\n    def softmax(self): return 1\nA().softmax()",
        "import torch\nif __name__ == '__main__':\n    torch.softmax(torch.ones(1), 0)",
        "from mine import softmax\nsoftmax(1)",
        "import torch.nn.functional as F\nF.relu(x)",
    ],
)
def test_reading_leaves_alone(source):
    assert scan(ast.parse(source), SOFTMAX) == []


def test_a_banned_package_may_not_be_imported():
    assert scan(ast.parse("import peft"), ("peft",))
    assert scan(ast.parse("from peft import LoraConfig\nLoraConfig()"), ("peft",))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: getattr(torch, "soft" + "max")(x, 0),
        lambda x: getattr(x, "soft" + "max")(0),
        lambda x: vars(torch.nn.functional)["soft" + "max"](x, dim=0),
        lambda x: vars(torch.nn)["Soft" + "max"](0)(x),
        lambda x: torch.ops.aten.softmax.int(x, 0),
        lambda x: torch.ops.aten._softmax(x, 0, False),
        lambda x: torch.sparse.softmax(x.to_sparse(), 0),
        lambda x: torch.nn.functional.softmin(x, 0),
        lambda x: torch.nn.functional.gumbel_softmax(x),
        lambda x: torch.func.vmap(lambda row: row.softmax(0))(x[None]),
        lambda x: torch.inference_mode()(lambda: x.softmax(0))(),
        lambda x: torch.ops.aten._softmax.out(x, 0, False, out=torch.empty(3)),
        lambda x: torch.nn.functional.cross_entropy(x[None], torch.tensor([1])),
        lambda x: torch.nn.functional.scaled_dot_product_attention(*[x[None, None]] * 3),
        lambda x: torch.jit.trace(lambda y: torch.softmax(y, 0), x, check_trace=False)(x),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_watching_finds_what_reading_cannot(call):
    watch = Watch(SOFTMAX)
    with watch.active():
        call(torch.ones(3))
    assert watch.seen


@pytest.mark.parametrize("pool", [False, True])
def test_watching_sees_other_threads(pool):
    """Hooks hold for one thread each; a drill may run a solution on several."""

    def call():
        getattr(torch, "soft" + "max")(torch.ones(3), 0)

    watch = Watch(SOFTMAX)
    with watch.active():
        if pool:
            with ThreadPoolExecutor(1) as executor:
                executor.submit(call).result()
        else:
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
    assert watch.seen == ["torch.softmax"]
    run = threading.Thread.run
    with Watch(()).active():
        assert threading.Thread.run is run


def test_watching_leaves_other_functions_alone():
    watch = Watch(SOFTMAX)
    with watch.active():
        x = torch.randn(3, 4, requires_grad=True)
        (x - x.logsumexp(-1, keepdim=True)).exp().sum().backward()
    assert watch.seen == []


def test_watching_sees_a_banned_function_that_no_operator_stands_for():
    layer = torch.nn.MultiheadAttention(4, 2)
    watch = Watch(("torch.nn.functional.multi_head_attention_forward",))
    with watch.active():
        layer(*[torch.ones(3, 1, 4)] * 3)
    assert watch.seen == ["torch.nn.functional.multi_head_attention_forward"]


def test_nothing_is_seen_once_watching_is_over():
    watch = Watch(SOFTMAX)
    with watch.active():
        pass
    torch.ones(3).softmax(0)
    assert watch.seen == []


def test_watching_sees_a_banned_class_through_its_subclass_and_leaves_it_as_it_was():
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR
    before = [vars(kind).get("__init__") for kind in scheduler.__mro__]
    watch = Watch(("torch.optim.lr_scheduler",))
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)])
    with watch.active():
        scheduler(optimizer, 3)
    assert watch.seen
    assert [vars(kind).get("__init__") for kind in scheduler.__mro__] == before


def test_a_banned_call_in_a_gradient_is_seen():
    class Halves(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x / 2

        @staticmethod
        def backward(context, gradient):
            return getattr(torch, "soft" + "max")(gradient, 0)

    watch = Watch(SOFTMAX)
    with watch.active():
        leaf = torch.ones(3, requires_grad=True)
        assert watch.seen == []
        gradients(Halves.apply(leaf), {"x": leaf})
    assert watch.seen == ["torch.softmax"]
