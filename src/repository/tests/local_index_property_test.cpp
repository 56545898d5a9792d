// The local index against a model that keeps everything in maps, over random histories of a
// repository.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "index_fixture.hpp"

namespace holdfast::repository {
namespace {

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) { reopen(); }

  void step() {
    switch (random_.below(11)) {
      case 0:
      case 1:
      case 2: appear(); break;
      case 3: vanish(); break;
      case 4: supersede(); break;
      case 5: add(); break;
      case 6: avoid(); break;
      case 7: reopen(); break;
      case 8: damage(); break;
      default: update();
    }
  }

  // After an update the index says what the model says.
  void check() {
    update();
    const auto counting = counting_segments();
    RC_ASSERT(index_->segments() == counting);
    std::set<ChunkId> listed;
    std::set<ObjectHash> packs;
    std::size_t entries = 0;
    for (const auto& name : counting) {
      const auto& segment = store_.segments.at(name);
      for (const auto& pack : segment.packs) packs.insert(pack.name);
      for (const auto& place : segment.chunks) listed.insert(place.id);
      entries += segment.chunks.size();
    }
    RC_ASSERT(index_->chunk_count() == entries);
    for (const auto& id : ids_) check_one(id, counting);
    std::vector<ObjectHash> told;
    RC_ASSERT(index_
                  ->each_pack([&](const PackInfo& pack) -> base::Result<void> {
                    told.push_back(pack.name);
                    return {};
                  })
                  .ok());
    RC_ASSERT(told == std::vector<ObjectHash>(packs.begin(), packs.end()));
    std::vector<ChunkId> visited;
    RC_ASSERT(index_
                  ->each_chunk([&](const FoundChunk& chunk) -> base::Result<void> {
                    visited.push_back(chunk.place.id);
                    return {};
                  })
                  .ok());
    RC_ASSERT(visited.size() == entries);
    RC_ASSERT(std::is_sorted(visited.begin(), visited.end()));
    RC_ASSERT(std::set<ChunkId>(visited.begin(), visited.end()) == listed);
  }

 private:
  void check_one(const ChunkId& id, const std::vector<ObjectHash>& counting) {
    std::vector<FoundChunk> places;
    for (const auto& name : counting) {
      const auto& segment = store_.segments.at(name);
      for (const auto& place : segment.chunks) {
        const auto& pack = segment.packs[place.pack];
        if (place.id == id && !avoided_.contains(pack.name)) places.push_back({pack, place});
      }
    }
    const auto found = index_->find(id);
    const auto number = index_->number_of(id);
    RC_ASSERT(found.has_value() == !places.empty());
    RC_ASSERT(number.has_value() == found.has_value());
    if (!found) return;
    RC_ASSERT(*number < index_->chunk_count());
    RC_ASSERT(std::any_of(places.begin(), places.end(), [&](const FoundChunk& place) {
      auto expected = place.place;
      expected.pack = found->place.pack;
      return place.pack == found->pack && expected == found->place;
    }));
  }

  std::vector<ObjectHash> counting_segments() const {
    std::set<ObjectHash> superseded;
    for (const auto& [name, segment] : store_.segments) {
      superseded.insert(segment.superseded.begin(), segment.superseded.end());
    }
    auto names = store_.names();
    std::erase_if(names, [&](const ObjectHash& name) { return superseded.contains(name); });
    return names;
  }

  IndexSegment any_segment() {
    auto segment = random_segment(random_, random_.below(30), 1 + random_.below(3));
    for (auto& place : segment.chunks) {
      if (!ids_.empty() && random_.below(4) == 0) place.id = ids_[random_.below(ids_.size())];
      ids_.push_back(place.id);
    }
    if (random_.below(3) == 0 && !store_.segments.empty()) {
      segment.packs[0] = any_of_store().packs[0];
    }
    sort_chunks(segment);
    return segment;
  }
  const IndexSegment& any_of_store() { return store_.segments.at(any_name()); }
  ObjectHash any_name() {
    auto place = store_.segments.begin();
    std::advance(place, static_cast<std::ptrdiff_t>(random_.below(store_.segments.size())));
    return place->first;
  }

  void appear() { store_.put(random_, any_segment()); }
  void vanish() {
    if (!store_.segments.empty()) store_.segments.erase(any_name());
  }
  void supersede() {
    auto segment = any_segment();
    for (auto n = random_.below(3); n > 0 && !store_.segments.empty(); --n)
      segment.superseded.push_back(any_name());
    store_.put(random_, segment);
  }
  void add() {
    const auto segment = any_segment();
    const auto name = store_.put(random_, segment);
    RC_ASSERT(index_->add(name, segment).ok());
    for (const auto& place : segment.chunks) RC_ASSERT(index_->find(place.id) || !avoided_.empty());
  }
  void avoid() {
    avoided_.clear();
    for (auto n = random_.below(4); n > 0 && !store_.segments.empty(); --n) {
      avoided_.insert(any_of_store().packs[0].name);
    }
    index_->avoid(std::vector<ObjectHash>(avoided_.begin(), avoided_.end()));
  }
  void reopen() {
    index_.reset();
    index_ = LocalIndex::open(files_, directory_.path()).value();
    avoided_.clear();
  }
  void damage() {
    const auto paths = directory_.files();
    if (paths.empty()) return;
    const auto& path = paths[random_.below(paths.size())];
    const auto size = std::filesystem::file_size(path);
    index_.reset();  // a file that is mapped must not shrink
    std::filesystem::resize_file(path, random_.below(size));
    reopen();
  }
  void update() { RC_ASSERT(index_->update(store_.names(), store_.fetch()).ok()); }

  base::SeededRandom random_;
  io::LocalFileSystem files_;
  IndexDirectory directory_;
  SegmentStore store_;
  std::vector<ChunkId> ids_;  // ever seen
  std::set<ObjectHash> avoided_;
  std::unique_ptr<LocalIndex> index_;
};

RC_GTEST_PROP(LocalIndexProperty, SaysWhatTheModelSays, ()) {
  History history(*rc::gen::arbitrary<std::uint64_t>());
  for (auto rounds = *rc::gen::inRange(1, 6); rounds > 0; --rounds) {
    for (auto steps = *rc::gen::inRange(1, 15); steps > 0; --steps) history.step();
    history.check();
  }
}

}  // namespace
}  // namespace holdfast::repository
