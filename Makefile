# Every way in. Words and variables: `make help`. Works with GNU make 3.81 (macOS) and later.
#
# make's own exit code for any failure is 2; it prints the command's ("Error 3"). Where the exact code
# matters: `sh scripts/prepare.sh run && .venv/bin/evenly up --detach`.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help up aws down test unit coverage lint format bench lock clean

help:
	@echo 'make up      install into .venv and bring the service up on this machine'
	@echo 'make aws     install what environments on AWS need beside'
	@echo 'make down    stop all of it; the data stays'
	@echo 'make test    everything: lint, types, import rules, all tests'
	@echo 'make unit    the fast tests, in seconds'
	@echo 'make coverage  which lines the fast tests reach'
	@echo 'make lint    formatting, lint, types, import rules'
	@echo 'make format  put the formatting right'
	@echo 'make bench   the benchmarks, each against a peer'
	@echo 'make lock    renew requirements/*.txt after a change in pyproject.toml (UPGRADE=1: newest versions)'
	@echo 'make clean   stop the service, remove .venv and all that was built; the data stays'
	@echo 'Another Python:  make up PYTHON=/usr/bin/python3.13'

up:
	@sh scripts/prepare.sh run
	@.venv/bin/evenly up --detach

aws:
	@sh scripts/prepare.sh aws
	@echo 'Ready for environments on AWS. Next: .venv/bin/evenly lint -e NAME'

down:
	@sh scripts/down.sh

test:
	@sh scripts/prepare.sh test
	@.venv/bin/python scripts/gate.py

coverage:
	@sh scripts/prepare.sh test
	@.venv/bin/python -m coverage run -m pytest -q $(wildcard tests/unit tests/golden)
	@.venv/bin/python -m coverage report --skip-covered --skip-empty

lint:
	@sh scripts/prepare.sh test
	@.venv/bin/python scripts/gate.py --lint-only

unit:
	@sh scripts/prepare.sh test
	@.venv/bin/python -m pytest -q $(wildcard tests/unit tests/golden)

format:
	@sh scripts/prepare.sh test
	@.venv/bin/ruff format
	@.venv/bin/ruff check --fix

bench:
	@sh scripts/prepare.sh test
	@.venv/bin/python -m bench

lock:
	@sh scripts/prepare.sh test
	@.venv/bin/python scripts/lock.py $(if $(UPGRADE),--upgrade)

clean:
	@sh scripts/down.sh
	@rm -rf .venv .tools build dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
