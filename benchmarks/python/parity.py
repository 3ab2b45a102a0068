"""Trains every case with xgboost's own Python package and writes the scores of its rows.

Its one argument is a JSON object: cases (as benchmarks/parity-cases.ts has them), threads, output. One line of
JSON a case goes to stdout.
"""

import json
import os
import sys

import numpy as np
import pandas as pd
import xgboost as xgb

job = json.loads(sys.argv[1])


def read(path, roles):
    """The rows of a file with those of a query side by side, queries in order of their first row."""
    # The default parser may be off by one in the last digit.
    frame = pd.read_csv(path, float_precision="round_trip")
    if "group" in roles:
        order = np.argsort(pd.factorize(frame[roles["group"]])[0], kind="stable")
        frame = frame.iloc[order].reset_index(drop=True)
    return frame


def matrix(frame, roles, threads, ref=None, max_bin=256):
    features = frame.drop(columns=list(roles.values())).select_dtypes("number")
    info = {}
    if "group" in roles:
        info["qid"] = pd.factorize(frame[roles["group"]])[0]
    if "weight" in roles:
        info["weight"] = frame.groupby(roles["group"], sort=False)[roles["weight"]].first()
    values = features.to_numpy(dtype=np.float32)
    names = list(features.columns)
    quantised = xgb.QuantileDMatrix(
        values,
        label=frame[roles["label"]],
        feature_names=names,
        nthread=threads,
        ref=ref,
        max_bin=max_bin,
        **info,
    )
    return quantised, xgb.DMatrix(values, feature_names=names, nthread=threads)


def train(case, threads, output):
    roles = case["roles"]
    params = {**case["params"], "nthread": threads}
    max_bin = params.get("max_bin", 256)
    train_set, train_rows = matrix(read(case["train"], roles), roles, threads, None, max_bin)
    test_set, test_rows = matrix(read(case["test"], roles), roles, threads, train_set, max_bin)

    evals = [(train_set, "train")]
    callbacks = []
    if "validation" in case:
        frame = read(case["validation"], roles)
        evals.append((matrix(frame, roles, threads, train_set, max_bin)[0], "validation"))
    if "earlyStopping" in case:
        callbacks.append(xgb.callback.EarlyStopping(rounds=case["earlyStopping"], maximize=True))
    booster = xgb.train(
        params,
        train_set,
        num_boost_round=case["rounds"],
        evals=evals,
        callbacks=callbacks,
        verbose_eval=False,
    )
    if callbacks:
        booster = booster[: booster.best_iteration + 1]

    ndcg = None
    if "group" in roles:
        booster.set_param({"eval_metric": "ndcg@10"})
        parts = booster.eval(test_set, "test").split("\t")
        ndcg = next(float(part.split(":")[1]) for part in parts if part.startswith("test-ndcg@10:"))
    scores = np.concatenate([booster.predict(rows) for rows in (train_rows, test_rows)])
    files = {"scores": f"{output}.f32", "model": f"{output}.ubj"}
    scores.astype("<f4").tofile(files["scores"])
    booster.save_model(files["model"])
    return {"trees": booster.num_boosted_rounds(), "ndcg": ndcg, **files}


for index, case in enumerate(job["cases"]):
    print(json.dumps(train(case, job["threads"], os.path.join(job["output"], str(index)))), flush=True)
