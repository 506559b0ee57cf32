# Install and export. Each group of targets has its own export file, so that find_package(sinter)
# with sinter::sinter alone needs neither LLVM nor fmt. The rooms as static libraries and the
# measuring library are components of find_package.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(sinter_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sinter)

# sinter_install(component targets...): what find_package(sinter COMPONENTS component) imports.
function(sinter_install component)
  set(file_sets)
  foreach(target IN LISTS ARGN)
    get_target_property(sets ${target} INTERFACE_HEADER_SETS)
    foreach(set IN LISTS sets)
      list(APPEND file_sets FILE_SET ${set})
    endforeach()
  endforeach()
  install(TARGETS ${ARGN} EXPORT sinter-${component} ${file_sets}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT sinter-${component} NAMESPACE sinter:: DESTINATION ${sinter_config_dir})
endfunction()

sinter_install(sinter sinter)
sinter_install(ir sinter_ir)
sinter_install(codegen sinter_codegen)
sinter_install(runtime sinter_runtime)
if(TARGET sinter_llvm)
  sinter_install(llvm sinter_llvm)
  sinter_install(llvm_static sinter_llvm_static sinter_with_llvm)
endif()
if(TARGET sinter_bench)
  sinter_install(bench sinter_bench)
endif()

configure_package_config_file(cmake/sinterConfig.cmake.in sinterConfig.cmake
  INSTALL_DESTINATION ${sinter_config_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(sinterConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sinterConfig.cmake ${PROJECT_BINARY_DIR}/sinterConfigVersion.cmake
  DESTINATION ${sinter_config_dir})
# The path is relative, so that it is right after `cmake --install --prefix` and in a moved tree.
file(RELATIVE_PATH sinter_pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/sinter.pc.in sinter.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sinter.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
