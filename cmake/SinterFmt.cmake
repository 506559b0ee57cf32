# fmt, compiled once (fmt.cpp) rather than in every file that includes it.
#
# sinter_fmt has the declarations, in an inline namespace of sinter's, so that they clash with no
# other fmt. sinter_fmt_definitions(target) adds the compiled functions to a target: to sinter_ir for
# all static libraries, to libsinter.so, and to sinter_bench, since libsinter.so exports no fmt.
find_package(fmt REQUIRED)
add_library(sinter_fmt INTERFACE)
target_compile_definitions(sinter_fmt INTERFACE
  "FMT_BEGIN_NAMESPACE=namespace fmt { inline namespace sinter_fmt {" "FMT_END_NAMESPACE=} }")
target_include_directories(sinter_fmt SYSTEM INTERFACE
  $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)

add_library(sinter_fmt_definitions OBJECT cmake/fmt.cpp)
target_link_libraries(sinter_fmt_definitions PRIVATE sinter_fmt)
sinter_library(sinter_fmt_definitions)

function(sinter_fmt_definitions target)
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:sinter_fmt_definitions>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:sinter_fmt>)
endfunction()
