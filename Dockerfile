# syntax=docker/dockerfile:1
#
# A node of a cluster, for deploy/compose.yaml and deploy/kubernetes/. It keeps nothing of its own: its database and Redis
# are elsewhere, so the embedded PostgreSQL is left out, and so is the Node that comes with npm. About 180 MB, of which
# Node is 120. There is no shell in it and no package manager.
#
#   docker build -t chatfolk .

# The same as the npm package `node` in package.json; a test compares them.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS node

FROM node AS pages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build-pages.ts scripts/
COPY src/domain src/domain
COPY web web
RUN node scripts/build-pages.ts

FROM node AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional are the programs of the embedded PostgreSQL, and nothing else that a server needs.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=optional --ignore-scripts \
  && rm -rf node_modules/.bin node_modules/node

FROM gcr.io/distroless/cc-debian12:nonroot
WORKDIR /app
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /app/node_modules node_modules
COPY --from=pages /app/dist dist
COPY package.json ./
COPY migrations migrations
COPY src src
ENV NODE_ENV=production LOG_PRETTY=false PORT=3000
# By number, so that Kubernetes sees that it is not root. Everything above belongs to root: the node writes nowhere but
# into /tmp (compiled code, to start faster), and does without where that is read-only too.
USER 10001:10001
EXPOSE 3000
# Readiness goes to 503, what runs here is handed over, overlays are sent away: give it 30 s.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["/usr/local/bin/node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1: signals reach it.
ENTRYPOINT ["/usr/local/bin/node", "src/main.ts"]
