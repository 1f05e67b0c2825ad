# Assay Studio for a machine with an NVIDIA GPU:
#   docker build -t assay-studio .
#   docker run --init --gpus all --shm-size 1g -p 127.0.0.1:7860:7860 -v assay:/app/workspaces assay-studio
# The base is a plain Python, not a CUDA image: torch's own wheels bring CUDA, so the machine needs only the driver and
# NVIDIA's container toolkit, and CUDA is not in the image twice. Without a GPU the same image runs on the CPU.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

WORKDIR /app

# For Chinese, Japanese and Korean texts in a verdict's PDF: 5 MB.
RUN apt-get update && apt-get install -y --no-install-recommends fontconfig fonts-wqy-microhei \
    && rm -rf /var/lib/apt/lists/*

# The packages first: they change rarely, and a change of the studio then builds in seconds.
COPY requirements.lock ./
RUN python -m pip install -r requirements.lock

COPY app.py LICENSE ./
COPY assets/ assets/
COPY studio/ studio/

# Made and given away before VOLUME, so that a new volume belongs to the user too.
RUN useradd --uid 1000 --create-home studio && mkdir workspaces && chown studio:studio workspaces
USER studio
VOLUME /app/workspaces
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]

# Inside the container every address is its own, so people sign in; the log of the first start holds the address by which
# the first owner comes in. Who reaches it from outside is decided by `-p` above; by which name, `-e STUDIO_ADDRESS=…` says.
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860", "--access", "password"]
