# Every target is one line of scripts/dev.py; where make is missing, run that line.
#   make demo SERVE=0             stop before serving
#   make test ARGS="-k verdict"   arguments for pytest (or the benchmarks)
#   make test PYTHON=python3.12   another Python
PYTHON ?= python3
DEV := $(PYTHON) scripts/dev.py

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock

help:
	@$(DEV) --help

demo:
	@$(DEV) demo $(if $(filter 0,$(SERVE)),--no-serve)

test check:
	@$(DEV) test $(ARGS)

bench:
	@$(DEV) bench $(ARGS)

lock:
	@$(DEV) lock $(ARGS)
