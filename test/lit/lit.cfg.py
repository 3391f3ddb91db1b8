"""The compiler's tests: one folder a station, as in include/ and lib/."""

import os

import lit.formats

config.name = "EdgeLLM"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".td", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)

config.environment["PATH"] = os.pathsep.join(
    [config.edgellm_tools_dir, config.llvm_tools_dir, config.environment["PATH"]]
)
config.substitutions.append(("%demo", config.edgellm_source_dir + "/models/demo"))
config.substitutions.append(("%configs", config.edgellm_source_dir + "/models/configs"))
config.substitutions.append(("%include", config.edgellm_source_dir + "/include"))
config.substitutions.append(
    ("%make_checkpoint", "/usr/bin/python3 " + config.edgellm_source_dir + "/test/e2e/make_checkpoint.py")
)
