# Sets the options with which every target of ours is compiled.
add_library(project_options INTERFACE)
target_compile_features(project_options INTERFACE cxx_std_23)
target_include_directories(project_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(project_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  -fstack-protector-strong -D_FILE_OFFSET_BITS=64)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(project_options INTERFACE -D_FORTIFY_SOURCE=2)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Without timestamps, a precompiled header is the same each time it is made, so ccache can answer for the files that
  # use it.
  target_compile_options(project_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  target_link_options(project_options INTERFACE -fuse-ld=lld)
endif()
target_link_options(project_options INTERFACE -Wl,-z,relro,-z,now)
if(STRONGROOM_SANITIZE)
  # These two checks, for null and for objects that are too small, make compiling take half as long again. The address
  # sanitizer still finds invalid reads and writes through such pointers.
  target_compile_options(project_options INTERFACE
    -fsanitize=${STRONGROOM_SANITIZE} -fno-sanitize=null,object-size -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(project_options INTERFACE -fsanitize=${STRONGROOM_SANITIZE})
endif()
if(STRONGROOM_COVERAGE)
  target_compile_options(project_options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(project_options INTERFACE -fprofile-instr-generate)
endif()
if(STRONGROOM_FUZZ)
  target_compile_options(project_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# strongroom_library(NAME SOURCES … HEADERS … PUBLIC … PRIVATE …): makes a folder's static library.
function(strongroom_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ARG_HEADERS})
  target_link_libraries(${name} PUBLIC project_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# strongroom_test(NAME SOURCES … LIBS … [LABELS …]): makes one GoogleTest binary, which CTest runs whole.
function(strongroom_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE project_options ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  # The builds for the thread sanitizer and for coverage run only some of the tests, and need to build only those.
  foreach(kind thread unit)
    if(kind IN_LIST ARG_LABELS OR "${kind}s" IN_LIST ARG_LABELS)
      if(NOT TARGET ${kind}_tests)
        add_custom_target(${kind}_tests)
      endif()
      add_dependencies(${kind}_tests ${name})
    endif()
  endforeach()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "STRONGROOM_SOURCE_DIR=${PROJECT_SOURCE_DIR};STRONGROOM_BINARY_DIR=${PROJECT_BINARY_DIR}")
endfunction()
