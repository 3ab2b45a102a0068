# An image of the stage server or lambda with a model in it, for platforms that bring none:
#     docker build -f infrastructure/with-model.Dockerfile --build-arg IMAGE=ranker:lambda -t ranker-with-model ranker-output
ARG IMAGE
FROM ${IMAGE}
COPY --chmod=a+rX model /opt/ml/model
