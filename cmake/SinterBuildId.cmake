# sinter_build_id(target): adds a source to `target` that defines sinter::detail::build_id. It
# identifies the version, the sources of ir, codegen and runtime/llvm, the headers of runtime, the
# compiler, and the forms of std::string and containers, which cross the table of the module.
# libsinter.so takes only a module with the same identity.
#
# As a script (cmake -P), it writes that source.
if(CMAKE_SCRIPT_MODE_FILE)
  file(STRINGS ${SOURCES} sources)
  set(hashes ${COMPILER})
  foreach(source IN LISTS sources)
    file(SHA256 ${source} hash)
    string(APPEND hashes ${hash})
  endforeach()
  string(SHA256 hash "${hashes}")
  string(SUBSTRING ${hash} 0 16 hash)
  file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"#include \"cpu/llvm_compiler.h\"
#if defined(_LIBCPP_VERSION)
#define SINTER_LIBRARY \"-libc++\"
#elif defined(_GLIBCXX_DEBUG)
#define SINTER_LIBRARY \"-debug\"
#elif !_GLIBCXX_USE_CXX11_ABI
#define SINTER_LIBRARY \"-old-abi\"
#else
#define SINTER_LIBRARY \"\"
#endif
const char* const sinter::detail::build_id = \"@VERSION@-@hash@\" SINTER_LIBRARY;
")
  return()
endif()

function(sinter_build_id target)
  set(root ${PROJECT_SOURCE_DIR})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${root}/ir/*.cpp ${root}/ir/*.h ${root}/ir/*.def
    ${root}/codegen/*.cpp ${root}/codegen/*.h ${root}/runtime/*.h ${root}/runtime/llvm/*.cpp)
  set(list ${CMAKE_CURRENT_BINARY_DIR}/build_id_sources.txt)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/build_id.cpp)
  list(JOIN sources "\n" lines)
  file(CONFIGURE OUTPUT ${list} CONTENT "${lines}\n" @ONLY)
  add_custom_command(OUTPUT ${output} DEPENDS ${sources} ${list} VERBATIM
    COMMAND ${CMAKE_COMMAND} -D SOURCES=${list} -D OUTPUT=${output} -D VERSION=${PROJECT_VERSION}
            -D COMPILER=${CMAKE_CXX_COMPILER_ID}-${CMAKE_CXX_COMPILER_VERSION}
            -P ${root}/cmake/SinterBuildId.cmake)
  target_sources(${target} PRIVATE ${output})
endfunction()
