"""Holds requests against botocore's models, as moto_server.py does for those it is sent.

Reads a JSON list of {"service", "operation", "request"} from standard input; prints what is wrong, a line each.
"""

import json
import sys

from request_faults import faults, operation_model

wrong = []
for call in json.load(sys.stdin):
    shape = operation_model(call["service"], call["operation"]).input_shape
    wrong += faults(shape, call["request"], f'{call["service"]}:{call["operation"]}')
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
