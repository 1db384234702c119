# The image of redbun: one executable, the libraries that it is linked with, and nothing else (no shell).
#
#   docker build --build-arg GIT_SHA1=$(git rev-parse HEAD) -t redbun .
#   docker run -p 6379:6379 -v redbun-data:/data redbun --maxmemory 1gb
#
# Each platform of a multi-platform build compiles for itself: the builder's Bun is the one that ends up inside.

FROM oven/bun:1.4.5-debian AS build
ARG GIT_SHA1=""
WORKDIR /source
COPY package.json bunfig.toml tsconfig.json ./
COPY .ci .ci
COPY src src
# There is nothing to install: redbun has no dependency at run time.
RUN bun .ci/build.ts && .ci/image-root.sh dist/redbun /image

FROM scratch
COPY --from=build /image/ /
USER 999:999
WORKDIR /data
VOLUME /data
EXPOSE 6379
# A container is reached through its published ports alone, and protected mode would refuse those connections.
# Any directive can be set this way: REDBUN_ and its name, in capitals, with _ for -.
ENV REDBUN_PROTECTED_MODE=no
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s \
  CMD ["/usr/local/bin/redbun", "cli", "PING"]
ENTRYPOINT ["/usr/local/bin/redbun"]
