//===- edgellm-opt.cpp - Every pass and pipeline by hand ------------------===//
#include "EdgeLLM/Pipeline/Pipeline.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  edgellm::registerDialects(registry);
  edgellm::registerPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "EdgeLLM optimizer driver\n", registry));
}
