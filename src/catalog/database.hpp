// Database: SQL with values in and rows out, over SOCI. What leaves this file is ours: no
// exception, no type of the library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

// A column's value. Tables declare BIGINT for numbers and TEXT for all else.
using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Value>;

// Thread-safe: calls wait for each other, a transaction for its whole length.
class Database {
 public:
  // `path`: absolute; made if it isn't there.
  static base::Result<std::unique_ptr<Database>> open(const std::string& path);
  ~Database();

  // `sql` with :a, :b, … in the order of `values`. Errors: no_space, permission_denied,
  // unavailable (somebody else writes for longer than ten seconds), damaged, already_exists (a
  // key), io.
  base::Result<std::vector<Row>> query(const std::string& sql, std::vector<Value> values = {});
  // How many rows it changed.
  base::Result<std::uint64_t> execute(const std::string& sql, std::vector<Value> values = {});
  // All of `work`, or, if it fails, nothing.
  base::Result<void> transaction(const std::function<base::Result<void>()>& work);

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Columns as the types they are; the empty value where they are something else.
[[nodiscard]] std::int64_t number_of(const Value& value) noexcept;
[[nodiscard]] std::uint64_t count_of(const Value& value) noexcept;
[[nodiscard]] std::string text_of(const Value& value);
[[nodiscard]] bool is_null(const Value& value) noexcept;
[[nodiscard]] base::Time time_of(const Value& value) noexcept;
[[nodiscard]] std::optional<base::Time> optional_time_of(const Value& value) noexcept;

[[nodiscard]] inline Value value_of(base::Time time) { return time.nanoseconds; }
[[nodiscard]] Value value_of(const std::optional<base::Time>& time);
[[nodiscard]] Value value_of(std::uint64_t count);

}  // namespace holdfast::catalog
