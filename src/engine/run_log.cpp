// The beginning and the end of what a program said.
#include "run_log.hpp"

#include <fmt/format.h>

namespace holdfast::engine {

namespace {

constexpr std::uint64_t first_lines_max = 200;
constexpr std::size_t last_lines_max = 50;

}  // namespace

RunLog::~RunLog() {
  const auto left_out = count_ - std::min(count_, first_lines_max) - last_.size();
  if (left_out > 0) write(fmt::format("… {} lines left out", left_out));
  for (const auto& line : last_) write(line);
}

void RunLog::add(std::string_view raw) {
  if (run_.empty()) return;
  if (++count_ <= first_lines_max) return write(base::printable(raw));
  last_.push_back(base::printable(raw));
  if (last_.size() > last_lines_max) last_.pop_front();
}

void RunLog::write(const std::string& text) {
  static_cast<void>(workplace_.catalog.runs().log(run_, workplace_.clock.now(), text).ok());
}

}  // namespace holdfast::engine
