//===- Report.cpp - What edgellm-run says about a run ---------------------===//
#include "Report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

using namespace edgellm;
using json = nlohmann::ordered_json;

/// Null where nothing was measured: a rate of no tokens is no number.
static json rate(uint64_t tokens, double seconds) {
  if (tokens == 0 || seconds <= 0)
    return nullptr;
  return double(tokens) / seconds;
}

static const char *finishReason(const RunReport &report) {
  if (report.generation.endedByEos)
    return "eos";
  return report.contextFull ? "context" : "length";
}

/// What the seconds are about.
static const char *timing(const Session &session) {
  return session.isDeviceModel()
             ? "host wall-clock time of the device model, not card performance"
             : "host wall-clock time";
}

std::string edgellm::jsonReport(const RunReport &report) {
  const Manifest &manifest = report.session.manifest();
  const Generation &generation = report.generation;
  const GenerationRequest &request = report.request;
  json object;
  object["model"] = manifest.model;
  object["weights"] = manifest.weights;
  object["target"] = manifest.target;
  object["device"] = report.session.deviceName();
  object["loaded_positions"] = report.loadedPositions;
  object["cached_positions"] = report.session.past();
  object["window_slides"] = generation.slides;
  object["prompt_ids"] = request.prompt;
  object["ids"] = generation.ids;
  object["text"] = report.text ? json(*report.text) : json();
  object["finish_reason"] = finishReason(report);
  object["temperature"] = request.sampling.temperature;
  object["seed"] = request.sampling.seed;
  object["load_seconds"] = report.loadSeconds;
  object["prefill_seconds"] = generation.prefillSeconds;
  object["prefill_tokens_per_second"] =
      rate(generation.prefillTokens, generation.prefillSeconds);
  object["decode_seconds"] = generation.decodeSeconds;
  object["decode_tokens_per_second"] =
      rate(generation.decodePasses, generation.decodeSeconds);
  object["timing"] = timing(report.session);
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

/// Three digits, or all before the point.
static std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 100 ? "%.3g" : "%.0f", value);
  return text;
}

/// "40 tokens in 1.52 s, 26.3 token/s"
static std::string describe(uint64_t tokens, double seconds) {
  if (tokens == 0 || seconds <= 0)
    return "none";
  std::string time =
      seconds < 1 ? shown(seconds * 1000) + " ms" : shown(seconds) + " s";
  return std::to_string(tokens) + (tokens == 1 ? " token in " : " tokens in ") +
         time + ", " + shown(double(tokens) / seconds) + " token/s";
}

std::string edgellm::summary(const RunReport &report) {
  const Manifest &manifest = report.session.manifest();
  const Generation &generation = report.generation;
  std::string end = finishReason(report);
  if (end == "context")
    end = "the context of " + std::to_string(manifest.context) + " is full";
  else if (end == "eos")
    end = "end of text";
  else
    end = "as many as wanted";
  return "\nmodel    " + manifest.model + " (" + manifest.weights +
         ") for target " + manifest.target + "\ndevice   " +
         report.session.deviceName() + "\nprefill  " +
         describe(generation.prefillTokens, generation.prefillSeconds) +
         "\ndecode   " +
         describe(generation.decodePasses, generation.decodeSeconds) +
         "\nended    after " + std::to_string(generation.ids.size()) +
         " new tokens: " + end + "\ntimes    " + timing(report.session) + "\n";
}
