# expect: crashed
# Ends before there is a function.
import os

os._exit(0)
