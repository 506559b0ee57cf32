# The LLVM half of sinter: codegen/llvm and runtime/llvm, which compile kernels for CPUs.
#
# sinter::llvm is the module libsinter-llvm.so. libsinter.so loads it when a kernel first has to be
# compiled; programs that call emit_llvm and its neighbours link it. It holds its own copy of the
# functions of the rooms that it uses, and exports what codegen/llvm.h declares and the entry for
# libsinter.so. sinter::llvm_static is the same part for programs of static libraries: they need no
# module then.
#
# SINTER_LLVM says how the module links LLVM 19: shared or static.
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

add_library(sinter_with_llvm INTERFACE)
set_target_properties(sinter_with_llvm PROPERTIES EXPORT_NAME with_llvm)
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
# Only sinter's own sources include LLVM headers, so these options are not exported.
foreach(directory IN LISTS LLVM_INCLUDE_DIRS)
  target_include_directories(sinter_with_llvm SYSTEM INTERFACE $<BUILD_INTERFACE:${directory}>)
endforeach()
foreach(definition IN LISTS llvm_definitions)
  target_compile_options(sinter_with_llvm INTERFACE $<BUILD_INTERFACE:${definition}>)
endforeach()
if(SINTER_LLVM STREQUAL "static")
  set(llvm_backends X86CodeGen X86AsmParser X86Desc X86Info)
  if("AArch64" IN_LIST LLVM_TARGETS_TO_BUILD)
    list(APPEND llvm_backends AArch64CodeGen AArch64Desc AArch64Info)
  endif()
  llvm_map_components_to_libnames(llvm_libraries Core OrcJIT Support Target TargetParser
    ${llvm_backends})
  target_link_libraries(sinter_with_llvm INTERFACE ${llvm_libraries})
elseif(SINTER_LLVM STREQUAL "shared")
  target_link_libraries(sinter_with_llvm INTERFACE LLVM)
else()
  message(FATAL_ERROR "SINTER_LLVM is '${SINTER_LLVM}'; it must be shared, static or OFF")
endif()

add_library(sinter_llvm_static STATIC)
add_library(sinter::llvm_static ALIAS sinter_llvm_static)
add_subdirectory(codegen/llvm)
add_subdirectory(runtime/llvm)
target_sources(sinter_llvm_static PUBLIC FILE_SET HEADERS BASE_DIRS codegen/include
  FILES codegen/include/sinter/codegen/llvm.h)
set_target_properties(sinter_llvm_static PROPERTIES EXPORT_NAME llvm_static
  INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
target_include_directories(sinter_llvm_static PRIVATE codegen runtime)
target_link_libraries(sinter_llvm_static PUBLIC sinter_runtime sinter_with_llvm
  PRIVATE $<BUILD_INTERFACE:sinter_fmt>)
# runtime refers to the entry weakly, which alone would not link it.
target_link_options(sinter_llvm_static INTERFACE LINKER:--undefined=sinter_llvm_compiler)
sinter_library(sinter_llvm_static)
sinter_precompile(sinter_llvm_static <llvm/IR/IRBuilder.h>)

add_library(sinter_llvm SHARED $<TARGET_OBJECTS:sinter_llvm_static>)
add_library(sinter::llvm ALIAS sinter_llvm)
# An LLVM outside the loader's folders is found where the build found it.
set_target_properties(sinter_llvm PROPERTIES EXPORT_NAME llvm OUTPUT_NAME sinter-llvm
  INSTALL_RPATH_USE_LINK_PATH ON)
target_link_libraries(sinter_llvm INTERFACE sinter PRIVATE sinter_runtime sinter_with_llvm)
sinter_library(sinter_llvm)
sinter_exports(sinter_llvm)
# A program that links sinter::sinter finds the module beside it.
add_dependencies(sinter sinter_llvm)
