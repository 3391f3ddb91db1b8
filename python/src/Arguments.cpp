//===- Arguments.cpp - Python objects as what the runtime takes -----------===//
#include "Arguments.h"

#include <optional>

using namespace edgellm;
using namespace edgellm::python;

/// The integer that an object is, whatever its size; TypeError for others.
static py::int_ toInteger(const py::handle &object) {
  auto integer =
      py::reinterpret_steal<py::object>(PyNumber_Index(object.ptr()));
  if (!integer)
    throw py::error_already_set();
  return integer;
}

/// Nothing for what does not fit.
static std::optional<uint64_t> toUint64(const py::int_ &integer) {
  uint64_t value = PyLong_AsUnsignedLongLong(integer.ptr());
  if (!PyErr_Occurred())
    return value;
  PyErr_Clear();
  return std::nullopt;
}

/// For messages; Python refuses to write very long numbers out.
static std::string shown(const py::int_ &integer) {
  auto bits = integer.attr("bit_length")().cast<uint64_t>();
  if (bits > 64)
    return "an integer of " + std::to_string(bits) + " bits";
  return py::str(integer);
}

/// Texts are sequences as well, and bytes even of integers.
static py::sequence toSequence(const py::object &object) {
  bool isText = py::isinstance<py::str>(object) ||
                py::isinstance<py::bytes>(object) ||
                py::isinstance<py::bytearray>(object);
  if (isText || !PySequence_Check(object.ptr()))
    throw py::type_error("token ids: found " +
                         py::str(py::type::of(object)).cast<std::string>() +
                         ", expected a sequence of integers");
  return py::reinterpret_borrow<py::sequence>(object);
}

std::vector<uint32_t> python::idsOf(const py::object &object,
                                    uint32_t vocabulary) {
  py::sequence sequence = toSequence(object);
  std::vector<uint32_t> ids;
  for (size_t i = 0, count = sequence.size(); i < count; ++i) {
    py::int_ integer = toInteger(py::object(sequence[i]));
    std::optional<uint64_t> id = toUint64(integer);
    if (!id || *id >= vocabulary)
      fail("token id ", shown(integer), " is not in the vocabulary of 0 to ",
           vocabulary - 1);
    ids.push_back(uint32_t(*id));
  }
  return ids;
}

uint64_t python::integerOf(const py::object &object, uint64_t minimum,
                           uint64_t maximum, const char *what) {
  py::int_ integer = toInteger(object);
  std::optional<uint64_t> value = toUint64(integer);
  if (!value || *value < minimum || *value > maximum)
    fail(what, ": found ", shown(integer), ", expected an integer from ",
         minimum, " to ", maximum);
  return *value;
}
