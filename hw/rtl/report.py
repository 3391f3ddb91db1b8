#!/usr/bin/python3
"""What the RTL takes of the FPGAs of the targets, by Yosys: synthesis, not place and route, and no
clock. Writes the counts of each unit as JSON, and as text with what follows for whole arrays.

    report.py --facts=FOLDER --json=FILE --text=FILE    synthesizes all units (minutes)
    report.py --from=report.json --text=FILE            the text of counts made before

FOLDER holds edgellm_facts.svh of the build; `cmake --build build --target edgellm-rtl-report`
gives both files in build/hw/rtl."""

import argparse
import json
import pathlib
import sys

import synthesis

RTL = pathlib.Path(__file__).resolve().parent
TARGETS = RTL.parent / "targets"

BOTH, INT4, FP16 = {}, {"FP16": "1'b0"}, {"INT4": "1'b0"}
MODES = {"both": BOTH, "int4": INT4, "fp16": FP16}
MULTIPLIERS = {"LUT": {}, "DSP": {"DSP": "1'b1"}}

# Name: module and parameters.
UNITS = {"align": ("edgellm_align", {}),
         "distances": ("edgellm_distances", {}),
         **{f"{unit} {mode} {kind}": (f"edgellm_{unit}", {**modes, **multiplier})
            for unit in ("quad", "dot")
            for mode, modes in MODES.items() for kind, multiplier in MULTIPLIERS.items()},
         "adder_tree": ("edgellm_adder_tree", {}),
         "convert": ("edgellm_convert", {}),
         "normal_half": ("edgellm_normal_half", {}),
         "scale": ("edgellm_scale", {}),
         "add": ("edgellm_add", {}),
         "sum8": ("edgellm_sum8", {}),
         **{f"sparse_select {keep}of8": ("edgellm_sparse_select", {"KEEP": keep})
            for keep in (4, 2, 1)}}
# Dot units of each output channel.
ARRAYS = {"both modes in one": ["both"], "INT4 and FP16 apart": ["int4", "fp16"],
          "INT4 alone": ["int4"], "FP16 alone": ["fp16"]}
RESOURCES = ["lut", "ff", "dsp"]


def counts_of(names, facts):
    return {name: synthesis.synthesize(facts, *UNITS[name]) for name in names}


def placed(counts):
    """LUTs that need a place of their own."""
    return counts["lut"] - counts["paired"]


def total(counts, parts):
    """Sum of resources of `parts`, pairs of a number and a unit."""
    result = dict.fromkeys(RESOURCES, 0)
    for number, unit in parts:
        result["lut"] += number * placed(counts[unit])
        result["ff"] += number * counts[unit]["ff"]
        result["dsp"] += number * counts[unit]["dsp"]
    return result


def machines():
    """Targets with an FPGA of the family, in groups that differ in nothing that counts here."""
    groups = {}
    for file in sorted(TARGETS.glob("*.json")):
        target = json.loads(file.read_text())
        if target.get("part", "").startswith(synthesis.PARTS):
            shape = json.dumps([target[key] for key in ("fabric", "array", "clocks")])
            groups.setdefault(shape, []).append(target)
    return groups.values()


def unit_lines(counts):
    yield f"{'unit':20}{'LUT':>8}{'placed':>8}{'FF':>8}{'DSP':>6}{'CARRY4':>8}{'levels':>8}"
    for name in UNITS:
        c = counts[name]
        yield (f"{name:20}{c['lut']:8}{placed(c):8}{c['ff']:8}{c['dsp']:6}{c['carry4']:8}"
               f"{c['levels']:8}")


def array_lines(counts, group):
    fabric, array, clocks = (group[0][key] for key in ("fabric", "array", "clocks"))
    yield (f"{', '.join(target['name'] for target in group)}: {fabric['lut']} LUT, "
           f"{fabric['ff']} FF, {fabric['dsp']} DSP")
    for clock in sorted({clocks["core_mhz"], clocks["hbm_mhz"]}):
        channels = array["outputs"] * clocks["core_mhz"] / clock
        if channels != int(channels):
            raise ValueError(f"{group[0]['name']}: {channels} channels at {clock} MHz")
        yield f"  {int(channels)} channels, enough at {clock} MHz"
        for kind in MULTIPLIERS:
            for what, modes in ARRAYS.items():
                parts = [(1, "align")] + [(int(channels), f"dot {m} {kind}") for m in modes]
                yield f"    {what + ', ' + kind:26}" + shares(total(counts, parts), fabric)


def shares(resources, fabric):
    parts = [f"{resources[name]:8} {name.upper():3} {100 * resources[name] / fabric[name]:5.1f} %"
             for name in RESOURCES]
    return "".join(parts)


def text_of(report):
    lines = [f"Yosys {report['yosys']}, synth_xilinx -family {synthesis.FAMILY}; one unit each",
             "", *unit_lines(report["units"]), "", "Arrays: one align, of both modes, and a dot a channel; placed LUTs", ""]
    for group in machines():
        lines += array_lines(report["units"], group)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--facts", help="folder of edgellm_facts.svh; synthesizes")
    source.add_argument("--from", dest="made", help="counts made before")
    parser.add_argument("--json", help="where to write the counts")
    parser.add_argument("--text", help="where to write the text; else it is printed")
    options = parser.parse_args()
    if options.made:
        report = json.loads(pathlib.Path(options.made).read_text())
    else:
        report = {"yosys": synthesis.version(), "units": counts_of(UNITS, options.facts)}
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    if options.text:
        pathlib.Path(options.text).write_text(text_of(report))
    else:
        sys.stdout.write(text_of(report))


if __name__ == "__main__":
    main()
