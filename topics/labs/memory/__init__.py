"""The memory and cost laboratory: will it fit, how long will it take, what does it cost.

Pure Python: no torch, no Streamlit. `estimate(Setting(...))` is the whole of it; the other modules
each hold one idea (what weights a model has, what autograd keeps, what a KV cache takes ...) and
are what the drills, the questions and the tests call.
"""
