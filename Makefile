# Only Python 3.11 or newer and make are needed. PORT= and VAR= choose port and data folder: make run PORT=8001 VAR=/tmp/var
PYTHON ?= python3
PORT ?= 8000
VAR ?= var
WORKERS ?= 2
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
RUN_READY := .venv/evaluation
TEST_READY := .venv/tests

.PHONY: setup run test check lint bench planted lock clean

setup: $(RUN_READY)  ## make .venv from the lock

run: setup  ## the whole product on this machine; Ctrl-C stops it
	@EVALUATION=1 VAR="$(VAR)" exec $(BIN)/python manage.py serve --port $(PORT) $(ARGS)

test: $(TEST_READY)  ## all tests, on servers of their own
	@$(BIN)/python tests/chromium.py || true
	@exec $(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: lint  ## style, types, architecture, and all tests (migrations and docs are among them) with coverage
	@$(BIN)/python tests/chromium.py || true
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term:skip-covered $(ARGS)

lint: $(TEST_READY)
	$(BIN)/ruff check .
	SECRET_KEY=types DATABASE_URL=postgresql:///types REDIS_URL=redis://types/0 $(BIN)/mypy
	$(BIN)/lint-imports

bench: $(TEST_READY)  ## how fast it is here
	@exec $(BIN)/python -m tests.bench.measure

planted: $(TEST_READY)  ## how often Insight is right on pipelines whose truth is known; about half an hour
	@exec $(BIN)/python -m tests.bench.planted

lock:  ## choose versions anew from requirements.in and requirements-dev.in
	@$(PYTHON) -m venv .cache/lock && .cache/lock/bin/python -m pip install --quiet pip-tools
	@cd $(CURDIR) && .ci/lock .cache/lock/bin/pip-compile

clean:
	rm -rf .venv .cache var

# The marker makes `.venv/bin/python manage.py ANYTHING` an evaluation when no DATABASE_URL is set.
$(RUN_READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Pipeline CRM needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo "Installing what the product runs on into .venv …"
	@$(PYTHON) -m venv .venv
	@$(PIP) -r requirements.lock
	@command -v npm >/dev/null || exit 0; [ -d static/vendor ] || $(BIN)/python -m pipeline_crm.vendoring
	@touch $@

$(TEST_READY): requirements-dev.lock $(RUN_READY)
	@echo "Installing what the tests need …"
	@$(PIP) -r requirements-dev.lock
	@touch $@
