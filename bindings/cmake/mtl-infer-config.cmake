# mtl-infer-config.cmake: find_package(mtl-infer) gives the target mtl-infer::mtl-infer.
# Everything is found relative to this file (PREFIX/lib/cmake/mtl-infer), so that the prefix may move.
get_filename_component(_mtl_infer_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET mtl-infer::mtl-infer)
  add_library(mtl-infer::mtl-infer SHARED IMPORTED)
  set_target_properties(mtl-infer::mtl-infer PROPERTIES
    IMPORTED_LOCATION "${_mtl_infer_prefix}/lib/libmtl_infer.so"
    IMPORTED_SONAME "libmtl_infer.so.0"
    INTERFACE_INCLUDE_DIRECTORIES "${_mtl_infer_prefix}/include")
endif()

unset(_mtl_infer_prefix)
