# expect: runtime_error
# Perhaps the drills are importable.
from drills.decoding.softmax_temperature.reference import softmax_temperature
