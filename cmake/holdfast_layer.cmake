# holdfast_layer(<name> [LAYERS <lower>...] [PUBLIC_LIBRARIES <target>...] [LIBRARIES <target>...])
#
# Declares the layer src/<name> as the static library holdfast_<name>: sources are every .cpp below it
# except tests/ and main/, the only public include root is src/<name>/include. LAYERS are the layers it
# may use (theirs come along); PUBLIC_LIBRARIES are those its headers show, LIBRARIES those only its
# sources see. Its tests become one binary per label that links this layer alone; see holdfast_tests.
function(holdfast_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 LAYER "" "" "LAYERS;PUBLIC_LIBRARIES;LIBRARIES")
  if(LAYER_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "holdfast_layer(${name}): unknown arguments ${LAYER_UNPARSED_ARGUMENTS}")
  endif()
  set(root "${CMAKE_SOURCE_DIR}/src/${name}")
  set(target "holdfast_${name}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${root}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "^${root}/(tests|main)/")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${root}/include/*.hpp")
  list(TRANSFORM LAYER_LAYERS PREPEND "holdfast_" OUTPUT_VARIABLE lower)

  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PRIVATE "${root}")
    target_link_libraries(${target} PUBLIC ${lower} ${LAYER_PUBLIC_LIBRARIES}
                                    PRIVATE ${LAYER_LIBRARIES})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${lower} ${LAYER_PUBLIC_LIBRARIES})
    set(scope INTERFACE)
  endif()
  if(EXISTS "${root}/include")
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${root}/include" FILES ${headers})
  endif()

  if(HOLDFAST_TESTS_ENABLED)
    holdfast_layer_tests(${name} "${LAYER_LIBRARIES}")
  endif()
endfunction()
