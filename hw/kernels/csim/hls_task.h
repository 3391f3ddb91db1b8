//===- hls_task.h - Processes of a kernel, for C simulation -----*- C++ -*-===//
//
// Stands in for the header of this name of Vitis HLS: the part of it that
// hw/kernels uses. A task fires its function again and again on a thread of its
// own, from its construction to the end of the kernel.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_CSIM_HLS_TASK_H
#define EDGELLM_HW_KERNELS_CSIM_HLS_TASK_H

#include "hls_simulation.h"
#include "hls_stream.h"

#include <thread>
#include <tuple>
#include <utility>

/// In hardware tasks and their streams last from one run of the kernel to the
/// next. Here they are made for each, because their memory may be another.
#define hls_thread_local

namespace hls {

class task {
public:
  /// Fires function(arguments...). Streams are taken by reference, memory as a
  /// pointer.
  template <typename Function, typename... Arguments>
  explicit task(Function function, Arguments &&...arguments) {
    auto fire = [function, bound = std::tuple<Arguments...>(
                               std::forward<Arguments>(arguments)...)] {
      std::apply(function, bound);
    };
    csim::Simulation &simulation = csim::Simulation::instance();
    simulation.enter();
    try {
      thread = std::thread([fire] { run(fire); });
    } catch (...) {
      simulation.leave();
      throw;
    }
  }
  ~task() {
    csim::Simulation::instance().stop();
    thread.join();
  }
  task(const task &) = delete;
  task &operator=(const task &) = delete;

private:
  template <typename Firing> static void run(Firing fire) {
    csim::Simulation &simulation = csim::Simulation::instance();
    simulation.join();
    csim::Process &process = csim::Process::current();
    try {
      while (true) {
        process.foundEmpty = process.foundWork = false;
        fire();
        if (process.foundEmpty && !process.foundWork)
          process.sleep();
      }
    } catch (csim::Stopped) {
    } catch (...) {
      simulation.fail(std::current_exception());
    }
    simulation.leave();
  }

  std::thread thread;
};

} // namespace hls

#endif // EDGELLM_HW_KERNELS_CSIM_HLS_TASK_H
