FROM python:3.12-slim-bookworm

WORKDIR /app
ENV PYTHONUNBUFFERED=1 VAR=/data STATIC_ROOT=/app/staticfiles PATH=/app/.venv/bin:$PATH

# What WeasyPrint sets PDFs with, and a font for letters that Inter lacks.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

# The same steps as `make setup`.
COPY requirements.lock ./
RUN python3 -m venv .venv \
    && .venv/bin/python -m pip --disable-pip-version-check install --quiet --no-cache-dir --require-hashes -r requirements.lock

COPY . .
# No server is asked while files are collected; the settings only want to know names.
RUN SECRET_KEY=build DATABASE_URL=postgresql:///build REDIS_URL=redis://build/0 VAR=/tmp/build \
        python manage.py collectstatic --noinput --verbosity=0 \
    && useradd --system --home-dir /data pipeline && mkdir -p /data && chown pipeline /data

USER pipeline
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "pipeline_crm.asgi:application", "--host=0.0.0.0", "--port=8000"]
