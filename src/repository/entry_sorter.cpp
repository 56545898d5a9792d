// Sorting in memory, runs on disk, and their merge.
#include "repository/entry_sorter.hpp"

#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "repository/tree_node.hpp"

namespace holdfast::repository {

using base::Bytes;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t write_size = 256 * 1024;
constexpr std::size_t read_size = 64 * 1024;
// What an entry takes besides its bytes.
constexpr std::size_t entry_overhead = sizeof(Entry) + 64;
constexpr std::size_t encoded_max = entry_bytes_max + 64 * 1024;

bool comes_before(const Entry& a, const Entry& b) {
  return std::tie(a.key, a.version) < std::tie(b.key, b.version);
}

std::size_t weight_of(const Entry& entry) {
  std::size_t weight = entry_overhead + entry.key.size() + entry.version.size() +
                       entry.attributes.size() + entry.token.size();
  if (const auto* extents = std::get_if<std::vector<Extent>>(&entry.content)) {
    weight += extents->capacity() * sizeof(Extent);
  }
  return weight;
}

// Our own, for as long as the file lives: no format.
Bytes encode(const Entry& entry) {
  Bytes made;
  base::ByteWriter out(made);
  out.sized(entry.key);
  out.sized(entry.version);
  out.u8(static_cast<std::uint8_t>(entry.kind));
  out.u64(entry.size);
  out.sized(entry.attributes);
  out.sized(entry.token);
  out.u8(static_cast<std::uint8_t>(entry.content.index()));
  if (const auto* extents = std::get_if<std::vector<Extent>>(&entry.content)) {
    out.varint(extents->size());
    for (const auto& extent : *extents) {
      out.u8(static_cast<std::uint8_t>(extent.kind));
      out.u64(extent.length);
      out.raw(extent.chunk);
      out.u64(extent.offset);
    }
  } else if (const auto* tree = std::get_if<ExtentTree>(&entry.content)) {
    out.u8(tree->level);
    out.raw(tree->root);
  }
  return made;
}

Result<Bytes> take_bytes(base::ByteReader& in) {
  const auto view = TRY(in.sized(entry_bytes_max));
  return Bytes(view.begin(), view.end());
}

Result<Content> decode_content(base::ByteReader& in) {
  switch (TRY(in.u8())) {
    case 0: return Content();
    case 1: {
      std::vector<Extent> extents(std::min<std::uint64_t>(TRY(in.varint()), inline_extents_max));
      for (auto& extent : extents) {
        extent.kind = static_cast<Extent::Kind>(TRY(in.u8()));
        extent.length = TRY(in.u64());
        extent.chunk = TRY(in.array<std::tuple_size_v<ChunkId>>());
        extent.offset = TRY(in.u64());
      }
      return Content(std::move(extents));
    }
    default: {
      ExtentTree tree;
      tree.level = TRY(in.u8());
      tree.root = TRY(in.array<std::tuple_size_v<ChunkId>>());
      return Content(tree);
    }
  }
}

Result<Entry> decode(base::ByteView bytes) {
  base::ByteReader in(bytes);
  Entry entry;
  entry.key = TRY(take_bytes(in));
  entry.version = TRY(take_bytes(in));
  entry.kind = static_cast<EntryKind>(TRY(in.u8()));
  entry.size = TRY(in.u64());
  entry.attributes = TRY(take_bytes(in));
  entry.token = TRY(take_bytes(in));
  entry.content = TRY(decode_content(in));
  TRY(in.expect_end());
  return entry;
}

}  // namespace

// Reads one run from its beginning; head() is the entry that comes next.
class EntrySorter::RunReader {
 public:
  RunReader(int file, Run run) : file_(file), run_(run) {}

  [[nodiscard]] bool at_end() const { return !has_head_; }
  [[nodiscard]] const Entry& head() const { return head_; }
  [[nodiscard]] Entry take() { return std::move(head_); }

