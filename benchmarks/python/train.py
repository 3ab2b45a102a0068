"""Trains on a CSV file the way most Python code does: pandas.read_csv, QuantileDMatrix, xgboost.train.

Its one argument is a JSON object: train, output, rounds, params. Lines that start with `bench:` tell the parent
process which phase has ended.
"""

import json
import os
import re
import resource
import sys

import numpy as np
import pandas as pd
import xgboost as xgb


def say(text):
    print(f"bench:{text}", flush=True)


job = json.loads(sys.argv[1])
params = job["params"]
say("started")

frame = pd.read_csv(job["train"])
values = frame.drop(columns=["qid", "label"]).to_numpy(dtype=np.float32)
names = [name for name in frame.columns if name not in ("qid", "label")]
labels = frame["label"].to_numpy(dtype=np.float32)
queries = pd.factorize(frame["qid"])[0]
del frame
say("read")

matrix = xgb.QuantileDMatrix(
    values, label=labels, qid=queries, feature_names=names, nthread=params["nthread"]
)
booster = xgb.train(
    params, matrix, num_boost_round=job["rounds"], evals=[(matrix, "train")], verbose_eval=False
)
say("trained")

booster.save_model(os.path.join(job["output"], "model.ubj"))
say("written")
usage = resource.getrusage(resource.RUSAGE_SELF)
say(f"cpu {usage.ru_utime + usage.ru_stime}")
with open("/proc/self/status") as status:
    kilobytes = re.search(r"^VmHWM:\s*(\d+) kB", status.read(), re.MULTILINE).group(1)
say(f"peak {int(kilobytes) / 1024}")
