#include <algorithm>
#include <exception>
#include <string>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "bindings.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::python {

namespace {

nb::object class_named(const char* name) {
  return nb::module_::import_("helmholtz.errors").attr(name);
}

void raise(const char* name, const std::exception& error) {
  PyErr_SetString(class_named(name).ptr(), error.what());
}

/// With the name of the keyword: the library's names are those of flags, e.g. "lr-generative".
void raise_invalid(const InvalidArgument& error) {
  auto field = error.field();
  std::ranges::replace(field, '-', '_');
  const auto message = field + std::string(error.what()).substr(field.size());
  const auto type = class_named("InvalidArgument");
  PyErr_SetObject(type.ptr(), type(message, field).ptr());
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const InvalidArgument& error) {
    raise_invalid(error);
  } catch (const NoInput& error) {
    PyErr_SetString(PyExc_FileNotFoundError, error.what());
  } catch (const BadData& error) {
    raise("BadData", error);
  } catch (const InUse& error) {
    PyErr_SetString(PyExc_BlockingIOError, error.what());
  } catch (const FileError& error) {  // CannotCreate, IoError
    PyErr_SetString(PyExc_OSError, error.what());
  } catch (const NoDevice& error) {
    raise("NoDevice", error);
  } catch (const OutOfDeviceMemory& error) {
    raise("OutOfDeviceMemory", error);
  } catch (const DeviceFailure& error) {
    raise("DeviceFailure", error);
  }
}

}  // namespace

void register_errors() { nb::register_exception_translator(translate); }

}  // namespace helmholtz::python
