# Finds standalone asio, which has no CMake package of its own, and defines asio::asio.
find_path(ASIO_INCLUDE_DIR asio.hpp DOC "Folder of asio.hpp (standalone asio)")
if(ASIO_INCLUDE_DIR)
  file(STRINGS "${ASIO_INCLUDE_DIR}/asio/version.hpp" asio_version REGEX "ASIO_VERSION [0-9]+ ")
  # As asio writes it: 102201 is 1.22.1.
  string(REGEX REPLACE ".*ASIO_VERSION ([0-9]+).*" "\\1" asio_version "${asio_version}")
  math(EXPR asio_major "${asio_version} / 100000")
  math(EXPR asio_minor "${asio_version} / 100 % 1000")
  math(EXPR asio_patch "${asio_version} % 100")
  set(asio_VERSION ${asio_major}.${asio_minor}.${asio_patch})
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(asio REQUIRED_VARS ASIO_INCLUDE_DIR VERSION_VAR asio_VERSION
  REASON_FAILURE_MESSAGE "install libasio-dev (Debian, Ubuntu) or give the folder with -D ASIO_INCLUDE_DIR=...")
mark_as_advanced(ASIO_INCLUDE_DIR)

if(asio_FOUND AND NOT TARGET asio::asio)
  find_package(Threads REQUIRED)
  add_library(asio::asio INTERFACE IMPORTED)
  target_include_directories(asio::asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
  target_compile_definitions(asio::asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
  # Before 1.24 asio looks for <experimental/coroutine> only where clang compiles it.
  if(asio_VERSION VERSION_LESS 1.24)
    target_compile_definitions(asio::asio INTERFACE
      $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT=1> $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE=1>)
  endif()
  target_link_libraries(asio::asio INTERFACE Threads::Threads)
endif()
