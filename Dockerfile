FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM rust:1.95-bookworm AS program
RUN apt-get update && apt-get install -y --no-install-recommends cmake libclang-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=web /src/web/dist web/dist
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl python3 python3-pip \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /data gametape \
    && mkdir -p /data/models && chown -R gametape /data
COPY --from=program /src/target/release/gametape /usr/local/bin/gametape
ENV GAMETAPE_DATA_DIR=/data
USER gametape
WORKDIR /data
ENTRYPOINT ["gametape"]
CMD ["serve", "--listen", "0.0.0.0:7400"]
