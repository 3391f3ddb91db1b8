"""Synthesizes modules of hw/rtl with Yosys for the parts of the targets and counts what it maps them
to. Hierarchy is kept, so nothing is optimised across modules, each of which ends in registers."""

import collections
import graphlib
import json
import pathlib
import subprocess
import tempfile

RTL = pathlib.Path(__file__).resolve().parent
PACKAGE = RTL / "edgellm_numerics.sv"
MODULES = [PACKAGE, *sorted(set(RTL.glob("*.sv")) - {PACKAGE})]
FAMILY = "xcup"  # UltraScale+,
PARTS = ("xcvu", "xcu")  # which these parts are

# Places for LUTs that a cell takes. An inverter is a LUT where no other takes it in.
LUTS = {**{f"LUT{inputs}": 1 for inputs in range(1, 7)}, "INV": 1,
        "SRL16E": 1, "SRLC32E": 1, "RAM32M": 4, "RAM32M16": 8, "RAM64M": 4, "RAM64M8": 8}
FLIP_FLOPS = {"FDRE", "FDSE", "FDCE", "FDPE"}
# Outputs and inputs of what paths pass through; of other cells they start and end at.
PASSES = {**{f"LUT{inputs}": ("O", [f"I{i}" for i in range(inputs)]) for inputs in range(1, 7)},
          "INV": ("O", ["I"]), "MUXF7": ("O", ["I0", "I1", "S"]),
          "MUXF8": ("O", ["I0", "I1", "S"]), "MUXF9": ("O", ["I0", "I1", "S"])}
CARRY = "CARRY4"
KNOWN = {*LUTS, *FLIP_FLOPS, *PASSES, CARRY, "DSP48E2"}


def yosys(*commands):
    done = subprocess.run(["yosys", "-q", "-p", "; ".join(commands)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"yosys exited with {done.returncode}:\n{done.stdout}")


def version():
    text = subprocess.run(["yosys", "-V"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return text.split()[1]


def synthesize(facts, module, parameters):
    """What `module` is mapped to, as count() returns it. `facts` is the folder of
    edgellm_facts.svh."""
    with tempfile.TemporaryDirectory() as folder:
        netlist = pathlib.Path(folder) / "netlist.json"
        yosys(f"read_verilog -defer -sv -I{facts} {' '.join(map(str, MODULES))}",
              *[f"chparam -set {name} {value} {module}" for name, value in parameters.items()],
              f"synth_xilinx -family {FAMILY} -noiopad -noclkbuf -top {module}",
              "flatten", "opt_clean", f"write_json {netlist}")
        modules = json.loads(netlist.read_text())["modules"]
    return count(next(m["cells"] for m in modules.values() if "top" in m["attributes"]))


def count(cells):
    """LUTs, of which `paired` need no place of their own, flip-flops, DSPs, CARRY4s and logic
    levels of the longest path."""
    kinds = collections.Counter(cell["type"] for cell in cells.values())
    unknown = set(kinds) - KNOWN
    if unknown:
        raise RuntimeError(f"cells of unknown types {sorted(unknown)}; known are {sorted(KNOWN)}")
    return {"lut": sum(LUTS.get(kind, 0) * number for kind, number in kinds.items()),
            "paired": paired(cells),
            "ff": sum(kinds[kind] for kind in FLIP_FLOPS),
            "dsp": kinds["DSP48E2"],
            "carry4": kinds[CARRY],
            "levels": levels(cells)}


def inputs_of(cell):
    return [cell["connections"][name][0] for name in PASSES[cell["type"]][1]]


def paired(cells):
    """LUTs that only feed an operand into a carry chain and look at nothing but inputs of the LUT
    of the same bit, at most five in all: the second output of that LUT gives them as well. Yosys
    has no such LUTs; the FPGA does."""
    drivers, uses = {}, collections.Counter()
    for cell in cells.values():
        for name, bits in cell["connections"].items():
            if cell["port_directions"][name] == "input":
                uses.update(bits)
        if cell["type"].startswith("LUT"):
            drivers[cell["connections"]["O"][0]] = cell
    total = 0
    for cell in cells.values():
        if cell["type"] != CARRY:
            continue
        for select, operand in zip(cell["connections"]["S"], cell["connections"]["DI"]):
            if uses[operand] == 1 and operand in drivers and select in drivers:
                wanted = set(inputs_of(drivers[select]))
                total += len(wanted) <= 5 and set(inputs_of(drivers[operand])) <= wanted
    return total


def levels(cells):
    """Of the longest path between registers, DSPs, memories and ports: each LUT and wide
    multiplexer is a level, a carry chain is one whatever its length."""
    inputs = {}  # of each bit that is no start: bits, and the levels from them to it
    for cell in cells.values():
        if cell["type"] in PASSES:
            output = cell["connections"][PASSES[cell["type"]][0]][0]
            inputs[output] = {bit: 1 for bit in inputs_of(cell)}
        elif cell["type"] == CARRY:
            bits = cell["connections"]
            chain = {bit: 1 for name in ("CYINIT", "S", "DI") for bit in bits.get(name, [])}
            chain.update({bit: 0 for bit in bits.get("CI", [])})
            inputs.update({bit: chain for name in ("O", "CO") for bit in bits.get(name, [])})
    depth = {}
    order = graphlib.TopologicalSorter({bit: before.keys() for bit, before in inputs.items()})
    for bit in order.static_order():  # fails if there is a loop
        depth[bit] = max((depth[before] + more for before, more in inputs.get(bit, {}).items()),
                         default=0)
    return max(depth.values(), default=0)
