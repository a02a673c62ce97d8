# firn.cmake - what every folder's CMakeLists.txt is written in.
#
#   firn_module(NAME SOURCES a.c b.c [LIBS z])    one folder = one static library
#   firn_test(NAME MODULES m n [LIBS z])          test/unit/<folder>/NAME.c, one ctest entry
#   firn_fuzz(NAME MODULES m n [LIBS z])          test/fuzz/NAME.c; replays its corpus as a test

add_library(firn_flags INTERFACE)
target_compile_options(firn_flags INTERFACE
  -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wpointer-arith
  -Wundef -Wwrite-strings -Wcast-align -Wold-style-definition -Wno-unused-parameter
  $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  -ffp-contract=off -fno-strict-aliasing -fvisibility=hidden)
target_compile_definitions(firn_flags INTERFACE _GNU_SOURCE FIRN_VERSION="${PROJECT_VERSION}")
target_include_directories(firn_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
find_package(Threads REQUIRED)
target_link_libraries(firn_flags INTERFACE Threads::Threads m)
if(FIRN_SANITIZE)
  target_compile_options(firn_flags INTERFACE -fsanitize=${FIRN_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(firn_flags INTERFACE -fsanitize=${FIRN_SANITIZE})
endif()
if(FIRN_COVERAGE)
  target_compile_options(firn_flags INTERFACE --coverage)
  target_link_options(firn_flags INTERFACE --coverage)
endif()
if(FIRN_FUZZ)
  target_compile_options(firn_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Reads src/LAYERS into FIRN_MODULES (bottom first) and FIRN_BELOW_<module>.
macro(firn_read_layers file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^[a-z]+:")
  set(FIRN_MODULES "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^([a-z]+):.*$" "\\1" name "${line}")
    string(REGEX REPLACE "^[a-z]+: *" "" below "${line}")
    string(REGEX REPLACE " +" ";" below "${below}")
    list(PREPEND FIRN_MODULES ${name})
    set(FIRN_BELOW_${name} ${below})
  endforeach()
endmacro()

# Names of libraries -> what to link. With FIRN_STATIC_LIBS their archives, and what those need;
# a library that has no archive is linked as usual.
function(firn_libs out)
  set(all ${ARGN})
  if(FIRN_STATIC_LIBS)
    set(all "")
    foreach(name IN LISTS ARGN)
      find_library(FIRN_ARCHIVE_${name} NAMES lib${name}.a)
      mark_as_advanced(FIRN_ARCHIVE_${name})
      if(FIRN_ARCHIVE_${name})
        list(APPEND all ${FIRN_ARCHIVE_${name}})
      else()
        list(APPEND all ${name})
      endif()
    endforeach()
    if("brotlidec" IN_LIST ARGN)
      list(APPEND all -l:libbrotlicommon.a)
    endif()
    if("snappy" IN_LIST ARGN) # is C++ inside
      list(APPEND all -l:libstdc++.a -static-libgcc)
    endif()
  endif()
  set(${out} ${all} PARENT_SCOPE)
endfunction()

function(firn_module name)
  cmake_parse_arguments(M "" "" "SOURCES;LIBS" ${ARGN})
  firn_libs(M_LIBS ${M_LIBS})
  if(M_SOURCES)
    add_library(firn_${name} STATIC ${M_SOURCES})
    set(how PUBLIC)
  else()
    add_library(firn_${name} INTERFACE) # headers only
    set(how INTERFACE)
  endif()
  target_link_libraries(firn_${name} ${how} firn_flags ${M_LIBS})
  foreach(below IN LISTS FIRN_BELOW_${name})
    target_link_libraries(firn_${name} ${how} firn_${below})
  endforeach()
endfunction()

function(firn_test name)
  cmake_parse_arguments(T "" "" "MODULES;LIBS" ${ARGN})
  add_executable(${name} ${name}.c)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/test)
  target_link_libraries(${name} PRIVATE test_harness ${T_LIBS})
  foreach(module IN LISTS T_MODULES)
    target_link_libraries(${name} PRIVATE firn_${module})
  endforeach()
  add_test(NAME unit/${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# With FIRN_FUZZ the target is a libFuzzer program; without, the same function replays
# test/fuzz/corpus/NAME as an ordinary test.
function(firn_fuzz name)
  cmake_parse_arguments(T "" "" "MODULES;LIBS" ${ARGN})
  if(FIRN_FUZZ)
    add_executable(${name} ${name}.c)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${name}.c ${CMAKE_SOURCE_DIR}/test/fuzz/fuzz_replay.c)
    add_test(NAME fuzz/${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/test/fuzz/corpus/${name})
    set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
  target_link_libraries(${name} PRIVATE firn_flags ${T_LIBS})
  foreach(module IN LISTS T_MODULES)
    target_link_libraries(${name} PRIVATE firn_${module})
  endforeach()
endfunction()
