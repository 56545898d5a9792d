// The file has no name from the beginning (O_TMPFILE), or loses it at once: nothing remains of a
// process that dies.
#include "spool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/units.hpp"

namespace holdfast::storage {

namespace {

constexpr std::size_t buffer_max = base::MiB;
// As many as are on their way at once; what more there are is closed.
constexpr std::size_t idle_files_max = 8;

base::Result<io::Fd> temporary_file(const std::string& directory) {
  io::Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid()) return file;
  std::string path = directory + "/holdfast-XXXXXX";
  io::Fd named(::mkostemp(path.data(), O_CLOEXEC));
  if (!named.valid()) {
    return base::Error::from_errno(errno, "cannot make a temporary file in " + directory)
        .with_hint("name a directory with room for some packs in TMPDIR");
  }
  ::unlink(path.c_str());
  return named;
}

}  // namespace

base::Result<io::Fd> SpoolFiles::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      io::Fd file = std::move(idle_.back());
      idle_.pop_back();
      if (::lseek(file.get(), 0, SEEK_SET) == 0) return file;
    }
  }
  return temporary_file(directory_);
}

void SpoolFiles::give_back(io::Fd file) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < idle_files_max) idle_.push_back(std::move(file));
}

Spool::~Spool() {
  if (mapped_ != nullptr) ::munmap(mapped_, size_);
  if (file_.valid() && !failure_) files_.give_back(std::move(file_));
}

base::Result<void> Spool::write_out(base::ByteView data) {
  auto written =
      io::write_all(file_.get(), data).with_context("temporary file in " + files_.directory());
  if (!written.ok()) failure_ = written.error();
  return written;
}

base::Result<void> Spool::append(base::ByteView data) {
  CHECK(mapped_ == nullptr, "a spool that is read takes no more");
  if (failure_) return *failure_;
  if (buffer_.size() + data.size() <= buffer_max) {
    buffer_.insert(buffer_.end(), data.begin(), data.end());
    size_ += data.size();
    return {};
  }
  if (!file_.valid()) file_ = TRY(files_.take());
  TRY(write_out(buffer_));
  buffer_.clear();
  TRY(write_out(data));
  size_ += data.size();
  return {};
}

base::Result<base::ByteView> Spool::all() {
  if (failure_) return *failure_;
  if (!file_.valid()) return base::ByteView(buffer_);
  if (mapped_ == nullptr) {
    TRY(write_out(buffer_));
    base::Bytes().swap(buffer_);
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_.get(), 0);
    if (mapped == MAP_FAILED) {
      return base::Error::from_errno(errno, "cannot map a temporary file in " + files_.directory());
    }
    mapped_ = mapped;
    ::madvise(mapped_, size_, MADV_SEQUENTIAL);
  }
  return base::ByteView(static_cast<const base::Byte*>(mapped_), size_);
}

}  // namespace holdfast::storage
