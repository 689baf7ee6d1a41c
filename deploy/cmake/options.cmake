# Compiler options that every target shares, and the functions that define targets.
include(GNUInstallDirs)
include(GoogleTest)

set(FORCES_SANITIZE "" CACHE STRING "address,undefined | thread | empty")
option(FORCES_FUZZ "libFuzzer targets (clang)" OFF)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wconversion>)
option(FORCES_WERROR "warnings are errors" ON)
if(FORCES_WERROR)
  add_compile_options(-Werror)
endif()
# g++ 12 sees uninitialized members in every std::variant that it moves with vectors in it, at -O3
# and under sanitizers. clang and its sanitizers look for the true ones.
add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
# -Wconversion of clang holds more than that of g++: both compilers shall judge alike.
# And libstdc++ 12 uses in its own algorithms what it calls deprecated, which only clang reports.
add_compile_options("$<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion;-Wno-deprecated-declarations>")
if(CMAKE_BUILD_TYPE STREQUAL Release)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
endif()
if(FORCES_SANITIZE)
  add_compile_options(-fsanitize=${FORCES_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${FORCES_SANITIZE})
  if(FORCES_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
    # The function check of clang's UBSan cannot link coroutine frames of two sections.
    add_compile_options($<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  endif()
endif()
if(FORCES_FUZZ)
  # Coverage of the libraries under test guides the fuzzer; only its targets link its main().
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
include_directories(${PROJECT_SOURCE_DIR})

# forces_rooms(): every folder below this one that has a CMakeLists.txt.
macro(forces_rooms)
  file(GLOB rooms CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
       ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(room ${rooms})
    get_filename_component(folder ${room} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endmacro()

# forces_alone(FILES...): files whose local names others of their target have as well. The sanitizer builds
# compile several files as one (tests/run), but never these.
function(forces_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# forces_test(NAME SOURCES... LIBS ... [TIMEOUT seconds]): a GoogleTest program; each of its tests is one ctest.
function(forces_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} test_paths GTest::gtest_main GTest::gmock)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name} TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()

# forces_fuzz(NAME SOURCE LIBS...): always a replay of corpus and vectors as a test; with FORCES_FUZZ a
# libFuzzer program and a test of its own label that fuzzes for FUZZ_SECONDS (environment, default 15).
function(forces_fuzz name source)
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(FORCES_FUZZ)
    set(work ${CMAKE_BINARY_DIR}/fuzz/work/${name})
    file(MAKE_DIRECTORY ${work})
    set(seeds ${work} ${CMAKE_BINARY_DIR}/fuzz/seeds)
    if(IS_DIRECTORY ${corpus})
      list(APPEND seeds ${corpus})
    endif()
    list(JOIN seeds " " seeds)
    add_executable(${name} ${source})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(${name} fuzz_seeds)
    add_test(NAME ${name} COMMAND sh -c
      "exec $<TARGET_FILE:${name}> -max_total_time=\${FUZZ_SECONDS:-15} -max_len=8192 -timeout=30 \
        -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 -artifact_prefix=${work}- ${seeds}")
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 900)
  else()
    add_executable(${name} ${source} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    add_test(NAME ${name}_replay COMMAND ${name} ${corpus} ${PROJECT_SOURCE_DIR}/tests/vectors)
  endif()
  target_link_libraries(${name} PRIVATE ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

# The messages of tests/vectors as octets: what a fuzzer starts from.
if(FORCES_FUZZ)
  add_custom_target(fuzz_seeds COMMAND /usr/bin/python3
    ${PROJECT_SOURCE_DIR}/deploy/cmake/hex_to_seeds.py ${PROJECT_SOURCE_DIR}/tests/vectors
    ${CMAKE_BINARY_DIR}/fuzz/seeds)
endif()

include(deploy/cmake/install.cmake)
