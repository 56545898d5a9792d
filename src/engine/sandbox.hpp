// Sandbox: a fresh folder for a drill that only its owner can look into, gone when the drill is;
// and what drills that died left behind goes with the next one.
//
// Beside each sandbox lies a file that its process holds locked as long as it lives. Whoever gets
// that lock knows that the owner is dead. Making one and sweeping exclude each other by a lock on
// the folder of all of them.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "io/file.hpp"

namespace holdfast::engine {

class Sandbox {
 public:
  // `parent`: absolute, made if it isn't there. `name`: of nobody else.
  static base::Result<std::unique_ptr<Sandbox>> make(const std::string& parent,
                                                     const std::string& name);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();  // removes it, if remove() wasn't called

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Says what could not be removed; the next drill tries again.
  base::Result<void> remove();

 private:
  Sandbox(std::string path, io::Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  io::Fd lock_;
  bool is_removed_ = false;
};

// An empty folder for a drill in a declared target: `target`/`name`. What the drill's last run left
// there is removed first; anything else stays, and is a conflict. not_found: there is no `target`.
base::Result<std::string> prepare_target(const std::string& target, const std::string& name);

}  // namespace holdfast::engine
