//===- edgellm-translate.cpp - Programs to isa and back -------------------===//
#include "EdgeLLM/Translation/ProgramTranslation.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
  edgellm::registerProgramTranslations();
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "EdgeLLM translation driver"));
}
