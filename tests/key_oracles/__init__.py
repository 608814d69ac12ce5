"""A second way to compute each key of the question bank, one module a topic.

A function here has the name and the parameters of the one in `question_bank/keys/` that it checks,
and gets there by other means: torch, transformers on the meta device, brute force, a simulation
of the definition. `tests/test_questions_keys.py` compares the two over every question's numbers.
"""
