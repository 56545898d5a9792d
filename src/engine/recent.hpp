// Recent: keeps what was used last, up to a size, for all tasks.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace holdfast::engine {

// Thread-safe. Values are shared with those who still use them when they are dropped.
template <typename Key, typename Value, typename Hash = std::hash<Key>>
class Recent {
 public:
  // `cost_max`: the sum of the costs of what is kept.
  explicit Recent(std::size_t cost_max) : cost_max_(cost_max) {}

  [[nodiscard]] std::shared_ptr<const Value> find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, found->second);
    return found->second->value;
  }

  void keep(const Key& key, std::shared_ptr<const Value> value, std::size_t cost) {
    const std::lock_guard lock(mutex_);
    if (by_key_.contains(key)) return;
    kept_.push_front({key, std::move(value), cost});
    by_key_[key] = kept_.begin();
    cost_ += cost;
    while (cost_ > cost_max_ && kept_.size() > 1) {
      cost_ -= kept_.back().cost;
      by_key_.erase(kept_.back().key);
      kept_.pop_back();
    }
  }

 private:
  struct Kept {
    Key key;
    std::shared_ptr<const Value> value;
    std::size_t cost = 0;
  };
  const std::size_t cost_max_;
  std::mutex mutex_;
  std::size_t cost_ = 0;
  std::list<Kept> kept_;  // newest first
  std::unordered_map<Key, typename std::list<Kept>::iterator, Hash> by_key_;
};

}  // namespace holdfast::engine
