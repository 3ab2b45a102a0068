"""A model of XGBoost's the way that AWS's own container serves one: `gunicorn --worker-class gevent serve_sagemaker:app`.

MODEL names the file. A request of CSV is text: the delimiter is guessed from the start of its first line, each line is
split, empty cells become "nan", numpy makes an array of the texts and converts it, and a DMatrix is made of that.
"""

import csv
import os

import numpy as np
import xgboost as xgb
from flask import Flask, Response, request

SNIFFED = 512

booster = xgb.Booster(model_file=os.environ["MODEL"])
booster.set_param({"nthread": 1})
app = Flask(__name__)


def delimiter_of(text):
    """A lone column has no delimiter, and a letter or digit is none."""
    guess = csv.Sniffer().sniff(text.split("\n", 1)[0][:SNIFFED]).delimiter
    return "," if guess.isalnum() else guess


def cells_of(line, delimiter):
    return [cell if cell else "nan" for cell in line.split(delimiter)]


def matrix_of(body):
    text = body.decode("utf-8").strip()
    delimiter = delimiter_of(text)
    cells = [cells_of(line, delimiter) for line in text.split("\n")]
    return xgb.DMatrix(np.array(cells).astype(float), nthread=1)


@app.get("/ping")
def ping():
    return Response(status=200)


@app.post("/invocations")
def invocations():
    scores = booster.predict(matrix_of(request.get_data()), validate_features=False)
    return Response("\n".join(map(str, scores.tolist())) + "\n", mimetype="text/csv")
