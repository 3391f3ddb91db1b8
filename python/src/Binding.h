//===- Binding.h - What both extension modules share ------------*- C++ -*-===//
#ifndef EDGELLM_PYTHON_BINDING_H
#define EDGELLM_PYTHON_BINDING_H

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Options.h"
#include "EdgeLLM/Support/Tool.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace edgellm::python {

namespace py = pybind11;

/// Exceptions of this module become edgellm.Error, with the message that a tool
/// prints. Those of Python itself and exhausted memory stay what they are.
inline void translateErrors() {
  py::register_local_exception_translator([](std::exception_ptr exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const py::error_already_set &) {
      throw;
    } catch (const py::builtin_exception &) {
      throw;
    } catch (const std::bad_alloc &) {
      throw;
    } catch (const std::exception &error) {
      std::string text = oneLine(error.what());
      // As Python itself has paths that are not UTF-8.
      auto message = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
          text.data(), py::ssize_t(text.size()), "surrogateescape"));
      py::object type = py::module_::import("edgellm._error").attr("Error");
      PyErr_SetObject(type.ptr(), message.ptr());
    }
  });
}

/// Options as "--name=value", read into the table's targets. Throws Error.
inline void parseOptions(std::vector<Option> options,
                         const std::vector<std::string> &given) {
  CommandLine line{"edgellm", "", {}, {}, std::move(options)};
  std::vector<const char *> arguments;
  for (const std::string &argument : given)
    arguments.push_back(argument.c_str());
  parseArguments(line, arguments);
}

/// Names of a table's options, for the test that compares them with Python's
/// keyword arguments.
inline std::vector<std::string> namesOf(const std::vector<Option> &options) {
  std::vector<std::string> names;
  for (const Option &option : options)
    names.emplace_back(option.name);
  return names;
}

/// Lets Python act on Ctrl-C and other signals. Called in the lock.
inline void checkSignals() {
  if (PyErr_CheckSignals() != 0)
    throw py::error_already_set();
}

} // namespace edgellm::python

#endif // EDGELLM_PYTHON_BINDING_H
