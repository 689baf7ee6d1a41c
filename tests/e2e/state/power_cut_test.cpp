// What a loss of power leaves: a layer below SQLite keeps of each file the image of its last sync,
// the least that the disk has to hold. What was said to be durable is in it.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstring>
#include <map>

#include "ce/state/sqlite/open.hpp"
#include "ce/state/threaded.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using test::Folder;
using test::News;
using test::put;

class ImageVfs {
 public:
  static constexpr const char* kName = "last-sync";
  ImageVfs() {
    vfs_ = *below();
    vfs_.zName = kName;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + below()->szOsFile;
    vfs_.pAppData = this;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    methods_.iVersion = 3;
    methods_.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
    methods_.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
      return real(f)->pMethods->xRead(real(f), to, n, at);
    };
    methods_.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      return real(f)->pMethods->xWrite(real(f), from, n, at);
    };
    methods_.xTruncate = [](sqlite3_file* f, sqlite3_int64 n) {
      return real(f)->pMethods->xTruncate(real(f), n);
    };
    methods_.xSync = sync;
    methods_.xFileSize = [](sqlite3_file* f, sqlite3_int64* n) {
      return real(f)->pMethods->xFileSize(real(f), n);
    };
    methods_.xLock = [](sqlite3_file* f, int l) { return real(f)->pMethods->xLock(real(f), l); };
    methods_.xUnlock = [](sqlite3_file* f, int l) {
      return real(f)->pMethods->xUnlock(real(f), l);
    };
    methods_.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return real(f)->pMethods->xCheckReservedLock(real(f), out);
    };
    methods_.xFileControl = [](sqlite3_file* f, int op, void* argument) {
      return real(f)->pMethods->xFileControl(real(f), op, argument);
    };
    methods_.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
    methods_.xDeviceCharacteristics = [](sqlite3_file* f) {
      return real(f)->pMethods->xDeviceCharacteristics(real(f));
    };
    methods_.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
    };
    methods_.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
      return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
    };
    methods_.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
    methods_.xShmUnmap = [](sqlite3_file* f, int drop) {
      return real(f)->pMethods->xShmUnmap(real(f), drop);
    };
    methods_.xFetch = [](sqlite3_file* f, sqlite3_int64 at, int n, void** out) {
      return real(f)->pMethods->xFetch(real(f), at, n, out);
    };
    methods_.xUnfetch = [](sqlite3_file* f, sqlite3_int64 at, void* p) {
      return real(f)->pMethods->xUnfetch(real(f), at, p);
    };
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~ImageVfs() { sqlite3_vfs_unregister(&vfs_); }
  ImageVfs(const ImageVfs&) = delete;
  ImageVfs& operator=(const ImageVfs&) = delete;

  // The files as they would be found, in `folder`.
  void cut_power(const Folder& folder) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, octets] : images_) {
      std::ofstream(folder.file(name), std::ios::binary) << octets;
    }
  }
  [[nodiscard]] int syncs(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = syncs_.find(name);
    return found == syncs_.end() ? 0 : found->second;
  }

 private:
  struct File {
    sqlite3_file base;
    ImageVfs* owner;
    const char* path;  // SQLite's, while it is open
  };
  static sqlite3_vfs* below() { return sqlite3_vfs_find("unix"); }
  static sqlite3_file* real(sqlite3_file* f) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(f) + 1);
  }
  static std::string name_of(const char* path) {
    return std::filesystem::path(path).filename().string();
  }
  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* f, int flags, int* got) {
    auto* file = reinterpret_cast<File*>(f);
    file->owner = static_cast<ImageVfs*>(vfs->pAppData);
    file->path = path;
    file->base.pMethods = nullptr;
    const int code = below()->xOpen(below(), path, real(f), flags, got);
    if (real(f)->pMethods != nullptr) file->base.pMethods = &file->owner->methods_;
    return code;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    auto* owner = static_cast<ImageVfs*>(vfs->pAppData);
    const int code = below()->xDelete(below(), path, sync_folder);
    const std::lock_guard lock(owner->mutex_);
    owner->images_.erase(name_of(path));
    return code;
  }
  static int sync(sqlite3_file* f, int flags) {
    const int code = real(f)->pMethods->xSync(real(f), flags);
    auto* file = reinterpret_cast<File*>(f);
    sqlite3_int64 size = 0;
    if (code != SQLITE_OK || real(f)->pMethods->xFileSize(real(f), &size) != SQLITE_OK) return code;
    std::string octets(static_cast<std::size_t>(size), '\0');
    if (size > 0) (void)real(f)->pMethods->xRead(real(f), octets.data(), static_cast<int>(size), 0);
    const std::lock_guard lock(file->owner->mutex_);
    file->owner->images_[name_of(file->path)] = std::move(octets);
    ++file->owner->syncs_[name_of(file->path)];
    return code;
  }

  sqlite3_vfs vfs_{};
  sqlite3_io_methods methods_{};
  mutable std::mutex mutex_;
  std::map<std::string, std::string> images_;
  std::map<std::string, int> syncs_;
};

TEST(PowerCut, LeavesWhatWasSaidToBeDurable) {
  ImageVfs disk;
  const Folder folder(Folder::in_memory());
  auto opened = sqlite::open({.file = folder.file(), .vfs = ImageVfs::kName});
  ASSERT_TRUE(opened) << opened.error().text;
  News news;
  ThreadedOptions options;
  options.news = news.handler();
  ThreadedStore store(std::move(opened->backend), options);
  const int before = disk.syncs("ce.state");
  for (int n = 1; n <= 24; ++n) {  // beyond 4,000 pages the log is moved into the database
    const std::string value(n % 3 != 0 ? 100 : 2'200'000, static_cast<char>(n));
    const BatchId id = store.submit({put("t", std::to_string(n), value), put("last", "", "x")});
    ASSERT_TRUE(news.until_durable(store, id));
    if (n % 8 != 0) continue;
    const Folder after(Folder::in_memory());
    disk.cut_power(after);
    auto found = sqlite::open({.file = after.file(), .vfs = {}});
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(found->kept_as, "") << found->damage;
    ASSERT_EQ(test::rows_of(*found->backend, "t").size(), static_cast<std::size_t>(n));
    ASSERT_EQ(test::rows_of(*found->backend, "last").size(), 1U);
  }
  EXPECT_GT(disk.syncs("ce.state"), before) << "no checkpoint was among them";
}

}  // namespace
}  // namespace forces::state
