#!/usr/bin/python3
"""Compiles the demo model in both weight formats, once for all end-to-end tests."""

import harness

if __name__ == "__main__":
    for weights in ("fp16", "int4"):
        print(harness.make_demo_package(weights))
