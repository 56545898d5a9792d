// A line each: timeline, position, reason; apart by white space. # begins a comment.
#include "source/postgres/timeline_history.hpp"

#include <charconv>

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view white = " \t\r";

std::string_view take_word(std::string_view& line) {
  const auto begin = std::min(line.find_first_not_of(white), line.size());
  line.remove_prefix(begin);
  const auto end = std::min(line.find_first_of(white), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

}  // namespace

Result<std::vector<TimelineAncestor>> parse_timeline_history(std::string_view text) {
  std::vector<TimelineAncestor> ancestors;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto number = take_word(line);
    if (number.empty() || number.front() == '#') continue;
    TimelineAncestor each;
    const auto* number_end = number.data() + number.size();
    const auto done = std::from_chars(number.data(), number_end, each.timeline);
    if (done.ec != std::errc() || done.ptr != number_end) {
      return Error(ErrorCode::damaged, "the history of a timeline can't be read");
    }
    each.left_at = TRY(wire::parse_lsn(take_word(line)));
    const bool ascends = ancestors.empty() || (ancestors.back().timeline < each.timeline &&
                                               ancestors.back().left_at <= each.left_at);
    if (!ascends) return Error(ErrorCode::damaged, "the history of a timeline makes no sense");
    ancestors.push_back(each);
  }
  return ancestors;
}

}  // namespace holdfast::source
