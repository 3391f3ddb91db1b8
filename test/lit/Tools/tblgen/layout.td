// What a small table becomes: places of fields, ODS and reference.
// RUN: edgellm-tblgen --gen-reference -I %include %s | FileCheck %s --check-prefix=REF
// RUN: edgellm-tblgen --gen-isa-ops -I %include %s | FileCheck %s --check-prefix=ODS
// RUN: edgellm-tblgen --gen-instructions -I %include %s | FileCheck %s --check-prefix=CODE
// RUN: edgellm-tblgen --gen-isa-conversions -I %include %s | FileCheck %s --check-prefix=CONVERT

include "EdgeLLM/ISA/InstructionBase.td"

def First : Chapter<"How to paint", "With a brush.">;

def Colour : Enumeration<"Colour", "What it looks like", ["red", "blue"]>;

def Unit : Enumeration<"Unit", "Who works", ["painter", "dma"]>;

def PaintWall : Instruction<0x42, "Paints a wall", [
    Choice<"colour", 4, Colour, "of the paint">,
    Flag<"twice", "with a second coat">,
    Number<"walls", 50, 1, 9, "walls", "how many">,
    // Does not fit behind walls: starts the next word.
    Number<"width", 20, 0, 0, "m", "of a wall">,
    Affine<"height", "m", "of a wall">,
    Real<"gloss", "of the paint">,
    Set<"signal", Unit, "who is told">
  ]> {
  let unit = "painter";
  let semantics = [{ for w in 0..walls: paint }];
}

// REF: ## How to paint
// REF: With a brush.
// REF: ## paint_wall
// REF: Paints a wall. Opcode 0x42, 64 bytes, painter unit.
// REF: | `colour` | 0 | 8-11 | red, blue |  | of the paint |
// REF-NEXT: | `twice` | 0 | 12-12 | 0, 1 |  | with a second coat |
// REF-NEXT: | `walls` | 0 | 13-62 | 1 to 9 | walls | how many |
// REF-NEXT: | `width` | 1 | 0-19 | 0 to 1048575 | m | of a wall |
// REF-NEXT: | `height` | 2 | 0-59 | offset + factor * request | m | of a wall |
// REF-NEXT: | `gloss` | 3 | 0-31 | finite binary32 |  | of the paint |
// REF-NEXT: | `signal` | 3 | 32-33 | any of painter, dma |  | who is told |
// REF: for w in 0..walls: paint

// ODS: def ISA_ColourAttr : I32EnumAttr<"Colour"
// ODS: def ISA_PaintWallOp : ISA_InstructionOp<"paint_wall">
// ODS: let arguments = (ins ISA_ColourAttr:$colour,
// ODS-NEXT: BoolAttr:$twice,
// ODS-NEXT: I64Attr:$walls,
// ODS: ISA_AffineAttr:$height,
// ODS-NEXT: F32Attr:$gloss,
// ODS-NEXT: OptionalAttr<ISA_UnitSetAttr>:$signal,
// ODS-NEXT: OptionalAttr<StrAttr>:$source);
// ODS: `colour` `=` $colour
// ODS: `,` `gloss` `=` $gloss
// ODS-NEXT: (`signal` $signal^)?
// ODS-NEXT: (`from` $source^)? attr-dict

// CODE: kTableHash = 0x
// CODE: enum class Colour : uint8_t {
// CODE: inline constexpr unsigned kColours = 2;
// CODE: case Colour::red:
// CODE: struct PaintWall {
// CODE: static constexpr unsigned words = 8;
// CODE: static constexpr Unit unit = Unit::painter;
// CODE: int64_t walls{}; ///< how many
// CODE: Set<Unit> signal{}; ///< who is told
// CODE: action(FieldInfo{"walls", 0, 13, 50, 1, 9}, self.walls);
// CODE: action(FieldInfo{"signal", 3, 32, 2, 0, 3}, self.signal);
// CODE: packNumber(words[0], 13, 50, 1, 9, instruction.walls
// CODE: reservedAreZero(words[0], 0x7fffffffffffffff
// CODE: virtual void visit(const PaintWall &instruction) = 0;
// CODE: case 66: {

// CONVERT: instruction.walls = static_cast<int64_t>(op.getWalls());
// CONVERT: PaintWallOp::verify()
