# make run    builds mtl-infer and runs it on the shipped sample pictures; pictures of the answers go to build/rooms
# make test   builds and runs every test: Swift, C, C++, Python and the command line
# make format / make lint   the formatter, and the check that continuous integration does
SWIFT ?= swift
PYTHON ?= python3
VENV := .venv
BINARY := .build/release/mtl-infer
LIBRARY := .build/release/libmtl_infer.so

# make test-without-onnx   the Swift tests without the package trait ONNX
.PHONY: run build test test-swift test-python test-without-onnx lint format dependencies test-dependencies install clean

run: build
	$(BINARY) run models/fingers models/fingers/samples
	$(BINARY) run models/faces models/faces/samples
	$(BINARY) run models/documents/resnet/pages.json models/documents/samples/pages
	$(BINARY) run models/rooms models/rooms/samples --out build/rooms
	@echo "pictures of the answers: build/rooms/*.sheet.png"

build: dependencies
	$(SWIFT) build -c release --static-swift-stdlib --disable-local-rpath

dependencies:
	@tools/install-dependencies.sh build

test-dependencies:
	@tools/install-dependencies.sh test

test: lint test-swift test-python

test-swift: test-dependencies
	$(SWIFT) test

test-python: test-dependencies build $(VENV)/installed
	MTL_INFER_LIBRARY=$(CURDIR)/$(LIBRARY) MTL_INFER_BINARY=$(CURDIR)/$(BINARY) \
	  $(VENV)/bin/python -m pytest -q Tests

$(VENV)/installed: Tests/requirements.txt | test-dependencies
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q -r Tests/requirements.txt
	touch $@

# What must work without libonnx and protobuf; a build of its own.
test-without-onnx: test-dependencies
	$(SWIFT) test --disable-default-traits --scratch-path .build/without-onnx

lint:
	$(SWIFT) format lint --strict --parallel --recursive Sources Tests Package.swift

format:
	$(SWIFT) format --in-place --parallel --recursive Sources Tests Package.swift

# make install PREFIX=/usr/local
PREFIX ?= /usr/local
install: build
	tools/install.sh $(PREFIX)

clean:
	rm -rf .build $(VENV)
