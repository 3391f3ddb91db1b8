// Additions and multiplications join the product before them.
// RUN: edgellm-opt %s --edgellm-fuse | FileCheck %s

// The residual is added before the product is rounded.
// CHECK-LABEL: func.func @residual
// CHECK: edgellm.linear %{{.*}} weight({{.*}}) add(%arg0)
// CHECK-NOT: edgellm.add
func.func @residual(%x: tensor<?x8xf16>) -> tensor<?x8xf16> {
  %y = edgellm.linear %x weight(dense<0.5> : tensor<8x8xf16>) : (tensor<?x8xf16>) -> tensor<?x8xf16>
  %h = edgellm.add %x, %y : tensor<?x8xf16>
  return %h : tensor<?x8xf16>
}

// The product may be either operand.
// CHECK-LABEL: func.func @gate
// CHECK: %[[S:.*]] = edgellm.silu
// CHECK: edgellm.linear %{{.*}} multiply(%[[S]])
// CHECK-NOT: edgellm.multiply
func.func @gate(%x: tensor<?x8xf16>) -> tensor<?x8xf16> {
  %u = edgellm.linear %x weight(dense<0.5> : tensor<8x8xf16>) bias(dense<1.0> : tensor<8xf16>) : (tensor<?x8xf16>) -> tensor<?x8xf16>
  %s = edgellm.silu %x : tensor<?x8xf16>
  %m = edgellm.multiply %u, %s : tensor<?x8xf16>
  return %m : tensor<?x8xf16>
}

// Of two products one takes the other.
// CHECK-LABEL: func.func @two
// CHECK: %[[A:.*]] = edgellm.linear %arg0 weight(dense<5.000000e-01>
// CHECK: edgellm.linear %arg0 weight(dense<2.500000e-01> : tensor<8x8xf16>) multiply(%[[A]])
func.func @two(%x: tensor<?x8xf16>) -> tensor<?x8xf16> {
  %a = edgellm.linear %x weight(dense<0.5> : tensor<8x8xf16>) : (tensor<?x8xf16>) -> tensor<?x8xf16>
  %b = edgellm.linear %x weight(dense<0.25> : tensor<8x8xf16>) : (tensor<?x8xf16>) -> tensor<?x8xf16>
  %m = edgellm.multiply %a, %b : tensor<?x8xf16>
  return %m : tensor<?x8xf16>
}

// A product that something else reads, is squared, or is already joined stays.
// CHECK-LABEL: func.func @kept
// CHECK: edgellm.add
// CHECK: edgellm.multiply
// CHECK: edgellm.add
func.func @kept(%x: tensor<?x8xf16>) -> (tensor<?x8xf16>, tensor<?x8xf16>, tensor<?x8xf16>, tensor<?x8xf16>) {
  %y = edgellm.linear %x weight(dense<0.5> : tensor<8x8xf16>) : (tensor<?x8xf16>) -> tensor<?x8xf16>
  %h = edgellm.add %x, %y : tensor<?x8xf16>
  %s = edgellm.linear %x weight(dense<0.5> : tensor<8x8xf16>) : (tensor<?x8xf16>) -> tensor<?x8xf16>
  %q = edgellm.multiply %s, %s : tensor<?x8xf16>
  %j = edgellm.linear %x weight(dense<0.5> : tensor<8x8xf16>) multiply(%x) : (tensor<?x8xf16>, tensor<?x8xf16>) -> tensor<?x8xf16>
  %z = edgellm.add %x, %j : tensor<?x8xf16>
  return %y, %h, %q, %z : tensor<?x8xf16>, tensor<?x8xf16>, tensor<?x8xf16>, tensor<?x8xf16>
}
