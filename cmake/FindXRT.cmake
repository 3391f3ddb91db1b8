# Debian's XRT has no CMake package and a broken xrt.pc.
# Defines XRT::coreutil, the native C++ API (xrt::device, xrt::bo, xrt::run).
find_path(XRT_INCLUDE_DIR xrt/xrt_device.h PATH_SUFFIXES xrt)
find_library(XRT_COREUTIL_LIBRARY xrt_coreutil)
find_library(XRT_UUID_LIBRARY uuid)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(XRT REQUIRED_VARS XRT_COREUTIL_LIBRARY
                                  XRT_UUID_LIBRARY XRT_INCLUDE_DIR)
if(XRT_FOUND AND NOT TARGET XRT::coreutil)
  add_library(XRT::coreutil INTERFACE IMPORTED)
  target_include_directories(XRT::coreutil SYSTEM INTERFACE ${XRT_INCLUDE_DIR})
  target_link_libraries(XRT::coreutil INTERFACE ${XRT_COREUTIL_LIBRARY}
                        ${XRT_UUID_LIBRARY} Threads::Threads)
endif()
