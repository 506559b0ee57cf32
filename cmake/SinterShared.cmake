# sinter::sinter: the rooms as one shared library, libsinter.so, that shows sinter's API only.
#
# Made of the rooms' objects, not of their archives, so that --exclude-libs hides all archives: the
# static LLVM. The version script hides what remains, which is instantiations of std templates;
# what it lists still needs SINTER_API to be exported.
add_library(sinter SHARED
  $<TARGET_OBJECTS:sinter_ir> $<TARGET_OBJECTS:sinter_codegen> $<TARGET_OBJECTS:sinter_runtime>)
add_library(sinter::sinter ALIAS sinter)
target_include_directories(sinter INTERFACE
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/ir/include>
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/codegen/include>
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/runtime/include>)
target_link_libraries(sinter PRIVATE sinter_llvm Threads::Threads)
sinter_library(sinter)
target_link_options(sinter PRIVATE LINKER:--exclude-libs,ALL LINKER:--gc-sections
  LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/sinter.map)
set_target_properties(sinter PROPERTIES LINKER_LANGUAGE CXX
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/sinter.map
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
