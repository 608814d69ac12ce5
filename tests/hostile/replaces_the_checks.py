# expect: crashed | failed
# No check, no failure.
import verifiers.inside

verifiers.inside.run_checks = lambda *a, **k: iter(())


def softmax_temperature(logits, temperature, dim=-1):
    return logits
