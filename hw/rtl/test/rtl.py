"""Builds and runs the testbench of hw/rtl: Verilator makes C++ of the modules, which is compiled
and linked with RtlTest.cpp and the scalar numerics. ctest sets EDGELLM_RTL_BUILD, the folder to
build in, which holds edgellm_facts.svh, EDGELLM_INCLUDE, where generated headers are, and
EDGELLM_CXX, the compiler with its launcher."""

import os
import pathlib
import shlex
import shutil
import subprocess

TEST = pathlib.Path(__file__).resolve().parent
RTL = TEST.parent
ROOT = RTL.parent.parent
BUILD = pathlib.Path(os.environ["EDGELLM_RTL_BUILD"])

# The package first: the others refer to it.
PACKAGE = RTL / "edgellm_numerics.sv"
MODULES = [PACKAGE, *sorted(set(RTL.glob("*.sv")) - {PACKAGE}), TEST / "edgellm_bench.sv"]
# Every warning is an error but for what some parameters leave unused.
LINT = ["-Wall", "-Wno-UNUSEDSIGNAL", "-Wno-UNUSEDPARAM"]


def run(*command):
    """The output of a command, which must succeed."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Testbench:
    """edgellm_bench with these parameters, of these modules, built in BUILD/name."""

    def __init__(self, name, modules=MODULES, lint=LINT, **parameters):
        self.folder = BUILD / name
        self.channels = parameters.get("CHANNELS", 1)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        run("verilator", "--cc", "-O3", *lint, f"-I{BUILD}", "--top", "edgellm_bench",
            *[f"-G{key}={value}" for key, value in parameters.items()],
            "--Mdir", self.folder, *modules)
        verilated = sorted(self.folder.glob("*.cpp"))
        each_cycle = [source for source in verilated if not source.stem.endswith("Slow")]
        include = pathlib.Path(run("verilator", "--getenv", "VERILATOR_ROOT").strip()) / "include"
        runtime = [include / "verilated.cpp", include / "verilated_threads.cpp"]
        once = [*sorted(set(verilated) - set(each_cycle)), *runtime, TEST / "RtlTest.cpp"]
        numerics = [TEST / "Stimulus.cpp", ROOT / "hw/model/lib/Numerics.cpp"]
        flags = [f"-I{self.folder}", "-isystem", include, "-isystem", include / "vltstd"]
        # Compiling costs more than running what hardly runs.
        objects = [*self.compile("-O0", once, flags), *self.compile("-O1", each_cycle, flags),
                   *self.compile("-O2", numerics, [])]
        self.program = self.folder / "rtl-test"
        run(*shlex.split(os.environ["EDGELLM_CXX"])[-1:], *objects, "-lgtest", "-lgtest_main",
            "-pthread", "-o", self.program)

    def compile(self, optimisation, sources, flags):
        own = [ROOT / "include", ROOT / "hw/model/include", os.environ["EDGELLM_INCLUDE"]]
        objects = []
        for source in sources:
            objects.append(self.folder / (source.stem + ".o"))
            run(*shlex.split(os.environ["EDGELLM_CXX"]), "-std=c++20", "-ffp-contract=off",
                optimisation, f"-DEDGELLM_RTL_CHANNELS={self.channels}", *flags,
                *[f"-I{folder}" for folder in own], "-c", source, "-o", objects[-1])
        return objects

    def run(self, blocks, mutant=0):
        """Runs all tests; the exit code and what was printed."""
        environment = {**os.environ, "EDGELLM_RTL_BLOCKS": str(blocks),
                       "EDGELLM_RTL_MUTANT": str(mutant)}
        done = subprocess.run([self.program], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout
