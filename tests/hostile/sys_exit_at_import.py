# expect: runtime_error
# SystemExit is not an Exception.
import sys

sys.exit(0)
