# Every target first builds what it needs; what is up to date is skipped.
# The logic lives in frontdesk/bootstrap (building), frontdesk/serve.py and frontdesk/shell.py.

PYTHON ?= python3
BUILD = @$(PYTHON) -m frontdesk.bootstrap
MAIN = .venv/bin/python
RASA = .venv-rasa/bin/python

export RASA_TELEMETRY_ENABLED = false
export SQLALCHEMY_SILENCE_UBER_WARNING = 1
export TF_CPP_MIN_LOG_LEVEL = 3
export TOKENIZERS_PARALLELISM = false
export HF_HUB_OFFLINE ?= 1
export OMP_WAIT_POLICY ?= PASSIVE
unexport PYTHONDONTWRITEBYTECODE

# Rasa prints a wall of warnings from its libraries: shown only when it fails.
logged = > var/logs/$(1).log 2>&1 || { tail -n 60 var/logs/$(1).log; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup chat serve test check train index evaluate

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## build both environments, the weights, the index and the dialogue model
	$(BUILD) setup

chat: ## talk to the assistant in this terminal (/stop ends it)
	$(BUILD) setup
	@$(MAIN) -m frontdesk.cli chat

serve: ## serve the assistant on port 5005 and the demo shop on port 8080 (Ctrl-C ends it)
	$(BUILD) setup
	@$(MAIN) -m frontdesk.cli serve

test: ## run all tests: library, widget in a browser, Rasa addons, conversations
	$(BUILD) test
	@$(MAIN) -m pytest --ignore=tests/addons --ignore=tests/browser
	@$(MAIN) -m pytest tests/browser
	@$(RASA) -m pytest tests/addons
	@$(PYTHON) -m frontdesk.bootstrap.rasa_tests

check: ## format, lint, types and Rasa's data validation
	$(BUILD) check
	@$(MAIN) -m ruff format --check .
	@$(MAIN) -m ruff check .
	@$(MAIN) -m mypy
	@$(RASA) -m rasa data validate --fail-on-warnings $(call logged,rasa-validate)
	@echo "The conversation data is valid."

train: ## train the dialogue model
	$(BUILD) train

index: ## build or update the index of kb/
	$(BUILD) index

evaluate: ## run the demo shop's own sets, or those of a folder: make evaluate EVAL=DIR
	$(BUILD) setup
	@$(MAIN) -m frontdesk.cli evaluate all $(EVAL)
