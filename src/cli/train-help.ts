import { CONTENT_TYPES } from '../data/format.ts'
import { DEFAULT_ROOT } from '../sagemaker/job.ts'
import { hyperparameterHelp } from './hyperparameter-help.ts'
import { DEFAULT_OUTPUT } from './train-plan.ts'

export const trainHelp =
  (): string => `Usage: ranker train --train PATH [--validation PATH] [--test PATH] [--output DIR] [hyperparameters]
       ranker train --bucket BUCKET --key KEY [hyperparameters]
       ranker train

Learns a LambdaMART ranker with XGBoost from judged query-item rows, exports it to ONNX, checks the export
against XGBoost, and writes model.onnx, model.ubj and ranker.json, with metrics.json beside them.

Without --train it is a SageMaker training job: hyperparameters, channels and outputs are below
SAGEMAKER_BASE_DIR (default ${DEFAULT_ROOT}), as the platform lays them out; flags win over hyperparameters.json.

Data
  --train PATH             file, FIFO, folder, or s3://bucket/key: an object, or the start of several keys
  --validation PATH        the same; its last metric decides early stopping
  --test PATH              the same; measured once, at the end
  --model PATH             a model to go on from, or to be held against (--model-channel incumbent): an
                           artefact, model.ubj, model.json or model.tar.gz
  --bucket B --key K       the same as --train s3://B/K
  --content-type TYPE      what the files are, where their names do not tell:
                           ${CONTENT_TYPES.slice(0, 4).join(', ')},
                           ${CONTENT_TYPES.slice(4).join(', ')}
  --output DIR             where model/ and output/ are written (default ${DEFAULT_OUTPUT}); s3://bucket/prefix
                           gets the same files below it
  --model-name NAME        name that answers of the served model carry (default: the job's name, else ranker)

  Names tell the format: .csv, .parquet, .jsonl, .ndjson, .json, .libsvm, .svm, .recordio, .rec and .pbr, each
  with .gz too; any other file is taken for libsvm. CSV whose first line is all numbers has no header:
  column 0 is the label, and --group, --weight and --label are zero-based indices.

${hyperparameterHelp()}

Environment
  SAGEMAKER_BASE_DIR       root of a SageMaker job (default ${DEFAULT_ROOT})
  RANKER_TRACKER_PORT      port of the leading host where the hosts of a job come together (default 9099)
  RANKER_HOST_TIMEOUT      seconds that hosts wait for each other (default 1800)
  RANKER_XGBOOST_LIB       libxgboost.so to use instead of the one that npm run setup fetched
  AWS_*                    region, credentials and endpoint (AWS_ENDPOINT_URL_S3) of S3, as for every AWS tool

Examples
  ranker train --train train.csv --validation valid.csv --item product_id --eta 0.1 --early-stopping-rounds 20
  ranker train --bucket my-bucket --key judged/train.parquet --n-estimators 100 --output s3://my-bucket/ranker
  ranker score --model-path ${DEFAULT_OUTPUT}/model --input candidates.csv
`
