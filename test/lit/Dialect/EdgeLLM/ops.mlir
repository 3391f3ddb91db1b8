// Every op of the edgellm dialect, printed and parsed again.
// RUN: edgellm-opt %s | edgellm-opt | FileCheck %s

#weight = #edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16>

module attributes {edgellm.checkpoint = "models/demo"} {
  // CHECK-LABEL: func.func @block
  // CHECK-SAME: !edgellm.kv_cache<2 x 512 x 64>
  // CHECK-SAME: edgellm.max_tokens = 512
  func.func @block(%ids: tensor<?xi32>, %keys: !edgellm.kv_cache<2 x 512 x 64>,
                   %values: !edgellm.kv_cache<2 x 512 x 64>)
      -> (tensor<1x256xf16>, tensor<1xi32>)
      attributes {edgellm.max_tokens = 512} {
    // CHECK: edgellm.embedding %{{.*}} table(#edgellm.external<"model.safetensors", "embed"> : tensor<2048x256xf16>)
    %x = edgellm.embedding %ids
      table(#edgellm.external<"model.safetensors", "embed"> : tensor<2048x256xf16>)
      : tensor<?xi32> -> tensor<?x256xf16>
    // Learned positions are added on the host, too.
    // CHECK: edgellm.embedding %{{.*}} table({{.*}}) positions(#edgellm.external<"model.safetensors", "wpe"> : tensor<512x256xf16>) : tensor<?xi32>
    %xp = edgellm.embedding %ids
      table(#edgellm.external<"model.safetensors", "embed"> : tensor<2048x256xf16>)
      positions(#edgellm.external<"model.safetensors", "wpe"> : tensor<512x256xf16>)
      : tensor<?xi32> -> tensor<?x256xf16>
    // A literal weight works like one of a file.
    // CHECK: edgellm.rms_norm %{{.*}} weight(dense<1.000000e+00> : tensor<256xf16>) epsilon(9.99999974E-6) : tensor<?x256xf16>
    %n = edgellm.rms_norm %x weight(dense<1.0> : tensor<256xf16>)
      epsilon(1.0e-05) : tensor<?x256xf16>
    // Four heads, each normalised on its own with one weight.
    // CHECK: edgellm.rms_norm %{{.*}} head_size(64) weight(dense<1.000000e+00> : tensor<64xf16>) epsilon(9.99999997E-7) : tensor<?x256xf16>
    %nh = edgellm.rms_norm %x head_size(64) weight(dense<1.0> : tensor<64xf16>)
      epsilon(1.0e-06) : tensor<?x256xf16>
    // CHECK: edgellm.layer_norm %{{.*}} weight(dense<1.000000e+00> : tensor<256xf16>) bias(dense<0.000000e+00> : tensor<256xf16>) epsilon(1.000000e+00) : tensor<?x256xf16>
    %ln = edgellm.layer_norm %x weight(dense<1.0> : tensor<256xf16>)
      bias(dense<0.0> : tensor<256xf16>) epsilon(1.0) : tensor<?x256xf16>
    // CHECK: edgellm.linear %{{.*}} weight(#edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16>) bias(dense<0.000000e+00> : tensor<256xf16>)
    %q = edgellm.linear %n weight(#weight) bias(dense<0.0> : tensor<256xf16>)
      : (tensor<?x256xf16>) -> tensor<?x256xf16>
    // CHECK: edgellm.rope %{{.*}} pairing(half) head_size(64) rotary(64) theta(1.000000e+04)
    %r = edgellm.rope %q pairing(half) head_size(64) rotary(64) theta(1.0e+04)
      : tensor<?x256xf16>
    // CHECK: edgellm.rope %{{.*}} pairing(adjacent) head_size(64) rotary(32)
    %p = edgellm.rope %q pairing(adjacent) head_size(64) rotary(32) theta(1.0e+04)
      : tensor<?x256xf16>
    // Stretched to longer contexts.
    // CHECK: edgellm.rope %{{.*}} theta(1.000000e+04) scaling(<linear, factor = 2.500000e+00>) : tensor<?x256xf16>
    %p1 = edgellm.rope %q pairing(half) head_size(64) rotary(64) theta(1.0e+04)
      scaling(<linear, factor = 2.5>) : tensor<?x256xf16>
    // CHECK: edgellm.rope %{{.*}} scaling(<llama3, factor = 8.000000e+00, original = 8.192000e+03, low = 1.000000e+00, high = 4.000000e+00>)
    %p2 = edgellm.rope %q pairing(half) head_size(64) rotary(64) theta(5.0e+05)
      scaling(<llama3, factor = 8.0, original = 8192.0, low = 1.0, high = 4.0>)
      : tensor<?x256xf16>
    // CHECK: edgellm.rope %{{.*}} scaling(<yarn, factor = 4.000000e+00, original = 3.276800e+04, low = 1.000000e+00, high = 3.200000e+01, attention = 1.1386294361119891, truncate = false>)
    %p3 = edgellm.rope %q pairing(half) head_size(64) rotary(64) theta(1.0e+06)
      scaling(<yarn, factor = 4.0, original = 32768.0, low = 1.0, high = 32.0,
      attention = 1.1386294361119891, truncate = false>) : tensor<?x256xf16>
    // The file has [in, out]: rows of the type are columns there.
    // CHECK: edgellm.linear %{{.*}} weight(#edgellm.external<"model.safetensors", "c_proj", transposed> : tensor<256x256xf16>)
    %t1 = edgellm.linear %n weight(#edgellm.external<"model.safetensors", "c_proj", transposed> : tensor<256x256xf16>)
      : (tensor<?x256xf16>) -> tensor<?x256xf16>
    // CHECK: edgellm.linear %{{.*}} weight(#edgellm.external<"model.safetensors", "c_attn", rows <256 to 512 of 768>, transposed> : tensor<256x256xf16>)
    %t2 = edgellm.linear %n weight(#edgellm.external<"model.safetensors", "c_attn", rows <256 to 512 of 768>, transposed> : tensor<256x256xf16>)
      : (tensor<?x256xf16>) -> tensor<?x256xf16>
    %k = edgellm.linear %n weight(dense<0.5> : tensor<128x256xf16>)
      : (tensor<?x256xf16>) -> tensor<?x128xf16>
    %v = edgellm.linear %n weight(dense<0.5> : tensor<128x256xf16>)
      : (tensor<?x256xf16>) -> tensor<?x128xf16>
    // CHECK: edgellm.attention %{{.*}}, %{{.*}}, %{{.*}} keys(%{{.*}}) values(%{{.*}}) scale(1.250000e-01)
    %a = edgellm.attention %r, %k, %v keys(%keys) values(%values) scale(0.125)
      : (tensor<?x256xf16>, tensor<?x128xf16>, tensor<?x128xf16>,
         !edgellm.kv_cache<2 x 512 x 64>, !edgellm.kv_cache<2 x 512 x 64>)
      -> tensor<?x256xf16>
    // CHECK: edgellm.silu
    %s = edgellm.silu %a : tensor<?x256xf16>
    // CHECK: edgellm.gelu
    %g = edgellm.gelu %a : tensor<?x256xf16>
    // CHECK: edgellm.multiply
    %m = edgellm.multiply %s, %p : tensor<?x256xf16>
    // CHECK: edgellm.add
    %h = edgellm.add %x, %m : tensor<?x256xf16>
    // CHECK: edgellm.last_token %{{.*}} : tensor<?x256xf16> -> tensor<1x256xf16>
    %l = edgellm.last_token %h : tensor<?x256xf16> -> tensor<1x256xf16>
    // An encoding says how the machine holds the weight; a join saves a step.
    // CHECK: edgellm.linear %{{.*}} weight(#edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>) add(%{{.*}})
    %y = edgellm.linear %l
      weight(#edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>)
      add(%l) : (tensor<1x256xf16>, tensor<1x256xf16>) -> tensor<1x256xf16>
    // Sparse weights: at most 2 of every 8 neighbouring inputs; at 1 of 8 the
    // addresses may be padded to 4 bits.
    // CHECK: edgellm.linear %{{.*}} weight(#edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16, #edgellm.block_sparse<2 of 8, magnitude, #edgellm.block_quant<i4, 128, f16, scale_search>>>)
    %s2 = edgellm.linear %l
      weight(#edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16, #edgellm.block_sparse<2 of 8, magnitude, #edgellm.block_quant<i4, 128, f16, scale_search>>>)
      : (tensor<1x256xf16>) -> tensor<1x256xf16>
    // CHECK: edgellm.linear %{{.*}} weight(#edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16, #edgellm.block_sparse<1 of 8, sparsegpt, #edgellm.block_quant<i4, 128, f16, gptq>, padded>>)
    %s1 = edgellm.linear %l
      weight(#edgellm.external<"model.safetensors", "w"> : tensor<256x256xf16, #edgellm.block_sparse<1 of 8, sparsegpt, #edgellm.block_quant<i4, 128, f16, gptq>, padded>>)
      : (tensor<1x256xf16>) -> tensor<1x256xf16>
    // CHECK: edgellm.linear %{{.*}} multiply(%{{.*}})
    %z = edgellm.linear %y weight(#weight) multiply(%l)
      : (tensor<1x256xf16>, tensor<1x256xf16>) -> tensor<1x256xf16>
    // Rows of a tensor that holds the weights of several operators.
    // CHECK: edgellm.linear %{{.*}} weight(#edgellm.external<"model.safetensors", "qkv", rows <256 to 384 of 512>> : tensor<128x256xf16>) bias(#edgellm.external<"model.safetensors", "qkv_bias", rows <0 to 128 of 512>> : tensor<128xf16>)
    %u = edgellm.linear %y
      weight(#edgellm.external<"model.safetensors", "qkv", rows <256 to 384 of 512>> : tensor<128x256xf16>)
      bias(#edgellm.external<"model.safetensors", "qkv_bias", rows <0 to 128 of 512>> : tensor<128xf16>)
      : (tensor<1x256xf16>) -> tensor<1x128xf16>
    // CHECK: edgellm.argmax %{{.*}} : tensor<1x256xf16> -> tensor<1xi32>
    %t = edgellm.argmax %z : tensor<1x256xf16> -> tensor<1xi32>
    return %z, %t : tensor<1x256xf16>, tensor<1xi32>
  }
}
