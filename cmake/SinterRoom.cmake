# sinter_room(name [SOURCES ...] [FOLDERS ...] HEADERS ... [PUBLIC targets] [PRIVATE targets])
#
# One room: a static library sinter_<name> (alias sinter::<name>) with the public headers under
# <name>/include/sinter/<name>/ as its file set. A room can include its own headers and those of the
# rooms it links, so an upward include does not compile. Each folder adds its sources to the
# library. Sources include private headers by their path in the room.
add_library(sinter_warnings INTERFACE)
# g++ 12 reports these inside libstdc++'s own string and vector code (GCC bugs 105329, 105651).
set(sinter_false_alarms -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
target_compile_options(sinter_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wno-sign-conversion -Wnon-virtual-dtor -Wswitch
  $<$<CXX_COMPILER_ID:GNU>:${sinter_false_alarms}> $<$<BOOL:${SINTER_WERROR}>:-Werror>)

# Options of all libraries of sinter. Contraction is off because host code (interpreter, constant
# folding) also computes results, whose bits it would change. STB_GNU_UNIQUE symbols are off because
# two copies of sinter in one process would share them, and neither could be unloaded.
function(sinter_library target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -ffp-contract=off
    $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:sinter_warnings>)
endfunction()

# sinter_precompile(target headers...): parses precompiled.h and `headers` once for all sources.
# Clang compares the time stamps of their includes by default; those of a compiler cache differ.
function(sinter_precompile target)
  target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.h ${ARGN})
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
endfunction()

function(sinter_room name)
  cmake_parse_arguments(PARSE_ARGV 1 ROOM "" "" "SOURCES;FOLDERS;HEADERS;PUBLIC;PRIVATE")
  set(room ${PROJECT_SOURCE_DIR}/${name})
  list(TRANSFORM ROOM_SOURCES PREPEND ${room}/)
  list(TRANSFORM ROOM_HEADERS PREPEND ${room}/include/sinter/${name}/)
  # .def tables do not compile on their own, so they are in a file set that is not verified.
  set(tables ${ROOM_HEADERS})
  list(FILTER tables INCLUDE REGEX "[.]def$")
  list(FILTER ROOM_HEADERS EXCLUDE REGEX "[.]def$")

  add_library(sinter_${name} STATIC ${ROOM_SOURCES})
  add_library(sinter::${name} ALIAS sinter_${name})
  target_sources(sinter_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${room}/include FILES ${ROOM_HEADERS}
    FILE_SET tables TYPE HEADERS BASE_DIRS ${room}/include FILES ${tables})
  set_target_properties(sinter_${name} PROPERTIES EXPORT_NAME ${name}
    INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
  target_link_libraries(sinter_${name} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
  sinter_library(sinter_${name})
  sinter_precompile(sinter_${name})
  if(ROOM_FOLDERS)
    target_include_directories(sinter_${name} PRIVATE ${room})
  endif()
  foreach(folder IN LISTS ROOM_FOLDERS)
    add_subdirectory(${folder})
  endforeach()
endfunction()
