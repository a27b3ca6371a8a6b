#!/bin/sh
# Generates the Python code of every .proto file into OUT (default: the source tree itself).
# Usage: proto/generate.sh [OUT]; PYTHON names the interpreter that has grpcio-tools and mypy-protobuf.
set -eu
cd "$(dirname "$0")/.."
out=${1:-.}
python=${PYTHON:-.venv/bin/python}
PATH="$(dirname "$python"):$PATH" "$python" -m grpc_tools.protoc -I. \
  --python_out="$out" --grpc_python_out="$out" --mypy_out="quiet:$out" --mypy_grpc_out="quiet:$out" \
  proto/*.proto
# Of the contracts' services the house itself needs the messages only (node/contract_api, node/client).
PATH="$(dirname "$python"):$PATH" "$python" -m grpc_tools.protoc -I. \
  --python_out="$out" --mypy_out="quiet:$out" proto/api/*.proto
# Where a file holds no service its stubs are empty, and would be noise.
for source in proto/*.proto; do
  name=$(basename "$source" .proto)
  grep -q "^service " "$source" || rm -f "$out/proto/${name}_pb2_grpc.py" "$out/proto/${name}_pb2_grpc.pyi"
done
