# GRU Explainer with the CPU build of PyTorch, for a user without rights on a read-only file system:
#
#     docker build --build-arg PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU builds> -t gru-explainer .

FROM python:3.11-slim AS install
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt requirements-lock.txt ./
RUN /venv/bin/pip install --no-deps --require-hashes -r requirements-lock.txt \
    && /venv/bin/pip install -r requirements.txt
RUN /venv/bin/python -c "import sys, torch; sys.exit(torch.version.cuda and \
    'This is not the CPU build of torch: pass --build-arg PIP_EXTRA_INDEX_URL.')"

FROM python:3.11-slim
COPY --from=install /venv /venv
WORKDIR /app
COPY app.py ./
COPY .streamlit .streamlit
COPY pages pages
COPY explainer explainer
RUN /venv/bin/python -m compileall -q explainer
# A number, so that everybody can see that it is not root.
USER 10001:10001
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1
EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["/venv/bin/python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/gru/_stcore/health', timeout=4)"]
ENTRYPOINT ["/venv/bin/python", "-m", "explainer", "--port=8501", "--server.headless=true", \
    "--server.address=0.0.0.0", "--server.baseUrlPath=gru"]
# The names under which users reach the proxy; see docs/deploy.md.
CMD ["--server.allowedHosts=localhost"]
