# sinter_llvm: LLVM 19 as one private interface target, shared or static by SINTER_LLVM.
#
# Debian's LLVM accepts only its exact version in find_package, so the version is checked after.
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)
find_package(LLVM REQUIRED CONFIG HINTS /usr/lib/llvm-19 NO_DEFAULT_PATH)
if(NOT LLVM_VERSION_MAJOR EQUAL 19)
  message(FATAL_ERROR "sinter needs LLVM 19, found ${LLVM_PACKAGE_VERSION} in ${LLVM_DIR}; "
                      "on Debian: apt-get install llvm-19-dev libzstd-dev")
endif()

add_library(sinter_llvm INTERFACE)
target_include_directories(sinter_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(sinter_llvm INTERFACE ${llvm_definitions})
if(SINTER_LLVM STREQUAL "static")
  llvm_map_components_to_libnames(llvm_libraries Core OrcJIT Support Target TargetParser
    X86CodeGen X86AsmParser X86Desc X86Info)
  target_link_libraries(sinter_llvm INTERFACE ${llvm_libraries})
else()
  target_link_libraries(sinter_llvm INTERFACE LLVM)
endif()
