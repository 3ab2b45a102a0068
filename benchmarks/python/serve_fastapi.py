"""A model of XGBoost's behind FastAPI, as one writes it who knows numpy: `uvicorn serve_fastapi:app`.

MODEL names the file. The fast readers of numpy, in-place prediction on one thread, no checks.
"""

import io
import os

import numpy as np
import xgboost as xgb
from fastapi import FastAPI, Request, Response

booster = xgb.Booster(model_file=os.environ["MODEL"])
booster.set_param({"nthread": 1})
app = FastAPI()


@app.get("/ping")
async def ping():
    return Response()


@app.post("/invocations")
async def invocations(request: Request):
    body = io.BytesIO(await request.body())
    if request.headers["content-type"] == "application/x-npy":
        rows = np.load(body)
    else:
        rows = np.loadtxt(body, delimiter=",", dtype=np.float32, ndmin=2)
    scores = booster.inplace_predict(rows)
    return Response("\n".join(map(str, scores.tolist())) + "\n", media_type="text/csv")
