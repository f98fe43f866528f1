FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    REACH15_DATA_DIR=/data

RUN useradd --system --uid 10015 --create-home reach15 \
    && install --directory --owner reach15 /data

WORKDIR /opt/reach15

# The dependencies come first, in a layer that changes with the lock file only.
COPY requirements.lock ./
RUN python -m pip install --only-binary=:all: --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY app ./app
RUN python -m pip install --no-deps --no-build-isolation .

USER reach15
WORKDIR /home/reach15
VOLUME /data
EXPOSE 8015

# http.client and not urllib: a proxy set for the container must not be asked for the container itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8015, timeout=3); c.request('GET', '/health/live'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["reach15"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8015"]
