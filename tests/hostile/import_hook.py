# expect: failed | crashed | runtime_error
# Every import of the judge goes through it.
import sys
import types


class Hook:
    def find_spec(self, name, path=None, target=None):
        sys.modules[name] = types.ModuleType(name)
        return None


sys.meta_path.insert(0, Hook())
for name in [name for name in sys.modules if name.startswith("verifiers.")]:
    del sys.modules[name]


def softmax_temperature(logits, temperature, dim=-1):
    return logits
