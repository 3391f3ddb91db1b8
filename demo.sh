#!/usr/bin/env bash
# Builds EdgeLLM, compiles the demo model for the VCU128 and lets it write, on the device model:
# no FPGA card is needed.
#   ./demo.sh ['PROMPT']
. "$(dirname "$0")/scripts/setup.sh"

prompt=${1:-In the beginning}
package=$root/build/demo/package

install_packages "${core_packages[@]}"
configure
build edgellm-user-tools

say "compiling models/demo for the VCU128 with INT4 weights ..."
rm -rf "$package"
mkdir -p "${package%/*}"
cd "$root"
logged "edgellm-compile" \
  build/bin/edgellm-compile models/demo --target=vcu128 --weights=int4 -o "$package"
say
build/bin/edgellm-run "$package" --prompt "$prompt" -n 80 --temperature 0.7 --top-p 0.9 --seed 1
