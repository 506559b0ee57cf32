# sinter::sinter: all rooms as one shared library, libsinter.so, that exports only sinter's API.
#
# It links the rooms' objects, not their archives, so that --exclude-libs can hide the symbols of
# all archives: those of a static LLVM. The version script hides the remaining symbols, which are
# instantiations of std templates. A symbol that the script lists is exported only with SINTER_API.
add_library(sinter SHARED
  $<TARGET_OBJECTS:sinter_ir> $<TARGET_OBJECTS:sinter_codegen> $<TARGET_OBJECTS:sinter_runtime>)
add_library(sinter::sinter ALIAS sinter)
target_include_directories(sinter INTERFACE
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/ir/include>
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/codegen/include>
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/runtime/include>)
target_link_libraries(sinter PRIVATE sinter_llvm Threads::Threads)
sinter_fmt_definitions(sinter)
sinter_library(sinter)
target_link_options(sinter PRIVATE LINKER:--exclude-libs,ALL LINKER:--gc-sections
  LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/sinter.map)
set_target_properties(sinter PROPERTIES LINKER_LANGUAGE CXX
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/sinter.map
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
