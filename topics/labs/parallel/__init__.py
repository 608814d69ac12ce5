"""The parallelism lab: what a cluster does all day, simulated. NumPy only; no torch, no Streamlit.

Pipelines: `simulate_pipeline(PipelineSettings(...))`. One group of ranks: `simulate_data_parallel`,
`simulate_tensor_parallel`, `simulate_sequence_parallel`, `simulate_expert_parallel`. A collective:
`collective_cost`. Everything together: `simulate_plan`, `weak_scaling`, `strong_scaling`. All raise
`SettingError`, whose message says what would work, for what cannot run.
"""

from topics.labs.parallel.data_parallel import (
    DataParallelSettings,
    memory_per_rank,
    simulate_data_parallel,
    volume_per_parameter,
)
from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.expert_parallel import ExpertParallelSettings, simulate_expert_parallel
from topics.labs.parallel.explain import Explanation, explain_pipeline
from topics.labs.parallel.network.costs import CollectiveCost, bus_factor, collective_cost
from topics.labs.parallel.network.links import LINKS, Link, Topology, flat, get_link
from topics.labs.parallel.pipeline.closed_form import (
    bubble_over_ideal,
    bubble_over_wall,
    bubble_time,
    micro_batches_for_bubble,
)
from topics.labs.parallel.pipeline.ops import Kind, Shape
from topics.labs.parallel.pipeline.result import Event, PipelineResult
from topics.labs.parallel.pipeline.schedules import SCHEDULES, Schedule, get_schedule
from topics.labs.parallel.pipeline.settings import PipelineSettings
from topics.labs.parallel.pipeline.simulate import (
    encode_orders,
    simulate_orders,
    simulate_pipeline,
)
from topics.labs.parallel.plan import Plan, StepEstimate, simulate_plan
from topics.labs.parallel.scaling import ScalingPoint, doublings, strong_scaling, weak_scaling
from topics.labs.parallel.sequence_parallel import (
    SequenceParallelSettings,
    simulate_sequence_parallel,
)
from topics.labs.parallel.streams import StepResult, Work
from topics.labs.parallel.tensor_parallel import (
    LayerShape,
    TensorParallelSettings,
    bytes_per_layer,
    calls_per_layer,
    simulate_tensor_parallel,
)

__all__ = [
    "LINKS",
    "SCHEDULES",
    "CollectiveCost",
    "DataParallelSettings",
    "Event",
    "ExpertParallelSettings",
    "Explanation",
    "Kind",
    "LayerShape",
    "Link",
    "PipelineResult",
    "PipelineSettings",
    "Plan",
    "ScalingPoint",
    "Schedule",
    "SequenceParallelSettings",
    "SettingError",
    "Shape",
    "StepEstimate",
    "StepResult",
    "TensorParallelSettings",
    "Topology",
    "Work",
    "bubble_over_ideal",
    "bubble_over_wall",
    "bubble_time",
    "bus_factor",
    "bytes_per_layer",
    "calls_per_layer",
    "collective_cost",
    "doublings",
    "encode_orders",
    "explain_pipeline",
    "flat",
    "get_link",
    "get_schedule",
    "memory_per_rank",
    "micro_batches_for_bubble",
    "simulate_data_parallel",
    "simulate_expert_parallel",
    "simulate_orders",
    "simulate_pipeline",
    "simulate_plan",
    "simulate_sequence_parallel",
    "simulate_tensor_parallel",
    "strong_scaling",
    "volume_per_parameter",
    "weak_scaling",
]