  Result<void> advance() {
    has_head_ = false;
    if (run_.begin == run_.end && at_ == buffer_.size()) return {};
    const auto prefix = TRY(bytes(4));
    const auto size = TRY(base::ByteReader(prefix).u32());
    if (size > encoded_max) return Error(ErrorCode::damaged, "the sorting file is damaged");
    head_ = TRY(decode(TRY(bytes(size))));
    has_head_ = true;
    return {};
  }

 private:
  // The next bytes, valid until the next call.
  Result<base::ByteView> bytes(std::size_t size) {
    if (buffer_.size() - at_ < size) {
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
      const auto had = buffer_.size();
      const auto more =
          std::min<std::uint64_t>(std::max(size - had, read_size), run_.end - run_.begin);
      buffer_.resize(had + more);
      const auto got =
          TRY(io::read_at(file_, base::MutableByteView(buffer_).subspan(had), run_.begin));
      run_.begin += more;
      if (got != more || buffer_.size() < size) {
        return Error(ErrorCode::damaged, "the sorting file is cut short");
      }
    }
    const auto view = base::ByteView(buffer_).subspan(at_, size);
    at_ += size;
    return view;
  }

  int file_;
  Run run_;
  Bytes buffer_;
  std::size_t at_ = 0;
  Entry head_;
  bool has_head_ = false;
};

EntrySorter::EntrySorter(std::string directory, std::size_t memory_max)
    : directory_(std::move(directory)), memory_max_(memory_max) {}

Result<void> EntrySorter::add(Entry entry) {
  memory_ += weight_of(entry);
  entries_.push_back(std::move(entry));
  return memory_ < memory_max_ ? Result<void>() : spill();
}

void EntrySorter::sort() { std::stable_sort(entries_.begin(), entries_.end(), comes_before); }

Result<void> EntrySorter::spill() {
  if (!file_.valid()) {
    file_ = TRY_CONTEXT(io::open_file(directory_, O_RDWR | O_TMPFILE, 0600),
                        "making a file to sort entries in");
  }
  sort();
  Run run{.begin = file_size_, .end = file_size_};
  Bytes block;
  const auto write = [&]() -> Result<void> {
    TRY_CONTEXT(io::write_at(file_.get(), block, run.end), "sorting entries in " + directory_);
    run.end += block.size();
    block.clear();
    return {};
  };
  for (const auto& entry : entries_) {
    const auto encoded = encode(entry);
    base::ByteWriter out(block);
    out.u32(static_cast<std::uint32_t>(encoded.size()));
    out.raw(encoded);
    if (block.size() >= write_size) TRY(write());
  }
  TRY(write());
  file_size_ = run.end;
  runs_.push_back(run);
  entries_ = {};
  memory_ = 0;
  return {};
}

Result<void> EntrySorter::merge(const Take& take) {
  std::vector<std::unique_ptr<RunReader>> readers;
  for (const auto& run : runs_) {
    readers.push_back(std::make_unique<RunReader>(file_.get(), run));
    TRY(readers.back()->advance());
  }
  // A heap with the smallest on top; of equal ones the earlier run's.
  const auto is_later = [&](std::size_t a, std::size_t b) {
    if (comes_before(readers[b]->head(), readers[a]->head())) return true;
    return !comes_before(readers[a]->head(), readers[b]->head()) && a > b;
  };
  std::vector<std::size_t> heap;
  for (std::size_t i = 0; i < readers.size(); ++i) {
    if (!readers[i]->at_end()) heap.push_back(i);
  }
  std::make_heap(heap.begin(), heap.end(), is_later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), is_later);
    auto& reader = *readers[heap.back()];
    TRY(take(reader.take()));
    TRY(reader.advance());
    if (reader.at_end()) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), is_later);
    }
  }
  return {};
}

Result<void> EntrySorter::drain(const Take& take) {
  if (!runs_.empty()) {
    if (!entries_.empty()) TRY(spill());
    return merge(take);
  }
  sort();
  for (auto& entry : entries_) TRY(take(std::move(entry)));
  entries_.clear();
  return {};
}

}  // namespace holdfast::repository
