# The image that trains and serves on SageMaker (target sagemaker, the default), and two that only serve: server, for ECS
# and Kubernetes, and lambda. docs/image.md says how to build, run and check them.
#
# npm, pip, apt and cargo use their own defaults. What they need to know of a mirror or a CA comes as build secrets, which
# no layer keeps: npmrc, pip.conf, apt.conf, and ca, a file of certificates.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RUST_IMAGE=rust:1-slim-bookworm
# An image with /lambda-adapter may take the place of the stage below that builds it.
ARG ADAPTER_IMAGE=lambda-adapter

# Commands run on the machine that builds; for another architecture, files are only chosen and copied.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS tools
ARG TARGETARCH
ARG SOURCE_DATE_EPOCH=0
ENV TARGETARCH=$TARGETARCH SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH
WORKDIR /build
COPY container/build ./

# libxgboost and the OpenMP that it links to, from the wheel that is pinned for a checkout as well.
FROM tools AS xgboost
RUN --mount=type=secret,id=ca --mount=type=secret,id=apt.conf \
    ./with-secrets apt-get update && \
    ./with-secrets apt-get install -y --no-install-recommends python3-pip && \
    rm -rf /var/lib/apt/lists/*
COPY scripts/xgboost-requirements.txt ./
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip.conf --mount=type=cache,target=/root/.cache/pip \
    machine="$(./arch python)" && \
    ./with-secrets pip download --quiet --require-hashes --no-deps --only-binary=:all: --implementation=py --abi=none \
      --python-version=3.13 --platform="manylinux_2_28_$machine" -r xgboost-requirements.txt -d wheel && \
    python3 -m zipfile -e wheel/*.whl wheel && \
    mkdir -p /out/opt/ranker/xgboost/xgboost && \
    mv wheel/xgboost/lib /out/opt/ranker/xgboost/xgboost/ && \
    mv wheel/xgboost_cpu.libs wheel/*.dist-info /out/opt/ranker/xgboost/ && \
    ./settle /out

# The packages that run, for one platform, without those of `ranker aws` and of the set-up, which the image does not have.
FROM tools AS packages
WORKDIR /out/opt/ranker
ENV npm_config_os=linux npm_config_libc=glibc npm_config_omit=dev npm_config_ignore_scripts=true \
    npm_config_audit=false npm_config_fund=false npm_config_progress=false
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=ca --mount=type=secret,id=npmrc --mount=type=cache,target=/root/.npm \
    cpu="$(/build/arch node)" && \
    npm pkg delete devDependencies && \
    /build/with-secrets npm ci --cpu="$cpu" && \
    rm package-lock.json && \
    npm uninstall --no-package-lock --offline --cpu="$cpu" \
      @aws-sdk/client-application-auto-scaling @aws-sdk/client-cloudwatch @aws-sdk/client-cloudwatch-logs \
      @aws-sdk/client-ecr @aws-sdk/client-iam @aws-sdk/client-sagemaker @aws-sdk/client-sagemaker-runtime \
      @aws-sdk/client-sts fflate && \
    node /build/prune.mjs node_modules "$cpu" && \
    /build/settle /out

# Nor those that only training imports.
FROM packages AS packages-to-serve
RUN cpu="$(/build/arch node)" && \
    npm uninstall --no-package-lock --offline --cpu="$cpu" \
      @observablehq/plot hyparquet hyparquet-compressors linkedom && \
    /build/settle /out

# esbuild alone of the development packages.
FROM tools AS bundler
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=ca --mount=type=secret,id=npmrc --mount=type=cache,target=/root/.npm \
    node only-bundler.mjs && ./with-secrets npm ci --ignore-scripts --no-audit --no-fund --no-progress
COPY scripts/bundle.mjs ./

# The product as JavaScript.
FROM tools AS product
WORKDIR /out/opt/ranker
COPY LICENSE ./
COPY container/*.mjs container/
COPY src src
COPY --from=bundler /build /bundler
COPY --from=packages-to-serve /out/opt/ranker/node_modules /node_modules
RUN node /build/compile.mjs src && \
    node /bundler/bundle.mjs src/cli/serve-worker.js src/cli/serve-worker.js && \
    /build/settle /out

# Node's image without npm, yarn, corepack and the headers. It is copied, not built upon: what a layer hides is pulled all
# the same, and hiding takes a command that runs on the machine that the image is for.
FROM ${NODE_IMAGE} AS node
FROM tools AS system
COPY --from=node / /out
WORKDIR /out
RUN rm -rf opt/yarn* usr/local/include usr/local/lib/node_modules usr/local/share usr/local/*.md \
      usr/local/bin/npm usr/local/bin/npx usr/local/bin/corepack usr/local/bin/yarn* usr/local/bin/nodejs \
      usr/local/bin/docker-entrypoint.sh && \
    find . -xdev -type f -perm /6000 -exec chmod a-s {} + && \
    /build/settle /out

FROM scratch AS runtime
COPY --from=system /out /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production ORT_DISABLE_TELEMETRY=1
ENTRYPOINT ["/usr/local/bin/node", "/opt/ranker/container/entry.mjs"]
EXPOSE 8080

# For another architecture than the building machine's, this one stage runs under emulation.
FROM ${RUST_IMAGE} AS lambda-adapter
COPY container/build/with-secrets /build/
RUN --mount=type=secret,id=ca /build/with-secrets \
    cargo install lambda_web_adapter --version 0.9.1 --locked --root /adapter && \
    mv /adapter/bin/lambda-adapter /
FROM ${ADAPTER_IMAGE} AS adapter

FROM runtime AS server
COPY --from=packages-to-serve /out /
COPY --from=product /out /
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/local/bin/node", "/opt/ranker/container/health.mjs"]
CMD ["serve"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="two-stage-ranking" \
      org.opencontainers.image.description="Serves rankers over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

# Lambda starts what lies in /opt/extensions: there the adapter calls our server for each event.
FROM server AS lambda
COPY --from=adapter /lambda-adapter /opt/extensions/lambda-adapter
ENV AWS_LWA_PORT=8080 AWS_LWA_READINESS_CHECK_PATH=/ping
HEALTHCHECK NONE

# As root, as the platform expects on its instances; it writes nothing of its own, so any other user will do as well.
FROM runtime AS sagemaker
COPY --from=xgboost /out /
COPY --from=packages /out /
COPY --from=product /out /
ENV RANKER_XGBOOST_LIB=/opt/ranker/xgboost/xgboost/lib/libxgboost.so
ARG VERSION=unknown
ARG REVISION=unknown
LABEL com.amazonaws.sagemaker.capabilities.multi-models="true" \
      com.amazonaws.sagemaker.capabilities.accept-bind-to-port="true" \
      org.opencontainers.image.title="two-stage-ranking" \
      org.opencontainers.image.description="Trains rankers with XGBoost and serves them over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
