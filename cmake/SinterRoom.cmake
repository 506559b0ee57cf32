# sinter_room(name SOURCES ... HEADERS ... [PUBLIC targets] [PRIVATE targets])
#
# One room: a static library sinter_<name> (alias sinter::<name>) with the public headers under
# <name>/include/sinter/<name>/ as its file set. A room sees its own headers and those of the rooms
# it links, so an upward include does not compile.
add_library(sinter_warnings INTERFACE)
target_compile_options(sinter_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wno-sign-conversion -Wnon-virtual-dtor -Wswitch $<$<BOOL:${SINTER_WERROR}>:-Werror>)

function(sinter_room name)
  cmake_parse_arguments(PARSE_ARGV 1 ROOM "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE")
  list(TRANSFORM ROOM_SOURCES PREPEND ${name}/)
  list(TRANSFORM ROOM_HEADERS PREPEND ${name}/include/sinter/${name}/)
  add_library(sinter_${name} STATIC ${ROOM_SOURCES})
  add_library(sinter::${name} ALIAS sinter_${name})
  target_sources(sinter_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${name}/include
    FILES ${ROOM_HEADERS})
  target_compile_features(sinter_${name} PUBLIC cxx_std_20)
  # Values are computed in host code too (interpreter, folding): contraction would change bits.
  target_compile_options(sinter_${name} PRIVATE -ffp-contract=off)
  set_target_properties(sinter_${name} PROPERTIES EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    CXX_EXTENSIONS OFF)
  target_link_libraries(sinter_${name} PUBLIC ${ROOM_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:sinter_warnings> ${ROOM_PRIVATE})
endfunction()
