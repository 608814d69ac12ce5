# expect: crashed | failed
# What is sent is no longer what was seen.
import verifiers.inside
import verifiers.tree

honest = verifiers.tree.encode


def encode(value):
    if isinstance(value, dict) and value.get("frame") == "check":
        value = {**value, "outcomes": [{"returned": True} for _ in value["outcomes"]]}
    return honest(value)


verifiers.tree.encode = verifiers.inside.encode = encode


def softmax_temperature(logits, temperature, dim=-1):
    return logits
