# Build type and sanitizers of a top-level build. In a parent project, its own choices apply.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

set(SINTER_SANITIZE "" CACHE STRING "Sanitizers to build with, for -fsanitize=: address,undefined or thread")
if(SINTER_SANITIZE)
  add_compile_options(-fsanitize=${SINTER_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SINTER_SANITIZE})
  # clang's function check reads a tag before the code that a pointer calls; generated code has
  # none.
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND SINTER_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=function)
  endif()
endif()
