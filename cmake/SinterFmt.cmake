# fmt, compiled once (fmt.cpp) rather than in every file that includes it.
#
# sinter_fmt declares fmt's functions in an inline namespace of sinter's. A library that other
# sinter code links calls sinter_fmt_definitions(target) to hold them: sinter_ir for all rooms,
# libsinter.so, and sinter_bench, because libsinter.so hides what it holds.
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
