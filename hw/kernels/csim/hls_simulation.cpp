//===- hls_simulation.cpp - The processes of a simulated kernel -----------===//
#include "hls_simulation.h"

namespace hls::csim {

static thread_local Process *currentTask = nullptr;

Process &Process::current() {
  static thread_local Process control;
  return currentTask ? *currentTask : control;
}

void Process::sleep() {
  Simulation &simulation = Simulation::instance();
  std::unique_lock lock(simulation.mutex);
  if (!isTask)
    simulation.control = this;
  if (!pending && !simulation.stopping) {
    asleep = true;
    if (--simulation.awake == 0) {
      simulation.failure = std::make_exception_ptr(Deadlock());
      simulation.stopLocked();
    }
    woken.wait(lock, [this] { return !asleep; });
  }
  pending = false;
  if (!simulation.stopping)
    return;
  if (isTask)
    throw Stopped();
  std::rethrow_exception(simulation.failure);
}

void Process::wake() {
  Simulation &simulation = Simulation::instance();
  std::lock_guard lock(simulation.mutex);
  if (!asleep) {
    pending = true;
    return;
  }
  asleep = false;
  ++simulation.awake;
  woken.notify_one();
}

Simulation &Simulation::instance() {
  static Simulation &simulation = *new Simulation;
  return simulation;
}

void Simulation::enter() {
  std::lock_guard lock(mutex);
  ++tasks;
  ++awake;
}

void Simulation::join() {
  std::lock_guard lock(mutex);
  currentTask = &processes.emplace_back();
  currentTask->isTask = true;
}

void Simulation::leave() {
  std::lock_guard lock(mutex);
  --awake;
  if (--tasks > 0)
    return;
  processes.clear();
  control = nullptr;
  stopping = false;
  failure = nullptr;
}

void Simulation::stop() {
  std::lock_guard lock(mutex);
  if (tasks > 0) // otherwise the next kernel would be stopped
    stopLocked();
}

void Simulation::fail(std::exception_ptr exception) {
  std::lock_guard lock(mutex);
  if (!failure)
    failure = exception;
  stopLocked();
}

void Simulation::stopLocked() {
  stopping = true;
  auto wakeLocked = [this](Process &process) {
    if (process.asleep) {
      process.asleep = false;
      ++awake;
    }
    process.woken.notify_one();
  };
  for (Process &process : processes)
    wakeLocked(process);
  if (control)
    wakeLocked(*control);
}

} // namespace hls::csim
