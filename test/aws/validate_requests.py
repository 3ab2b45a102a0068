"""Holds requests against botocore's models, as moto_server.py does for those it is sent.

Reads a JSON list of {"service", "operation", "request"} from standard input; prints what is wrong, a line each.
"""

import json
import sys

from moto_server import faults, operation_model

wrong = []
for call in json.load(sys.stdin):
    service = {"sts": "sts", "s3": "s3"}.get(call["service"], call["service"])
    shape = operation_model(service, call["operation"]).input_shape
    wrong += faults(shape, call["request"], f'{call["service"]}:{call["operation"]}')
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
