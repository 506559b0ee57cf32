# sinter::sinter: the rooms without their LLVM half as one shared library, libsinter.so, that exports
# only sinter's API.

# sinter_exports(target): a shared library that exports sinter's API and nothing else. It links its
# own objects, not their archive, so that --exclude-libs can hide the symbols of all archives. The
# version script hides the remaining symbols, which are instantiations of std templates. A symbol
# that the script lists is exported only with SINTER_API.
function(sinter_exports target)
  set(map ${PROJECT_SOURCE_DIR}/cmake/sinter.map)
  target_link_options(${target} PRIVATE LINKER:--exclude-libs,ALL LINKER:--gc-sections
    LINKER:--version-script=${map})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX LINK_DEPENDS ${map}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endfunction()

add_library(sinter SHARED
  $<TARGET_OBJECTS:sinter_ir> $<TARGET_OBJECTS:sinter_codegen> $<TARGET_OBJECTS:sinter_runtime>)
add_library(sinter::sinter ALIAS sinter)
target_include_directories(sinter INTERFACE
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/ir/include>
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/codegen/include>
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/runtime/include>)
target_link_libraries(sinter PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
sinter_fmt_definitions(sinter)
sinter_library(sinter)
sinter_exports(sinter)
