# The compiler's settings: language level, warnings, hardening, sanitizers, ccache and mold.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LINK_LIBRARIES_ONLY_TARGETS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
# CHECK does not depend on NDEBUG: a programmer's mistake stops a release program too.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g -D_GLIBCXX_ASSERTIONS")

# No -Wpedantic: statement expressions (TRY) and the kernel's flexible arrays are meant.
# Designated initialisers leave out what keeps its default. g++ 12 warns wrongly about std::string with
# -Wrestrict (GCC bug 105651), and about std::optional and std::variant with -Wmaybe-uninitialized.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
                    -Wcast-qual -Wformat=2 -Wundef -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wduplicated-cond -Wlogical-op)
else()
  add_compile_options(-Wthread-safety)
endif()
if(HOLDFAST_WERROR)
  add_compile_options(-Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Guesses of the optimiser that change with inlining: worth reading, not worth a failed build.
    add_compile_options(-Wno-error=stringop-overflow -Wno-error=stringop-overread
                        -Wno-error=array-bounds)
  endif()
endif()

# The program names its source files by their place in the project, wherever it was built.
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")

if(HOLDFAST_SANITIZE)
  add_compile_options("-fsanitize=${HOLDFAST_SANITIZE}" -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${HOLDFAST_SANITIZE}")
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

find_program(HOLDFAST_CCACHE ccache)
if(HOLDFAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Build directories and checkouts share what they compiled: thanks to the prefix map above, nothing in
  # an object depends on where it was built.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      "CCACHE_IGNOREOPTIONS=-ffile-prefix-map=*" "${HOLDFAST_CCACHE}")
endif()

find_program(HOLDFAST_MOLD mold)
if(HOLDFAST_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
