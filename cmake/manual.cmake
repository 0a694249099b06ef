# Manual pages and shell completions. What they say of options comes from the programs themselves (--help-as); the other
# sections of a page are written by hand, in docs/man.
set(REVECHO_MANUAL_DIR ${PROJECT_BINARY_DIR}/manual)

function(add_manual program sections)
  set(sections ${PROJECT_SOURCE_DIR}/docs/man/${sections})
  set(page ${REVECHO_MANUAL_DIR}/${program}.1)
  set(bash ${REVECHO_MANUAL_DIR}/bash/${program})
  set(zsh ${REVECHO_MANUAL_DIR}/zsh/_${program})
  set(fish ${REVECHO_MANUAL_DIR}/fish/${program}.fish)
  add_custom_command(OUTPUT ${page} ${bash} ${zsh} ${fish}
    COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:${program}> -D SECTIONS=${sections} -D PAGE=${page} -D BASH=${bash}
      -D ZSH=${zsh} -D FISH=${fish} -P ${PROJECT_SOURCE_DIR}/cmake/write_manual.cmake
    DEPENDS ${program} ${sections} ${PROJECT_SOURCE_DIR}/cmake/write_manual.cmake
    COMMENT "Writing the manual page and completions of ${program}" VERBATIM)
  add_custom_target(${program}-manual ALL DEPENDS ${page} ${bash} ${zsh} ${fish})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${bash} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${zsh} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${fish} DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endfunction()

install(FILES ${PROJECT_SOURCE_DIR}/docs/man/revecho.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
