# Installs both programs, the service's units and user, and the pages. For example:
# `cmake --install BUILD --prefix /usr`
include(GNUInstallDirs)
install(TARGETS strongroom strongroomd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES packaging/strongroomd.service packaging/strongroomd-backup.service packaging/strongroomd-backup.timer
  DESTINATION lib/systemd/system)
install(FILES packaging/strongroom.sysusers DESTINATION lib/sysusers.d RENAME strongroom.conf)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
