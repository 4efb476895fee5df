# make lab     open the course in JupyterLab (installs itself into .venv on the first call)
# make test    check the code and run every test
# Variables: PYTHON (the interpreter to build .venv from), PORT, IP, VENV.

PORT ?= 8888
IP ?= 127.0.0.1
VENV ?= .venv

# The first interpreter in the supported range; python3 first, since it is the one people install packages for.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	if "$$name" -c '$(SUPPORTED)' 2>/dev/null; then echo "$$name"; break; fi; done)

BIN := $(VENV)/bin
NOTEBOOK := $(firstword $(sort $(wildcard notebooks/00_*.ipynb)))

# What the shell around us says about Python or pytest must not change what is installed or tested.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTEST_ADDOPTS PIP_USER PIP_TARGET PIP_PREFIX

.PHONY: help lab test numbers format clean

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

lab: $(VENV)/.lab
	@if [ -z "$(NOTEBOOK)" ]; then echo "No notebooks/00_*.ipynb here: is this a whole copy of the course?" >&2; exit 1; fi
	@options=""; \
	if [ "$$(id -u)" = 0 ]; then options="--allow-root"; fi; \
	if [ "$$(uname)" != Darwin ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY$$BROWSER" ]; then \
		options="$$options --no-browser"; echo "No display found: open the address below in a browser yourself."; fi; \
	echo "Starting JupyterLab on $(NOTEBOOK). Stop it with Ctrl+C."; \
	exec $(BIN)/python -m jupyterlab --ip=$(IP) --port=$(PORT) $$options --log-level=WARN --ServerApp.root_dir=. \
		--LabApp.default_url=/lab/tree/$(NOTEBOOK) --LabApp.news_url=None \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

# One thread a process: several processes with several threads each would only wait for each other.
test: $(VENV)/.test
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

numbers: $(VENV)/.test
	@$(BIN)/python -P tests/measure.py

format: $(VENV)/.test
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.lab: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.[lab])

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.[lab$(comma)test])
	@touch $(VENV)/.lab

comma := ,
define install
	@echo "Installing $(1) into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '$(1)'
	@touch $@
endef

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11, 3.12 or 3.13 is needed and none was found. Install one, or: make PYTHON=/path/to/python" >&2; exit 1; fi
	@"$(PYTHON)" -c '$(SUPPORTED)' || { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV)
