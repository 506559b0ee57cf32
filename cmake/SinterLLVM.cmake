# sinter_llvm: LLVM 19 as one private interface target, shared or static by SINTER_LLVM.
#
# Debian's LLVM accepts only its exact version in find_package, so the major version is checked
# afterwards. Set LLVM_DIR (or LLVM_ROOT, or CMAKE_PREFIX_PATH) to use another LLVM 19 than
# Debian's.
find_package(LLVM CONFIG QUIET HINTS /usr/lib/llvm-19)
if(NOT LLVM_VERSION_MAJOR EQUAL 19)
  message(FATAL_ERROR "sinter needs LLVM 19, found '${LLVM_PACKAGE_VERSION}' at '${LLVM_DIR}'. "
    "On Debian: apt-get install llvm-19-dev; elsewhere set LLVM_DIR to the directory of LLVM 19's "
    "LLVMConfig.cmake")
endif()

add_library(sinter_llvm INTERFACE)
set_target_properties(sinter_llvm PROPERTIES EXPORT_NAME llvm)
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
# Only sinter's own sources include LLVM headers, so these options are not exported.
foreach(directory IN LISTS LLVM_INCLUDE_DIRS)
  target_include_directories(sinter_llvm SYSTEM INTERFACE $<BUILD_INTERFACE:${directory}>)
endforeach()
foreach(definition IN LISTS llvm_definitions)
  target_compile_options(sinter_llvm INTERFACE $<BUILD_INTERFACE:${definition}>)
endforeach()
if(SINTER_LLVM STREQUAL "static")
  set(llvm_backends X86CodeGen X86AsmParser X86Desc X86Info)
  if("AArch64" IN_LIST LLVM_TARGETS_TO_BUILD)
    list(APPEND llvm_backends AArch64CodeGen AArch64Desc AArch64Info)
  endif()
  llvm_map_components_to_libnames(llvm_libraries Core OrcJIT Support Target TargetParser
    ${llvm_backends})
  target_link_libraries(sinter_llvm INTERFACE ${llvm_libraries})
elseif(SINTER_LLVM STREQUAL "shared")
  target_link_libraries(sinter_llvm INTERFACE LLVM)
else()
  message(FATAL_ERROR "SINTER_LLVM is '${SINTER_LLVM}'; it must be shared or static")
endif()
