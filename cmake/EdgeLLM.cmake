# One function a kind of thing that the tree is made of.

# A library without LLVM: C++20, exceptions on. NAME-fuzz is the same for
# fuzzers: with coverage, sanitizers and assertions, and built only for them.
function(edgellm_add_plain_library name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_LIBS})

  add_library(${name}-fuzz STATIC EXCLUDE_FROM_ALL ${ARG_UNPARSED_ARGUMENTS})
  edgellm_link_for_fuzzing(${name}-fuzz PUBLIC ${ARG_LIBS})
  # What the callers of this function add to the library holds for both.
  target_include_directories(${name}-fuzz PUBLIC
    $<TARGET_PROPERTY:${name},INCLUDE_DIRECTORIES>)
  target_compile_definitions(${name}-fuzz PRIVATE
    $<TARGET_PROPERTY:${name},COMPILE_DEFINITIONS>)
  add_dependencies(${name}-fuzz edgellm-headers)
endfunction()

# Links the fuzzers' variants of plain libraries, and other libraries as they
# are.
function(edgellm_link_for_fuzzing name scope)
  list(TRANSFORM ARGN REPLACE "^EdgeLLM.+$" "\\0-fuzz")
  target_link_libraries(${name} ${scope} ${ARGN} edgellm-fuzzing)
endfunction()

# A tool without LLVM, built into bin/.
function(edgellm_add_plain_tool name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
endfunction()

# A library on MLIR. Exceptions are on, but none may leave a function that MLIR
# calls: libMLIR is built without them (see Support/Guard.h).
function(edgellm_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_link_libraries(${name} PUBLIC ${ARG_LIBS})
  target_link_libraries(${name} PUBLIC MLIR LLVM)
  add_dependencies(${name} edgellm-headers)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# A tool on MLIR, built into bin/.
function(edgellm_add_mlir_tool name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
  target_link_libraries(${name} PRIVATE MLIR LLVM)
  set_target_properties(${name} PROPERTIES BUILD_RPATH ${LLVM_LIBRARY_DIR})
  add_dependencies(${name} edgellm-headers)
endfunction()

# A GoogleTest executable, registered with ctest.
function(edgellm_add_unittest name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                        ${CMAKE_BINARY_DIR}/test/unit)
  add_test(NAME ${name} COMMAND ${name})
  add_dependencies(edgellm-unit-tests ${name})
endfunction()

# A libFuzzer executable of NAME.cpp, registered with ctest as fuzz-NAME: it runs
# every file of test/corpus/NAME and of the folders SEEDS, then mutations of them
# for EDGELLM_FUZZ_SECONDS. What it finds to be new stays in test/fuzz/corpus of the
# build folder for the next run; an input that fails is written beside it.
function(edgellm_add_fuzzer name)
  cmake_parse_arguments(ARG "" "" "LIBS;SEEDS" ${ARGN})
  list(TRANSFORM ARG_SEEDS PREPEND ${PROJECT_SOURCE_DIR}/)
  set(folder ${CMAKE_BINARY_DIR}/test/fuzz)
  add_executable(fuzz-${name} ${name}.cpp)
  edgellm_link_for_fuzzing(fuzz-${name} PRIVATE ${ARG_LIBS})
  target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${folder})
  file(MAKE_DIRECTORY ${folder}/corpus/${name})
  add_test(NAME fuzz-${name} COMMAND fuzz-${name}
    -max_total_time=${EDGELLM_FUZZ_SECONDS} -timeout=5 -rss_limit_mb=768
    -artifact_prefix=${folder}/${name}- -print_final_stats=1
    ${folder}/corpus/${name} ${PROJECT_SOURCE_DIR}/test/corpus/${name} ${ARG_SEEDS})
endfunction()

# What mlir-tblgen makes of <Name>Ops.td of a dialect: declarations and
# definitions of the dialect, its enums, attributes, types and ops.
function(edgellm_add_dialect name mnemonic)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  set(TABLEGEN_OUTPUT)
  set(kinds dialect enum attrdef typedef op)
  set(outputs Dialect Enums Attrs Types Ops)
  foreach(kind output IN ZIP_LISTS kinds outputs)
    set(filter -dialect=${mnemonic})
    if(kind MATCHES "attrdef|typedef")
      set(filter -${kind}s-dialect=${mnemonic})
    elseif(kind STREQUAL "enum") # belongs to no dialect
      set(filter)
    endif()
    mlir_tablegen(${name}${output}.h.inc -gen-${kind}-decls ${filter}
                  DEPENDS ${ARG_DEPENDS})
    mlir_tablegen(${name}${output}.cpp.inc -gen-${kind}-defs ${filter}
                  DEPENDS ${ARG_DEPENDS})
  endforeach()
  add_custom_target(edgellm-${mnemonic}-dialect DEPENDS ${TABLEGEN_OUTPUT})
  add_dependencies(edgellm-headers edgellm-${mnemonic}-dialect)
endfunction()

# The pass declarations of Passes.td in the current folder.
function(edgellm_add_passes name)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  set(TABLEGEN_OUTPUT)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name ${name})
  add_custom_target(edgellm-${name}-passes DEPENDS ${TABLEGEN_OUTPUT})
  add_dependencies(edgellm-headers edgellm-${name}-passes)
endfunction()

# Installs files of the current folder into share/edgellm/<folder>; `target`
# stands for them.
function(edgellm_share target folder)
  set(outputs)
  foreach(file ${ARGN})
    set(output ${EDGELLM_SHARE_DIR}/${folder}/${file})
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${output}
      DEPENDS ${file})
    list(APPEND outputs ${output})
  endforeach()
  add_custom_target(${target} ALL DEPENDS ${outputs})
endfunction()

# Installs targets into share/edgellm: their descriptions, with the schema, and
# for each the xclbin that makes the device model this machine.
function(edgellm_add_targets)
  list(TRANSFORM ARGN APPEND .json OUTPUT_VARIABLE files)
  edgellm_share(edgellm-targets targets target.schema.json ${files})
  set(xclbins)
  foreach(name ${ARGN})
    set(json ${EDGELLM_SHARE_DIR}/targets/${name}.json)
    set(xclbin ${EDGELLM_SHARE_DIR}/xclbin/${name}.xclbin)
    add_custom_command(OUTPUT ${xclbin}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${EDGELLM_SHARE_DIR}/xclbin
      COMMAND edgellm-xclbin --target=${json} -o ${xclbin}
      DEPENDS edgellm-xclbin ${json}
      COMMENT "Writing ${name}.xclbin")
    list(APPEND xclbins ${xclbin})
  endforeach()
  add_custom_target(edgellm-xclbins ALL DEPENDS ${xclbins})
endfunction()
