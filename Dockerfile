# The image of compose.yaml. One machine without containers needs only `make run`.
FROM python:3.11-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make fonts-wqy-microhei \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home weir && mkdir /data /weir && chown weir /data /weir
USER weir
WORKDIR /weir
COPY --chown=weir . .
RUN make pages
VOLUME /data
EXPOSE 8000
CMD [".venv/bin/weir", "serve", "--data", "/data", "--host", "0.0.0.0", "--port", "8000"]
