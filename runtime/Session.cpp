//===- Session.cpp - A model on a device ----------------------------------===//
#include "EdgeLLM/Runtime/Session.h"

#include "EdgeLLM/Support/Error.h"
#include "LoadedModel.h"
#include "UnifiedFormat.h"

using namespace edgellm;

Session::Session(Package package, const std::filesystem::path &xclbin)
    : model(std::make_unique<LoadedModel>(std::move(package), xclbin)),
      row(model->program().vocabulary) {
  // Without them nothing works.
  model->entry("generate");
  model->entry("decode");
}

Session::~Session() = default;

const Package &Session::package() const { return model->package(); }

const std::string &Session::deviceName() const {
  return model->device().name();
}

bool Session::isDeviceModel() const { return model->device().isModel(); }

uint32_t Session::sequences() const { return model->program().sequences; }

uint32_t Session::selected() const { return model->selected(); }

void Session::select(uint32_t sequence) { model->select(sequence); }

std::span<const uint32_t> Session::ids() const { return model->ids(); }

void Session::rewind(uint64_t position) { model->rewind(position); }

void Session::save(const std::filesystem::path &file) { model->save(file); }

void Session::load(const std::filesystem::path &file) { model->load(file); }

/// The next pass's share of `ids`, which loses it.
static std::span<const uint32_t> takeChunk(std::span<const uint32_t> &ids,
                                           uint32_t maxTokens) {
  auto chunk = ids.first(std::min<size_t>(ids.size(), maxTokens));
  ids = ids.subspan(chunk.size());
  return chunk;
}

Pass Session::forward(std::span<const uint32_t> ids) {
  const Entry &prefill = model->entry("generate");
  const Entry &decode = model->entry("decode");
  model->requireFeedable(ids);
  Pass pass;
  uint64_t instructions = 0;
  while (!ids.empty()) {
    auto chunk = takeChunk(ids, prefill.maxTokens);
    pass = model->run(chunk.size() == 1 ? decode : prefill, chunk);
    instructions += pass.instructions;
  }
  pass.instructions = instructions;
  return pass;
}

std::span<const uint16_t> Session::logits() {
  const uint16_t *tensor = model->fetchLogits();
  uint32_t rows = model->logitsRows();
  loadRow(tensor, rows - 1, rows, row);
  return row;
}

void Session::score(std::span<const uint32_t> ids, const RowConsumer &consume) {
  const Entry &entry = model->entry("score");
  if (entry.logitsRows != 0)
    fail("entry 'score' of the package's program computes logits of the last "
         "position only; compile the model again");
  model->requireFeedable(ids);
  while (!ids.empty()) {
    auto chunk = takeChunk(ids, entry.maxTokens);
    model->run(entry, chunk);
    const uint16_t *tensor = model->fetchLogits();
    for (size_t i = 0; i < chunk.size(); ++i) {
      loadRow(tensor, i, chunk.size(), row);
      consume(row);
    }
  }
}
