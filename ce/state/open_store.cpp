#include "ce/state/open_store.hpp"

#include <mutex>
#include <utility>

#include "ce/state/memory.hpp"

namespace forces::state {
namespace {

class VolatileBackend final : public Backend {
 public:
  std::expected<void, Failure> commit(std::span<const Batch> batches) override {
    const std::lock_guard lock(mutex_);
    for (const auto& batch : batches) tables_.apply(batch);
    return {};
  }
  std::expected<void, Failure> scan(std::string_view table, Bytes from,
                                    const Store::Visitor& visit) const override {
    const std::lock_guard lock(mutex_);
    tables_.scan(table, from, visit);
    return {};
  }

 private:
  mutable std::mutex mutex_;
  Tables tables_;
};

}  // namespace

std::expected<std::unique_ptr<Store>, Failure> open_store(const StoreConfig& config,
                                                          ThreadedOptions options) {
  if (config.in_memory != config.file.empty()) {
    return std::unexpected(
        Failure{Reason::Refused, config.in_memory ? "in memory, and with a file: which of them?"
                                                  : "no file, and not told to work in memory"});
  }
  std::unique_ptr<Backend> backend;
  if (config.in_memory) {
    backend = std::make_unique<VolatileBackend>();
    options.log.warning("state is kept in memory only, it ends with this process");
  } else {
    auto opened = sqlite::open({.file = config.file, .sync = config.sync, .vfs = {}});
    if (!opened) return std::unexpected(opened.error());
    backend = std::move(opened->backend);
    if (!opened->kept_as.empty()) {
      options.kept_as = opened->kept_as;
      options.log.error("state was damaged, it begins empty",
                        {{"error", opened->damage}, {"kept_as", opened->kept_as}});
    }
  }
  return std::make_unique<ThreadedStore>(std::move(backend), std::move(options));
}

}  // namespace forces::state
