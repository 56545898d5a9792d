# How tests are found and registered. In src/<layer>/tests the file's name gives its label:
# *_property_test.cpp, *_fuzz_test.cpp, *_conformance_test.cpp, and *_test.cpp is a unit test; any other
# .cpp there is a fixture that all of them share.

set(HOLDFAST_PROGRAM "${CMAKE_BINARY_DIR}/bin/holdfast")
# Python tests run in the environment that `./dev setup` makes, or, without it, in the system's Python.
set(HOLDFAST_PYTHON "${CMAKE_SOURCE_DIR}/build/venv/bin/python3")
if(NOT EXISTS "${HOLDFAST_PYTHON}")
  find_program(HOLDFAST_SYSTEM_PYTHON python3 REQUIRED)
  set(HOLDFAST_PYTHON "${HOLDFAST_SYSTEM_PYTHON}")
endif()

# Adds the GoogleTest binary <target> of <sources> and registers its cases under <label>.
function(holdfast_gtest target label timeout_seconds sources libraries)
  add_executable(${target} ${sources})
  # GoogleTest's macros: `if (x) ASSERT_EQ(…);` is what it looks like, and INSTANTIATE_TEST_SUITE_P has a
  # parameter `info` round the lambda whose parameter everybody calls `info`.
  target_compile_options(${target} PRIVATE -Wno-dangling-else -Wno-shadow)
  target_link_libraries(${target} PRIVATE ${libraries} GTest::gmock GTest::gtest_main)
  # A backup records the directories above its roots too: other tests that come and go in the directory of temporary files
  # would be changes to those that expect none. A server's tests measure time, and one takes a thousand connections.
  set(alone FALSE)
  if(target MATCHES "^(source|engine|server)_")
    set(alone TRUE)
  endif()
  gtest_discover_tests(${target}
    TEST_PREFIX "${target}/" DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT ${timeout_seconds} RUN_SERIAL ${alone}
      ENVIRONMENT "HOLDFAST=${HOLDFAST_PROGRAM}")
endfunction()

function(holdfast_layer_tests name libraries)
  set(root "${CMAKE_SOURCE_DIR}/src/${name}")
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${root}/tests/*.cpp")
  set(tests ${files})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER files EXCLUDE REGEX "_test\\.cpp$")
  set(linked holdfast_${name} ${libraries})
  if(files)
    add_library(holdfast_${name}_fixtures STATIC ${files})
    target_include_directories(holdfast_${name}_fixtures PUBLIC "${root}" "${root}/tests"
                                                              "${CMAKE_SOURCE_DIR}/tests")
    target_link_libraries(holdfast_${name}_fixtures PUBLIC ${linked} GTest::gmock holdfast_rapidcheck)
    list(PREPEND linked holdfast_${name}_fixtures)
  endif()
  foreach(label property fuzz conformance unit)
    set(mine ${tests})
    if(label STREQUAL "unit")
      list(FILTER mine INCLUDE REGEX "_test\\.cpp$")
    else()
      list(FILTER mine INCLUDE REGEX "_${label}_test\\.cpp$")
      list(FILTER tests EXCLUDE REGEX "_${label}_test\\.cpp$")
    endif()
    if(mine)
      set(target ${name}_${label}_tests)
      holdfast_gtest(${target} ${label} 300 "${mine}" "${linked};holdfast_rapidcheck")
      target_include_directories(${target} PRIVATE "${root}" "${root}/tests" "${CMAKE_SOURCE_DIR}/tests")
      # Where golden files and fuzz corpora lie.
      target_compile_definitions(${target} PRIVATE HOLDFAST_TESTS_DIR="${root}/tests")
    endif()
  endforeach()
endfunction()

# Registers a Python program as one test. HOLDFAST names the program under test.
function(holdfast_python_test name label timeout_seconds)
  add_test(NAME ${name} COMMAND "${HOLDFAST_PYTHON}" ${ARGN} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout_seconds}
    ENVIRONMENT "HOLDFAST=${HOLDFAST_PROGRAM};PYTHONDONTWRITEBYTECODE=1")
endfunction()
