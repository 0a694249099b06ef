# Compiler settings of the optional kinds of build: hardened, unity, sanitized.

# Names at file scope have to differ within a library.
if(REVECHO_UNITY_BUILD)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 0)
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>) # of types that are local to an included file
endif()

# Against bugs that nobody has found yet: a write past the end ends the program, and its addresses cannot be predicted.
if(REVECHO_HARDENED)
  add_compile_options(-fstack-protector-strong -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) # of optimized code only
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> -Wl,-z,relro -Wl,-z,now)
endif()

if(REVECHO_SANITIZERS)
  add_compile_options(-O1 -g1 -fno-omit-frame-pointer -fsanitize=${REVECHO_SANITIZERS})
  add_link_options(-fsanitize=${REVECHO_SANITIZERS})
  if(REVECHO_SANITIZERS MATCHES "undefined")
    add_compile_options(-fno-sanitize=vptr -fno-sanitize-recover=all) # vptr opens pipes
    add_compile_options($<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  endif()
  if(REVECHO_SANITIZERS MATCHES "thread")
    add_compile_definitions(ASIO_DISABLE_FENCED_BLOCK) # ThreadSanitizer does not understand fences
  endif()
endif()
