# 数市 Shushi. The two commands of a fresh machine: `make up` and `make test`.
# Needed: Python 3.11 or newer with venv and pip. Another Python: make up PYTHON=python3.12

PYTHON ?= python3
PYTEST_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := up
.PHONY: up test coverage lint bench campaign lock clean

up: $(INSTALLED) ## set everything up, tell the whole story, and go on serving
	$(BIN)/market demo

test: $(INSTALLED) ## set everything up and run the tests
	$(BIN)/pytest -n auto --dist loadfile $(PYTEST_ARGS)

coverage: $(INSTALLED) ## every branch of every pure file, by the tests without a database
	$(BIN)/pytest tests/pure -n auto --cov --cov-report term $(PYTEST_ARGS)

lint: $(INSTALLED) ## what a reviewer would say first
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED) ## measurements; they print ratios
	$(BIN)/pytest -m bench -s $(PYTEST_ARGS)

campaign: $(INSTALLED) ## the long runs: faults, tampering
	$(BIN)/pytest -m campaign --timeout 0 $(PYTEST_ARGS)

# The file is the stamp: nothing is asked of pip while it is newer than what it depends on.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "需要 Python 3.11 或更高版本：make up PYTHON=python3.12"; \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is: $$($(PYTHON) --version 2>&1 || true)"; \
	  echo "Name another one: make up PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "无法建立虚拟环境；Debian/Ubuntu 请先执行：apt install python3-venv"; \
	  echo "No virtual environment could be made. On Debian or Ubuntu: apt install python3-venv"; \
	  exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(VENV) 由旧版 Python 建立，请先 make clean · $(VENV) has an old Python: make clean first"; \
	  exit 1; }
	@# The lock is complete, so pip resolves nothing (--no-deps): asked to, an older pip prefers a newer
	@# release of what is named with an extra, and then refuses it for want of a hash.
	@echo "安装依赖 · installing what requirements.lock names …"
	$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(PIP) check
	@# A service that may not write beside its code would compile all of it at each start: 0.6 s.
	@$(BIN)/python -m compileall -q catalog settlement market seeds
	@touch $@

lock: ## write requirements.lock anew from pyproject.toml (for maintainers; needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv"; exit 1; }
	uv export --quiet --extra dev --no-emit-project --no-annotate --no-header -o requirements.lock
	rm -f uv.lock
	@! grep -nE '://|^--|@ ' requirements.lock || { echo "the lock names a host"; exit 1; }

clean: ## remove what was installed and cached; data are never removed
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
	  .coverage htmlcov dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
