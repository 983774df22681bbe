# strongroom_embed(TARGET HEADER NAMESPACE FILES …): makes the text of data files part of a library, one
# `std::string_view` for each in `<folder>/<name>.json` → `k_<folder>_<name>`, declared in a header of the build.
# As a script (-DFILES=… -DOUTPUT=… -DNAMESPACE=… -DROOT=… -P embed.cmake) it writes that header.
if(CMAKE_SCRIPT_MODE_FILE)
  set(text "// Made from the data files by cmake/embed.cmake.\n#pragma once\n#include <string_view>\n\nnamespace ${NAMESPACE} {\n\n")
  string(REPLACE "|" ";" files "${FILES}")
  foreach(file ${files})
    file(READ "${ROOT}/${file}" content)
    string(REGEX REPLACE "\\.[a-z]+$" "" name "${file}")
    string(REGEX REPLACE "[^a-z0-9]" "_" name "${name}")
    string(APPEND text "inline constexpr std::string_view k_${name} = R\"embedded(${content})embedded\";\n\n")
  endforeach()
  string(APPEND text "}  // namespace ${NAMESPACE}\n")
  file(WRITE "${OUTPUT}" "${text}")
  return()
endif()

function(strongroom_embed target header namespace)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${header})
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
  list(JOIN ARGN "|" files)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DOUTPUT=${output} -DNAMESPACE=${namespace}
            -DROOT=${CMAKE_CURRENT_SOURCE_DIR} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${output})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded)
endfunction()
